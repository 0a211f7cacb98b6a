"""What an operator 话务员 is doing at a seat 座席 (STF-2, STF-3, STF-16; pure).

    签出 out -> 就绪 ready -> 振铃 ringing -> 通话 talking -> 整理 wrapup -> 就绪 ready;  暂停 paused, with a reason

Ringing and talking follow from calls (:func:`taken`, :func:`answered`, :func:`freed`), everything else from what people
do (:func:`act`). A seat where nobody signed in has no state (""): unless ``sign_in`` is set, its registered phone is
ready. Every function takes the row as it is and returns the row as it is to be; times are UTC ms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ivr.cases.actions import ActionRefused
from ivr.cases.names import Term
from ivr.facts.operators import OperatorStateFact
from ivr.ledger import Fact

OUT, READY, RINGING, TALKING, WRAPUP, PAUSED = "out", "ready", "ringing", "talking", "wrapup", "paused"
NO_ANSWER = "no_answer"  # the reason of the pause of who did not lift
STATES: Mapping[str, Term] = {
    OUT: Term("签出", "signed out"),
    READY: Term("就绪", "ready"),
    RINGING: Term("振铃", "ringing"),
    TALKING: Term("通话", "talking"),
    WRAPUP: Term("整理", "after-call work"),
    PAUSED: Term("暂停服务", "paused"),
}
REASONS: Mapping[str, Term] = {
    "rest": Term("休息", "rest"),
    "meal": Term("用餐", "meal"),
    "meeting": Term("会议", "meeting"),
    "training": Term("培训", "training"),
    "errand": Term("外出办事", "errand"),
    "other": Term("其他", "other"),
    NO_ANSWER: Term("振铃未接", "did not answer"),
}
ACTS = ("sign_in", "ready", "pause", "wrap_up", "sign_out")
CHOSEN = tuple(reason for reason in REASONS if reason != NO_ANSWER)  # what a person can give
WHERE_MAX = 120


@dataclass(frozen=True, slots=True)
class OperatorRules:
    """``sign_in``: only who signed in is rung. After-call work ends after ``wrapup_ms``, prolonged at most after
    ``wrapup_max_ms``; the pause of a phone that did not answer after ``no_answer_ms``, unless ``sign_in`` is set.
    """

    sign_in: bool = False
    wrapup_ms: int = 30_000
    wrapup_max_ms: int = 300_000
    no_answer_ms: int = 60_000


@dataclass(frozen=True, slots=True)
class SeatRow:
    """A row of ``seats``. ``state_since``: when the state began, ``until``: when it ends by itself.

    While a call rings or is talked, ``reason`` and ``where_to`` are those of the pause that is to follow it.
    """

    id: str
    reachable: bool = False
    call_id: str | None = None
    since: int = 0
    owner: str = ""
    operator: str = ""
    state: str = ""
    state_since: int = 0
    reason: str = ""
    where_to: str = ""
    until: int | None = None

    @property
    def in_call(self) -> bool:
        """Does a call have it?"""
        return self.call_id is not None


class ActNotAllowed(ActionRefused):
    """Something that cannot be done at this seat now; ``code``: why, in one word; ``field``: of a form."""

    def __init__(self, code: str, zh: str, en: str, field: str = "") -> None:
        super().__init__(zh, en, field)
        self.code = code


@dataclass(frozen=True, slots=True)
class StateAct:
    """What somebody does at a seat. ``name``: one of :data:`ACTS`; ``by``: the account that does it; ``operator``: who
    signs in; ``reason`` (of :data:`CHOSEN`) and ``where_to`` 说明去向: of a pause.
    """

    name: str
    at: int
    by: str = ""
    operator: str = ""
    reason: str = ""
    where_to: str = ""


def ready(row: SeatRow, sign_in: bool, now: int) -> bool:
    """May this seat be rung now? ``sign_in``: only who signed in."""
    return row.reachable and not row.in_call and at_work(row, sign_in, now)


def at_work(row: SeatRow, sign_in: bool, now: int) -> bool:
    """Does somebody work here who would lift, as far as is known?"""
    if not row.operator and sign_in:
        return False
    return elapsed(row, now).state in ("", READY)


def idle(row: SeatRow) -> str:
    """The state of a seat at which nothing happens."""
    return READY if row.operator else ""


def elapsed(row: SeatRow, now: int) -> SeatRow:
    """Return the row without a state that ended by itself."""
    if row.until is None or row.until > now:
        return row
    return _become(row, idle(row), row.until)


def told(before: SeatRow, after: SeatRow, by: str = "") -> list[Fact]:
    """Return the facts of a change; of a state that ended by itself before, too. ``by``: the account that did it."""
    ended = elapsed(before, after.state_since)
    return [*_told(before, ended, ""), *_told(ended, after, by)]


def _told(before: SeatRow, after: SeatRow, by: str) -> list[Fact]:
    seen = (before.state, before.state_since, before.operator) != (after.state, after.state_since, after.operator)
    paused = after.state == PAUSED
    if not seen and not (paused and (before.reason, before.where_to) != (after.reason, after.where_to)):
        return []
    said = OperatorStateFact(
        seat=after.id,
        operator=after.operator,
        state=after.state,
        was=before.state,
        since=before.state_since,
        was_operator=before.operator,
        reason=after.reason if paused else "",
        where_to=after.where_to if paused else "",
        by=by,
    )
    return [Fact(after.state_since, said)]


# --- what calls do -------------------------------------------------------------------------


def taken(row: SeatRow, call_id: str, at: int, owner: str = "") -> SeatRow:
    """A call has the seat and rings it. A pause (who is in danger rings all) is remembered, and goes on after it."""
    row = replace(elapsed(row, at), call_id=call_id, owner=owner, since=at)
    return _become(row, RINGING, at, keep=row.state == PAUSED) if row.operator else row


def answered(row: SeatRow, at: int) -> SeatRow:
    """The operator lifted: if there was a pause for not lifting, it is over."""
    asked = row.reason != NO_ANSWER and row.state != OUT
    if row.operator:
        return _become(row, TALKING, at, keep=asked)
    return row if asked else _become(row, "", at)


def freed(row: SeatRow, at: int, rules: OperatorRules, *, missed: bool = False) -> SeatRow:
    """The seat's part in the call is over. ``missed``: it rang its time, and nobody lifted (STF-2: 暂停, B rings)."""
    row = replace(row, call_id=None, owner="", since=at)
    if missed:
        return _pause_for(row, row.reason or NO_ANSWER, at, rules)
    if row.state not in ("", RINGING, TALKING):
        return row
    if row.reason:  # asked for while the call was there
        return _pause_for(row, row.reason, at, rules)
    if row.state == TALKING and rules.wrapup_ms:
        return _become(row, WRAPUP, at, until=at + rules.wrapup_ms)
    return row if row.state == idle(row) else _become(row, idle(row), at)


