"""Fill a database with a made-up year: journal and everything derived from it, people, notices.

Written are ``journal`` (all of it, or from ``journal_from_ms`` on, which keeps a large database small), ``calls``,
``legs``, ``cases``, ``case_steps``, ``case_dues``, ``case_notes``, ``callbacks``, ``callback_attempts``, ``ratings``,
``recordings`` (rows without sound), ``parties``, ``party_keys``, ``inbox``, ``audit``, ``case_counters``, and for calls
that are up at the end ``live_calls``. With the whole journal ``hotline db rebuild`` finds nothing to change.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable

from sqlalchemy import Engine

from bench.synthetic.arrivals import moments
from bench.synthetic.bulk import Bulk
from bench.synthetic.calls import Caller, Numbers, Sequence
from bench.synthetic.lives import HOUR, ROLES, Life
from bench.synthetic.plan import Ids, Plan
from bench.synthetic.unit import Unit
from ivr.cases.deadlines import CasePolicy
from ivr.ledger import Party
from ivr.projections.rows import CallRow
from store import derived
from store.journal.entries import values_of
from store.journal.projection import DERIVED
from store.keys import Keys
from store.people.notes import Notes
from store.people.parties import FIELDS, Parties
from store.sql import Row

VERSION = 2  # of what is made: another one makes other rows
WITHOUT_CALL = 0.12  # share of cases that came by letter, at the counter, by web
HELD_MS = 72 * HOUR  # how long a missed call may still be answered by its caller calling again
STEP = 500  # calls between two reports of progress
LOOKS = ("log.in", "number.show", "recording.listen", "case.texts", "export", "case.reply", "case.accept")

NumberFor = Callable[[str, int], str]
Progress = Callable[[int, int], None]


def fill(
    engine: Engine,
    keys: Keys,
    plan: Plan,
    rules: CasePolicy,
    number_for: NumberFor,
    *,
    journal_from_ms: int = 0,
    progress: Progress | None = None,
) -> None:
    """Write the year into a database at the present schema that holds none."""
    with Bulk(engine) as bulk:
        year = _Year(bulk, keys, plan, rules, number_for, journal_from_ms)
        year.live(progress or (lambda done, total: None))


class _Year:
    def __init__(
        self, bulk: Bulk, keys: Keys, plan: Plan, rules: CasePolicy, number_for: NumberFor, journal_from_ms: int
    ) -> None:
        self._bulk, self._plan, self._rules, self._journal_from = bulk, plan, rules, journal_from_ms
        self._parties, self._notes = Parties(keys), Notes(keys)
        self._dice = _dice(plan.seed)
        self._ids, self._plain = Ids(self._dice), Ids(_dice(plan.seed + 2))
        self._numbers = Numbers(self._dice)
        self._counted = Sequence(number_for, {})
        # Missed calls that wait for their caller, or for somebody to call back: by number, and by when that ends.
        self._held: dict[str, list[Unit]] = {}
        self._until: list[tuple[int, str, str]] = []
        self._audit: list[Row] = []

    def live(self, progress: Progress) -> None:
        plan, dice = self._plan, self._dice
        cases_left, calls_left = plan.cases, plan.calls
        for done, (at, pressure) in enumerate(moments(plan, self._rules.calendar, _dice(plan.seed + 1))):
            self._let_go(at)
            cases = 0
            # As many of the rest as there are calls for them, so that the sum is right (Knuth, algorithm S).
            while cases_left and dice.random() * calls_left < cases_left and cases < 2:
                cases_left -= 1
                if dice.random() < WITHOUT_CALL:
                    self._by_letter(at)
                else:
                    cases += 1
                if dice.random() > 0.04:
                    break
            calls_left -= 1
            self._call(at, pressure, cases)
            if done % STEP == 0:
                progress(done, plan.calls)
        self._let_go(None)
        counters = [{"day": day, "last": last} for day, last in self._counted.last.items()]
        self._bulk.add("case_counters", counters)
        self._bulk.add("audit", sorted(self._audit, key=lambda row: int(row["at"])))
        progress(plan.calls, plan.calls)

    def _call(self, at: int, pressure: float, cases: int) -> None:
        number = self._numbers.next(at)
        unit = self._unit(at)
        caller = Caller(unit, self._dice, self._rules, self._counted, self._plan.to_ms)
        caller.call(at, pressure, number, cases)
        call = unit.tables.calls[unit.call_id or ""]
        for case_id in list(unit.tables.cases):
            self._life(unit).live(case_id)
        self._life(unit).bad_ratings()
        if call.outcome in ("answered", "callback"):
            for earlier in self._held.pop(number, ()):
                self._settle(earlier, call)
        missed = [row for row in unit.tables.callbacks.values() if row.kind == "missed" and row.state == "open"]
        if self._dice.random() < 0.3:
            self._looked(at + int(self._dice.uniform(0, 30 * HOUR)), unit)
        if missed:
            self._held.setdefault(number, []).append(unit)
            heapq.heappush(self._until, (at + HELD_MS, unit.call_id or "", number))
            if self._dice.random() < 0.4:
                self._numbers.tries_again(at + int(self._dice.expovariate(1 / (2 * HOUR))), number)
        else:
            self._write(unit)

    def _by_letter(self, at: int) -> None:
        """A case without a call."""
        unit, dice = self._unit(at), self._dice
        party = Party(self._ids(at), self._numbers.next(at))
        caller = Caller(unit, dice, self._rules, self._counted, self._plan.to_ms)
        channel = dice.choices(("letter", "visit", "web", "phone"), (20, 25, 45, 10))[0]
        request = caller.request(at, self._ids(at), party.id, channel)
        if not request.anonymous:
            unit.parties.append((party, at))
        case_id = caller.open(request, None)
        self._life(unit).live(case_id)
        self._life(unit).bad_ratings()
        self._write(unit)

    def _unit(self, at: int) -> Unit:
        return Unit(self._ids, self._dice, self._plain, at >= self._journal_from)

    def _life(self, unit: Unit) -> Life:
        return Life(unit, self._dice, self._rules, self._plan.to_ms)

    def _let_go(self, now: int | None) -> None:
        """Missed calls whose caller did not call again in time."""
        while self._until and (now is None or self._until[0][0] <= now):
            _, call_id, number = heapq.heappop(self._until)
            held = self._held.get(number, [])
            for unit in held:
                if unit.call_id == call_id:
                    held.remove(unit)
                    self._settle(unit, None)
                    break
            if not held:
                self._held.pop(number, None)

    def _settle(self, unit: Unit, later: CallRow | None) -> None:
        for row in list(unit.tables.callbacks.values()):
            if row.kind == "missed":
                reached = (later.agent_answered or later.ended) if later else None
                self._life(unit).missed(row, reached, later.id if later else "")
        self._write(unit)

    def _write(self, unit: Unit) -> None:
        bulk, tables = self._bulk, unit.tables
        for name in DERIVED:
            rows = getattr(tables, name)
            if rows:
                bulk.add(name, map(derived.values_of, rows.values()))
        if unit.rows:
            bulk.add("journal", [values_of(row) for row in unit.rows])
        for party, at in unit.parties:
            if party.id in unit.sealed:
                bulk.add("parties", [{"id": party.id, "created": at, **dict.fromkeys((*FIELDS, "number_hmac"))}])
            else:
                row, key = self._parties.fresh(party, at)
                bulk.add("parties", [row])
                bulk.add("party_keys", [key])
        if unit.notes:
            bulk.add("case_notes", [self._notes.sealed(*note) for note in unit.notes])
        if unit.inbox:
            bulk.add("inbox", unit.inbox)
        call = tables.calls.get(unit.call_id or "")
        if call is not None and call.outcome == "live":
            bulk.add("live_calls", [_live(call, self._plan.to_ms)])

    def _looked(self, at: int, unit: Unit) -> None:
        """Somebody looked at something; it stands in the audit log."""
        if at <= self._plan.to_ms:
            action = self._dice.choice(LOOKS)
            target = "" if action == "log.in" else f"call {unit.call_id}"
            user = self._dice.choice(tuple(ROLES))
            row = {"at": at, "user": user, "action": action, "target": target, "detail": "", "remote": "192.0.2.7"}
            self._audit.append(row)


def _dice(seed: int) -> random.Random:
    return random.Random(seed)


def _live(call: CallRow, now: int) -> Row:
    waits = call.human_requested is not None and call.agent_answered is None
    return {
        "call_id": call.id, "owner": "node1", "lease_until": now + 60_000, "ref": call.ref,
        "flow": call.flow, "step": call.last_step or "greeting", "step_since": call.arrived,
        "arrived": call.arrived, "window": call.window, "seat": call.seat,
        "waiting_since": call.human_requested if waits else None, "test": call.test, "state": b"",
    }  # fmt: skip
