"""The self test before each shift, and who came late: a chore of the sweeper, once for each day however many there are.

    ShiftTest(engine, rules, seats, sign_in, free_mb, now_ms).once()

How today's shift stands is a mark, so that a sweeper that is started anew goes on watching.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from ivr.cases.actions import Notice
from ivr.cases.deadlines import CasePolicy
from ivr.desk import shifts
from ivr.desk.shifts import SIGNED_OUT, UNREGISTERED, WATCHED_MS, ShiftStand
from ivr.desk.states import SeatRow
from ivr.facts.operators import SeatLateFact, ShiftTestedFact
from ivr.ledger import Fact
from store import marks, notices, operators
from store.engine import Connection, Engine, reading
from store.journal import entries

MINUTE_MS = 60_000
LITTLE_MB = 1024  # less room than this for recordings is told


class ShiftTest:
    """``seats``: that should be ready; ``free_mb``: room on the disk. Tests ``ready_before_min`` before the shift."""

    def __init__(
        self, engine: Engine, rules: CasePolicy, seats: Sequence[str], sign_in: bool, free_mb: Callable[[], int],
        now_ms: Callable[[], int],
    ) -> None:  # fmt: skip
        self._engine, self._rules, self._seats, self._sign_in = engine, rules, seats, sign_in
        self._free_mb, self._now = free_mb, now_ms

    def once(self) -> int:
        """Test, or watch who comes; how many things were noted."""
        now, rules = self._now(), self._rules
        begin = shifts.begins(rules.profile.hours, now, rules.calendar, rules.zone)
        if begin is None or not begin - rules.profile.ready_before_min * MINUTE_MS <= now < begin + WATCHED_MS:
            return 0
        with reading(self._engine).connect() as connection:
            stand = stand_of(connection, begin)
            rows = self._rows(connection)
        if stand is None:
            return self._test(begin, rows, now) if now < begin else 0
        after = shifts.watched(stand, rows, self._sign_in, begin, now)
        return 0 if after == stand else self._watched(begin, now)

    def _test(self, begin: int, rows: Sequence[SeatRow], now: int) -> int:
        missing, free = shifts.tested(rows, self._sign_in), self._free_mb()
        stand = ShiftStand(missing)
        with self._engine.begin() as connection:
            if not marks.take(connection, _mark(begin), stand.to_json(), now, 0):
                return 0  # another sweeper did it
            of = {why: tuple(seat for seat, one in missing.items() if one == why) for why in (UNREGISTERED, SIGNED_OUT)}
            ready = tuple(row.id for row in rows if row.id not in missing)
            said = ShiftTestedFact(
                begins=begin, ready=ready, unregistered=of[UNREGISTERED], signed_out=of[SIGNED_OUT], disk_mb=free
            )
            entries.append_facts(connection, [Fact(now, said)])
            if missing or free < LITTLE_MB:
                notice = Notice("shift_not_ready", ("role:lead",))
                words = {"seats": " ".join(missing), "disk_mb": str(free)}
                notices.tell(connection, notice, notices.NO_CASE, now, f"shift:{begin}", **words)
        return 1

    def _watched(self, begin: int, now: int) -> int:
        with self._engine.begin() as connection:
            rows = {row.id: row for row in self._rows(connection)}
            stand = stand_of(connection, begin, hold=True) or ShiftStand()
            after = shifts.watched(stand, rows.values(), self._sign_in, begin, now)
            new = {seat: ms for seat, ms in after.late.items() if seat not in stand.late}
            facts = [
                Fact(now, SeatLateFact(seat=seat, begins=begin, ms=ms, operator=rows[seat].operator))
                for seat, ms in new.items()
            ]
            entries.append_facts(connection, facts)
            marks.put(connection, _mark(begin), after.to_json(), now)
        return len(new)

    def _rows(self, connection: Connection) -> list[SeatRow]:
        known = {row.id: row for row in operators.every(connection)}
        return [known.get(seat, SeatRow(seat)) for seat in self._seats]


def stand_of(connection: Connection, begin: int, *, hold: bool = False) -> ShiftStand | None:
    """How the shift that begins then stands; None: it was not tested. ``hold``: nobody else changes it meanwhile."""
    text = marks.value(connection, _mark(begin), hold=hold)
    return None if text is None else ShiftStand.from_json(text)


def today(connection: Connection, rules: CasePolicy, now: int) -> ShiftStand:
    """How today's shift stands, for pages."""
    begin = shifts.begins(rules.profile.hours, now, rules.calendar, rules.zone)
    return (begin is not None and stand_of(connection, begin)) or ShiftStand()


def _mark(begin: int) -> str:
    return f"shift:{datetime.fromtimestamp(begin / 1000, UTC):%Y-%m-%dT%H:%M}"