def _pause_for(row: SeatRow, reason: str, at: int, rules: OperatorRules) -> SeatRow:
    until = at + rules.no_answer_ms if reason == NO_ANSWER and not rules.sign_in else None
    return replace(_become(row, PAUSED, at, keep=True), reason=reason, until=until)


def reached(row: SeatRow, reachable: bool, at: int, rules: OperatorRules) -> SeatRow:
    """The phone registered or went away. A phone that registers anew shuts nobody out, unless people sign in."""
    back = reachable and not row.reachable
    row = replace(row, reachable=reachable, since=at) if reachable != row.reachable else row
    if not back or rules.sign_in or row.in_call:
        return row
    if row.reason == NO_ANSWER or (row.state == OUT and not row.operator):
        return _become(row, idle(row), at)
    return row


# --- what people do ------------------------------------------------------------------------


def act(row: SeatRow, what: StateAct, rules: OperatorRules) -> SeatRow:
    """Return the row after what somebody did. Raises :class:`ActNotAllowed`."""
    row = elapsed(row, what.at)
    match what.name:
        case "sign_in":
            return _sign_in(row, what)
        case "sign_out":
            if row.in_call:
                raise ActNotAllowed("in_call", "通话中不能签出。", "There is a call; sign out after it.")
            return row if row.state == OUT else replace(_become(row, OUT, what.at), operator="")
        case "ready":
            _signed_in(row, rules)
            if row.in_call:
                return replace(row, reason="", where_to="")
            return row if row.state == idle(row) else _become(row, idle(row), what.at)
        case "pause":
            return _pause(row, what, rules)
        case "wrap_up":
            return _prolong(row, what, rules)
    raise ActNotAllowed("unknown", "没有这个操作。", f"There is no such act; the acts are {', '.join(ACTS)}.")


def _sign_in(row: SeatRow, what: StateAct) -> SeatRow:
    if not what.operator:
        raise ActNotAllowed("nobody", "请写明谁签入。", "Say who signs in.", "operator")
    if row.operator == what.operator:
        return row
    if row.operator:
        raise ActNotAllowed("taken", f"{row.operator} 已在此座席签入。", f"{row.operator} is signed in at this seat.")
    row = replace(row, operator=what.operator)
    return _become(row, RINGING if row.in_call else READY, what.at)


def _pause(row: SeatRow, what: StateAct, rules: OperatorRules) -> SeatRow:
    _signed_in(row, rules)
    if what.reason not in CHOSEN:
        raise ActNotAllowed("reason", "请选择暂停的原因。", f"Give a reason of these: {', '.join(CHOSEN)}.", "reason")
    where = " ".join(what.where_to.split())[:WHERE_MAX]
    told = replace(row, reason=what.reason, where_to=where)
    if row.in_call or row.state == PAUSED:  # after the call; or the reason, or where to, is told later
        return replace(told, until=None)
    return _become(told, PAUSED, what.at, keep=True)


def _prolong(row: SeatRow, what: StateAct, rules: OperatorRules) -> SeatRow:
    if row.state != WRAPUP or row.until is None:
        raise ActNotAllowed("no_wrapup", "现在不在整理状态。", "There is no after-call work to prolong now.")
    last = row.state_since + max(rules.wrapup_ms, rules.wrapup_max_ms)
    if row.until >= last:
        raise ActNotAllowed("longest", "整理时间已到上限。", "After-call work cannot be prolonged any further.")
    return replace(row, until=min(row.until + max(rules.wrapup_ms, 1), last))


def _signed_in(row: SeatRow, rules: OperatorRules) -> None:
    if rules.sign_in and not row.operator:
        raise ActNotAllowed("signed_out", "请先签入。", "Nobody is signed in at this seat.")


def _become(
    row: SeatRow, state: str, at: int, *, reason: str = "", until: int | None = None, keep: bool = False
) -> SeatRow:
    """The row in another state; ``keep``: with the reason and the place it has."""
    words = (row.reason, row.where_to) if keep else (reason, "")
    return replace(row, state=state, state_since=at, reason=words[0], where_to=words[1], until=until)
