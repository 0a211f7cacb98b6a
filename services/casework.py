"""Work on cases: every action is one transaction of facts, derived rows, texts and notices.

    casework = Casework(keys, rules, number_for=spoken_number)
    with engine.begin() as connection:
        casework.do(connection, case_id, Do("accept", "王芳", "operator", now), version=7)

``version`` is the one the person looked at: when somebody else changed the case meanwhile,
:class:`ActionRefused` says so and nothing happens. The rules are pure (:mod:`ivr.cases.workflow`,
:mod:`ivr.cases.worklist`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from ivr.calendar.hours import NeverOpen
from ivr.cases.actions import ANSWERED, ARCHIVED, ActionRefused, Changed, Do, Notice, Outcome
from ivr.cases.case import CallbackRow, CaseRow
from ivr.cases.deadlines import CasePolicy
from ivr.cases.kinds import UnknownKind, of
from ivr.cases.promise import NoDueDate, case_request
from ivr.cases.wording_check import TO_CITIZENS, check
from ivr.cases.workflow import apply, with_note
from ivr.cases.worklist import Attempt, after
from ivr.facts.cases import CaseAppended, CaseNoted
from ivr.ledger import Fact, Party, StoredCase
from ivr.numbers import HOME, NotANumber, Plan, read
from ivr.scrubbing import without_numbers
from ivr.wording import Wording
from services.identities import Identities
from store import cases, notices
from store.engine import Connection
from store.ids import uuid7
from store.journal import entries, write_batch
from store.journal.live import LiveCalls
from store.journal.writer import Writer
from store.keys import Keys
from store.people.notes import Notes
from store.people.parties import Parties

CHANNELS = ("letter", "visit", "web", "phone")  # 信函, 来访, 网络; phone: told to a person who types
DAY_MS = 86_400_000


@dataclass(frozen=True)
class MatterEntry:
    """A matter that came by letter, at the counter or otherwise, typed in by ``who`` (首问责任人)."""

    kind: str
    channel: str
    who: str
    at: int  # received, UTC ms
    text: str
    number: str = ""
    name: str = ""
    category: str = ""
    anonymous: bool = False
    consent: bool = True
    command_id: str = ""  # of the form that was filled in: sent twice, it is one case
    identity: str = ""  # of an anonymous reporter, to be sealed
    role: str = "operator"  # of ``who``


class Casework:
    """Works inside the caller's transaction. ``wording``: read when a citizen is first told something."""

    def __init__(
        self, keys: Keys, rules: CasePolicy, number_for: Callable[[str, int], str], plan: Plan = HOME,
        wording: Callable[[], Wording] = Wording.load,
    ) -> None:  # fmt: skip
        self.rules = rules
        self._wording = cache(wording)
        self._keys, self._plan = keys, plan
        self._notes = Notes(keys)
        self._parties = Parties(keys, plan)
        self.identities = Identities(keys)
        self._writer = Writer(keys, LiveCalls(keys, "casework", 0), number_for, plan)

    # --- taking ----------------------------------------------------------------------------

    def open(self, connection: Connection, entry: MatterEntry) -> StoredCase:
        """Register a matter (CMP-4, CMP-16: every channel, one register). Raises :class:`ActionRefused`."""
        if entry.channel not in CHANNELS:
            raise ActionRefused(
                "渠道须为信函、来访、网络或电话。", f"the channel is one of {', '.join(CHANNELS)}", "channel"
            )
        if not entry.text.strip():
            raise ActionRefused("请填写来信来访的要点。", "please write down what it is about", "text")
        number = "" if entry.anonymous else self.number(entry.number)
        party = None if entry.anonymous else Party(uuid7(), number, entry.name.strip())
        known = party is not None and bool(party.number or party.name)
        try:
            request = case_request(
                command_id=entry.command_id or uuid7(), kind=entry.kind, received_ms=entry.at,
                profile=self.rules.profile, calendar=self.rules.calendar, zone=self.rules.zone, channel=entry.channel,
                category=entry.category, anonymous=entry.anonymous, party_id=party.id if party and known else None,
                confirmed=bool(party and party.number),
            )  # fmt: skip
        except (NoDueDate, NeverOpen, UnknownKind) as error:
            raise ActionRefused(f"不能登记：{error}", str(error)) from None
        request = replace(request, owner=entry.who, consent=entry.consent)
        item = write_batch.of_case(request, self._keys)
        item.parties = (party,) if party and known else ()
        again = cases.is_registered(connection, request.command_id)
        stored = self._writer.write(connection, [item], entry.at)[0]
        assert stored is not None
        if not again:
            noted = Fact(entry.at, CaseNoted(who=entry.who))
            self._write(connection, stored.id, Outcome((noted,), (), entry.text), entry.who)
            if entry.identity.strip():
                case = self.case(connection, stored.id)
                self.identities.seal(connection, case, entry.who, entry.role, entry.identity, entry.at)
        return stored

    def number(self, written: str) -> str:
        """Return the number as it is stored: the digits its owner is known by. Raises :class:`ActionRefused`."""
        if not written.strip():
            return ""
        found = read(written, self._plan)
        if isinstance(found, NotANumber):
            raise ActionRefused(found.why.zh, found.why.en, "number")
        return found.key

    def append(self, connection: Connection, case_id: str, entry: MatterEntry) -> CaseRow:
        """Another letter or visit about the same matter goes to the case there is. Raises :class:`ActionRefused`."""
        case = self.case(connection, case_id)
        if case.status in ARCHIVED:
            raise ActionRefused(
                "工单已归档，请先重开或另行登记。", "the case is archived; reopen it or register a new one"
            )
        if not entry.text.strip():
            raise ActionRefused("请填写来信来访的要点。", "please write down what it is about", "text")
        appended = Fact(entry.at, CaseAppended(who=entry.who, channel=entry.channel))
        notices_ = (Notice("appended", ("owner",)),) if case.owner else ()
        self._write(connection, case.id, Outcome((appended,), notices_, entry.text), entry.who)
        return self.case(connection, case.id)

    # --- working ---------------------------------------------------------------------------

    def do(self, connection: Connection, case_id: str, do: Do, version: int | None = None) -> CaseRow:
        """Do something to a case (id or number); as it is afterwards. Raises :class:`ActionRefused`."""
        case = self.case(connection, case_id, version)
        if do.action == "link" and cases.held(connection, do.get("other").replace(" ", "")) is None:
            raise ActionRefused("没有这个编号的工单。", f"there is no case {do.get('other')}", "other")
        if do.action == "follow_up":
            self._record_follow_up(connection, case, do)
        outcome = apply(case, _plain(do), self.rules)
        if do.action in TO_CITIZENS and not do.worded:
            check(self._wording(), do.get("text"))
        self._write(connection, case.id, outcome, do.who)
        return self.case(connection, case.id)

    def attempt(self, connection: Connection, callback_id: str, attempt: Attempt) -> CallbackRow:
        """Note that somebody was called: closes the entry or plans the next try. Raises :class:`ActionRefused`.

        A person who was not reached was not reached for any entry of this list and number: all of them are put off.
        """
        callback = self._callback(connection, callback_id)
        case = self.case(connection, callback.case_id) if callback.case_id else None
        if attempt.result == "reached" and attempt.agreed is None:
            self._reached(callback, attempt)
        if attempt.text and not attempt.worded:
            check(self._wording(), attempt.text)
        group = [callback]
        if callback.kind == "missed" or attempt.result in ("no_answer", "busy", "wrong_number"):
            group += cases.of_same_number(connection, callback)
        for one in group:
            self._attempted(connection, one, attempt)
        if case is not None and attempt.result == "reached" and attempt.agreed is None:
            if (step := _of_call(callback, case, attempt)) is not None:
                self._write(connection, case.id, apply(case, step, self.rules), attempt.who)
        return self._callback(connection, callback_id)

    def _reached(self, callback: CallbackRow, attempt: Attempt) -> None:
        if callback.kind == "followup" and attempt.solved not in ("yes", "no"):
            raise ActionRefused(
                "请记录来电人认为是否解决。", "say whether the citizen calls it solved (solved=yes or no)", "solved"
            )
        if callback.kind == "answer" and not attempt.text.strip():
            raise ActionRefused("请记录答复内容。", "write down what was answered", "text")

    def _attempted(self, connection: Connection, callback: CallbackRow, attempt: Attempt) -> None:
        case = self.case(connection, callback.case_id) if callback.case_id else None
        said = after(callback, attempt, self.rules, urgent=case is not None and of(case.kind).urgent)
        if callback.kind == "followup" and attempt.result == "reached" and attempt.agreed is None:
            rating = int(attempt.rating) if attempt.rating else None
            said = replace(said, solved=attempt.solved == "yes", rating=rating)
        fact = Fact(attempt.at, said, without_numbers(attempt.reason))
        row = entries.new_row(fact, call_id=None if callback.case_id else callback.call_id, case_id=callback.case_id)
        entries.append(connection, [row])
        if said.outcome in ("unreachable", "wrong_number") and case is not None:
            notice = Notice(said.outcome, ("owner", "role:lead"))
            notices.tell(connection, notice, case, attempt.at, f"{row.id}:{notice.kind}", by=attempt.who)

    def _record_follow_up(self, connection: Connection, case: CaseRow, do: Do) -> None:
        """A follow-up told on the case's page is an attempt that reached the person."""
        row = cases.open_follow_up(connection, case.id)
        if row is not None:
            attempt = Attempt(do.who, do.role, do.at, "reached", solved=do.get("solved"), rating=do.get("rating"))
            apply(case, do, self.rules)  # refused before anything is written
            self._attempted(connection, row, attempt)

    # --- looking ---------------------------------------------------------------------------

    def case(self, connection: Connection, case_id: str, version: int | None = None) -> CaseRow:
        """The case by id or number, held until the transaction ends. Raises :class:`ActionRefused`."""
        row = cases.held(connection, case_id)
        if row is None:
            raise ActionRefused("没有这个工单。", f"there is no case {case_id}")
        if version is not None and row.version != version:
            raise Changed(
                "其他人刚刚改动了这个工单，请重新查看后再操作。",
                "somebody else changed this case meanwhile; look again",
            )
        return row

    def notes(self, connection: Connection, case_id: str) -> dict[str, str]:
        """What was written about a case, by the ``note`` of its steps."""
        return self._notes.read(connection, case_id)

    def similar(
        self, connection: Connection, *, number: str = "", party_id: str | None = None, at: int
    ) -> list[CaseRow]:
        """Cases of the same number within ``repeat_caller_days``, newest first: proposals, never merged."""
        if number:
            hmac: str | None = self._parties.number_hmac(number)
        else:
            hmac = cases.number_hmac_of(connection, party_id)
        if not hmac:
            return []
        return cases.of_number(connection, hmac, at - self.rules.profile.repeat_caller_days * DAY_MS)

    # --- within ----------------------------------------------------------------------------

    def _write(self, connection: Connection, case_id: str, outcome: Outcome, who: str) -> None:
        facts = list(outcome.facts)
        if outcome.text.strip():
            note = self._notes.write(connection, case_id, outcome.text.strip(), facts[0].at)
            facts[0] = with_note(facts[0], note)
        rows = [entries.new_row(fact, case_id=case_id) for fact in facts]
        entries.append(connection, rows)
        case = self.case(connection, case_id)
        for notice in outcome.notices:
            notices.tell(connection, notice, case, facts[0].at, f"{rows[0].id}:{notice.kind}", by=who, who=who)

    def _callback(self, connection: Connection, callback_id: str) -> CallbackRow:
        found = cases.callback(connection, callback_id)
        if found is None:
            raise ActionRefused("没有这一条回电任务。", f"there is no callback {callback_id}")
        return found


def _of_call(callback: CallbackRow, case: CaseRow, attempt: Attempt) -> Do | None:
    """What reaching the person does to the case, if anything."""
    if callback.kind == "followup" and case.status != "follow_up":
        # Called about a bad rating after the follow-up itself was done: only "not solved" changes the case.
        if attempt.solved == "yes" or case.status not in (*ANSWERED, *ARCHIVED):
            return None
        why = without_numbers(attempt.reason) or "回访：未解决"
        return Do("reopen", attempt.who, attempt.role, attempt.at, {"reason": why})
    if callback.kind == "followup":
        fields = {"solved": attempt.solved, "rating": attempt.rating, "reason": without_numbers(attempt.reason)}
        return Do("follow_up", attempt.who, attempt.role, attempt.at, fields)
    evidence = attempt.call or "电话答复"
    return Do("reply", attempt.who, attempt.role, attempt.at, {"text": attempt.text, "evidence": evidence})


def _plain(do: Do) -> Do:
    """Nothing that is journaled in the clear carries a telephone or identity number."""
    kept = {name: value if name == "text" else without_numbers(value) for name, value in do.fields.items()}
    return replace(do, fields=kept)
