"""Hourly pre-aggregates of calls, exact (every wait is stored): one row for each hour and window.

    kept = load(session, from_ms, to_ms, window)     # the hours that are counted, and the gaps between them
    kept.tally(wanted), kept.hours(), kept.arrivals

Every single wait is kept (packed), so figures of counted hours equal figures of rows to the last digit, medians and
percentiles of a year included, whatever profile is asked for. An hour is counted (:func:`close`) when all its calls
are over. Whoever changes a call of it afterwards takes its rows away in the same transaction (:func:`reopen`), so a
row that is there is right; an hour without rows is a gap and is counted from its calls.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select
from sqlalchemy.orm import Session

from ivr.kpi.call_totals import CLASSES, CallTotals, HourTotals, Waits, Wanted
from ivr.kpi.calls import (
    APOLOGY,
    ASKED,
    CUT,
    LEAD,
    NETWORK,
    REAL,
    RING,
    TALK,
    TALKED,
    TEST,
    WAIT,
    WAITING,
    A,
    F,
    K,
    O,
    X,
)  # fmt: skip
from ivr.kpi.predicates import Measure, Predicate, conjuncts, fields, holds, remember, steps, together
from ivr.kpi.records import HOUR_MS, RequestOutcome
from ivr.projections.fold import FAX
from store.journal.requests import COLUMNS, request
from store.sql import table

CALLS, HOURS = table("calls"), table("call_hours")
QUARTER_MS = 900_000
NONE = -(2**63)  # in a packed column: there is no such wait
REST = 2  # hours that are left alone: calls of them are likely to change still
GAPS_MAX = 8
LONG, ENOUGH = 31 * 24, 1000  # hours
# Column -> how many calls are so; the sum of a field of those that are.
COUNTS: Mapping[str, Predicate] = {
    "test": ASKED & TEST,
    "waiting": ASKED & REAL & WAITING,
    "clock_errors": ASKED & REAL & ~WAITING & (WAIT < 0),
    "talked": TALKED,
    "cut": A & CUT,
}
SUMS: Mapping[str, tuple[Measure, Predicate]] = {"talk_ms": (TALK, TALKED), "lead_ms": (LEAD, O)}
# Column -> every single value (ms) of a field of those that are so. Those of the answered stand beside each other.
PACKED: Mapping[str, tuple[Measure, Predicate]] = {
    "answered": (WAIT, A),
    "rings": (RING, A),
    "networks": (NETWORK, A),
    "abandoned": (WAIT, X),
    "callback": (WAIT, K),
    "failed": (WAIT, F),
    "lines": (NETWORK, REAL),
    "apologised": (NETWORK, REAL & APOLOGY),
    "test_lines": (NETWORK, TEST),
}
NAMES = tuple(HOURS.c.keys())

Range = tuple[int, int]  # [from, to) in UTC ms


def answerable(wanted: Wanted) -> tuple[Wanted, Wanted]:
    """Return what of it counted hours know, and what must be counted from calls."""
    counts = {each for each in wanted.counts if each in COUNTS.values() or _column(each)}
    sums = {each for each in wanted.sums if each in SUMS.values()}
    return Wanted(frozenset(counts), frozenset(sums)), Wanted(wanted.counts - counts, wanted.sums - sums)


@remember
def _column(predicate: Predicate) -> tuple[str, Predicate] | None:
    """Return the packed column the predicate only asks a field of, and what it asks."""
    for name, (measure, so) in PACKED.items():
        more = conjuncts(predicate) - conjuncts(so)
        if more and conjuncts(so) < conjuncts(predicate) and fields(together(more)) == {measure.name}:
            return name, together(more)
    return None


@dataclass(slots=True)
class _Count:
    """One hour of one window."""

    counts: Counter[str] = field(default_factory=Counter)
    packed: dict[str, array[int]] = field(default_factory=lambda: {name: array("q") for name in PACKED})
    quarters: dict[str, list[int]] = field(default_factory=dict)  # outcome -> real calls of each quarter

    def add(self, row: Any) -> None:
        outcome, r = row[0], request(row)
        if not r.test and outcome != FAX:
            self.quarters.setdefault(outcome, [0, 0, 0, 0])[r.arrived % HOUR_MS // QUARTER_MS] += 1
        for name, so in COUNTS.items():
            self.counts[name] += holds(so)(r)
        for name, (measure, so) in SUMS.items():
            if holds(so)(r):
                self.counts[name] += getattr(r, measure.name)
        for name, (measure, so) in PACKED.items():
            if holds(so)(r):
                value = getattr(r, measure.name)
                if value is not None or so is A:
                    self.packed[name].append(NONE if value is None else value)

    def row(self, hour: int, window: str) -> dict[str, Any]:
        return {
            "hour": hour, "window": window, **{name: self.counts[name] for name in (*COUNTS, *SUMS)},
            **{name: waits.tobytes() for name, waits in self.packed.items()}, "quarters": json.dumps(self.quarters),
        }  # fmt: skip


def count(hour: int, rows: Iterable[Any]) -> list[dict[str, Any]]:
    """The rows of an hour from its calls (:data:`COLUMNS`); that of no window is always there: the hour is counted."""
    found: dict[str, _Count] = {"": _Count()}
    for row in rows:
        found.setdefault(row[11], _Count()).add(row)
    return [each.row(hour, window) for window, each in sorted(found.items())]


# --- writing -------------------------------------------------------------------------------


def close(connection: Connection, hour: int) -> bool:
    """Count an hour, in a transaction nobody writes the journal during; False: one of its calls is still up."""
    rows = _calls(connection, hour)
    if any(row.outcome == "live" for row in rows):
        return False
    connection.execute(_FORGET, {"of": hour})
    connection.execute(_KEEP, count(hour, rows))
    return True


def reopen(connection: Connection, arrivals: Iterable[int]) -> None:
    """Calls that arrived then have changed: their hours are gaps again."""
    connection.execute(_REOPEN, {"hours": sorted({at // HOUR_MS for at in arrivals})})


def wrong(connection: Connection, hours: Collection[int], fix: bool) -> list[tuple[int, str]]:
    """Which rows of these hours are not what their calls say; with ``fix`` they are made so."""
    found = []
    for hour in hours:
        is_ = {row["window"]: dict(row) for row in connection.execute(_KEPT, {"of": hour}).mappings()}
        rows = _calls(connection, hour)
        live = any(row.outcome == "live" for row in rows)
        should = {} if live else {row["window"]: row for row in count(hour, rows)}
        bad = [window for window in sorted({*is_, *should}) if is_.get(window) != should.get(window)]
        found += [(hour, window) for window in bad]
        if fix and bad:
            connection.execute(_FORGET, {"of": hour})
            if should:
                connection.execute(_KEEP, list(should.values()))
    return found


def uncounted(connection: Connection, now_ms: int) -> list[int]:
    """Hours that could be counted now and are not, the newest first; not all of them at once.

    Where nobody called for longer than :data:`LONG` hours nothing is counted: one gap costs nothing.
    """
    first = connection.scalar(select(func.min(CALLS.c.arrived)))
    if first is None:
        return []
    query = select(HOURS.c.hour).where(HOURS.c.window == "").order_by(HOURS.c.hour.desc())
    above = now_ms // HOUR_MS - REST + 1
    found: list[int] = []
    for known in (*connection.scalars(query), first // HOUR_MS - 1):
        last = above - 1
        while last > known and len(found) < ENOUGH:
            if last - known > LONG:  # perhaps nothing is there
                within = (CALLS.c.arrived < (last + 1) * HOUR_MS, CALLS.c.arrived >= (known + 1) * HOUR_MS)
                newest = connection.scalar(select(func.max(CALLS.c.arrived)).where(*within))
                if newest is None:
                    break
                last = newest // HOUR_MS if last - newest // HOUR_MS > LONG else last
            piece = range(last, max(known, last - LONG), -1)
            found += piece
            last -= len(piece)
        above = min(above, known)
    return found


def counted(connection: Connection) -> list[int]:
    """The hours that are counted, oldest first."""
    return list(connection.scalars(select(HOURS.c.hour).where(HOURS.c.window == "").order_by(HOURS.c.hour)))


def _calls(connection: Connection, hour: int) -> Sequence[Any]:
    begin = hour * HOUR_MS
    return connection.execute(_CALLS_OF, {"begin": begin, "end": begin + HOUR_MS}).all()


# Built once: a year has 8,760 hours.
_CALLS_OF = (
    select(*COLUMNS)
    .where(CALLS.c.arrived >= bindparam("begin"), CALLS.c.arrived < bindparam("end"))
    .order_by(CALLS.c.arrived, CALLS.c.id)
)
_KEPT = select(HOURS).where(HOURS.c.hour == bindparam("of")).order_by(HOURS.c.window)
_KEEP, _FORGET = insert(HOURS), delete(HOURS).where(HOURS.c.hour == bindparam("of"))
_REOPEN = delete(HOURS).where(HOURS.c.hour.in_(bindparam("hours", expanding=True)))


# --- reading -------------------------------------------------------------------------------


class HourlyCounts:
    """Counted hours of a period, and the ``gaps`` between them that are to be counted from calls."""

    def __init__(self, rows: Sequence[Sequence[Any]], gaps: Sequence[Range]) -> None:
        self.rows, self.gaps = rows, gaps
        self._by_hour: dict[int, list[Sequence[Any]]] | None = None
        self._known: dict[str, Waits] = {}
        # Column by column: a year has some 40,000 rows.
        self._columns = dict(zip(NAMES, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(NAMES, ())

    def between(self, first: int, end: int) -> HourlyCounts:
        """Those of the hours from ``first`` up to ``end``; without gaps."""
        if self._by_hour is None:
            self._by_hour = {}
            for row in self.rows:
                self._by_hour.setdefault(row[0], []).append(row)
        return HourlyCounts([row for hour in range(first, end) for row in self._by_hour.get(hour, ())], ())

    def packed(self, name: str) -> array[int]:
        """Every wait of that kind."""
        found = array("q")
        found.frombytes(b"".join(self._columns[name]))
        return found

    def tally(self, wanted: Wanted) -> CallTotals:
        """The calls of the counted hours; ``wanted``: what is :func:`answerable`."""
        waits: Counter[tuple[RequestOutcome, int]] = Counter()
        for kind in CLASSES:
            waits.update({(kind, wait): n for wait, n in Counter(self.packed(kind)).items()})
        names = {so: name for name, so in (*COUNTS.items(), *SUMS.items())}
        return CallTotals(
            waits,
            Counter({each: self._count(each, names.get(each)) for each in wanted.counts}),
            Counter({each: sum(self._columns[names[each]]) for each in wanted.sums}),
        )

    def _count(self, so: Predicate, name: str | None) -> int:
        if name is not None:
            return sum(self._columns[name])
        column = _column(so)
        assert column is not None, so
        packed, more = column
        (measure,) = fields(more)
        known = self._waits(packed)
        asked = ((low, high, holds(more)(SimpleNamespace(**{measure: one}))) for low, high, one in steps(more, measure))
        return sum(known.between(low, high) for low, high, held in asked if held)

    def _waits(self, name: str) -> Waits:
        """What is known of every wait of that kind."""
        if name not in self._known:
            counts = Counter(self.packed(name))
            counts.pop(NONE, None)
            self._known[name] = Waits(counts)
        return self._known[name]

    def hours(self) -> HourTotals:
        """Offered and answered by hour."""
        found = HourTotals()
        columns = (self._columns[name] for name in ("hour", "answered", "abandoned", "callback", "failed"))
        for hour, answered, *others in zip(*columns, strict=True):
            n = len(answered) // 8
            if offered := n + sum(map(len, others)) // 8:
                found.offered[hour] += offered
                found.answered[hour] += n
        return found

    def arrivals(self) -> Counter[tuple[int, str]]:
        """(quarter of an hour since 1970, outcome) -> real calls."""
        found: Counter[tuple[int, str]] = Counter()
        for hour, text in zip(self._columns["hour"], self._columns["quarters"], strict=True):
            for outcome, quarters in json.loads(text).items():
                for quarter, n in enumerate(quarters):
                    if n:
                        found[hour * 4 + quarter, outcome] += n
        return found

    def windows(self) -> set[str]:
        """The windows that were asked for."""
        asked = ("test", "waiting", "clock_errors", "answered", "abandoned", "callback", "failed")
        columns = zip(self._columns["window"], zip(*(self._columns[name] for name in asked), strict=True), strict=True)
        return {window for window, counts in columns if any(counts)}


def load(session: Session, from_ms: int, to_ms: int, window: str | None = None) -> HourlyCounts:
    """The counted hours that lie wholly in ``[from_ms, to_ms)``, and what is left of it."""
    first, end = -(-from_ms // HOUR_MS), to_ms // HOUR_MS
    if first >= end:
        return HourlyCounts((), [(from_ms, to_ms)] if from_ms < to_ms else [])
    inside: tuple[ColumnElement[bool], ...] = (HOURS.c.hour >= first, HOURS.c.hour < end)
    known = session.scalars(select(HOURS.c.hour).where(*inside, HOURS.c.window == "").order_by(HOURS.c.hour)).all()
    gaps = _gaps(from_ms, to_ms, known)
    if len(gaps) > GAPS_MAX:  # few, long questions are quicker than many short ones
        begin, stop = gaps[0][0], gaps[-1][1]
        gaps = [(begin, stop)]
        inside += ((HOURS.c.hour < begin // HOUR_MS) | (HOURS.c.hour >= -(-stop // HOUR_MS)),)
    if not known:
        return HourlyCounts((), gaps)
    query = select(HOURS).where(*inside)
    rows = session.execute(query if window is None else query.where(HOURS.c.window == window)).all()
    return HourlyCounts(rows, gaps)


def _gaps(from_ms: int, to_ms: int, known: Sequence[int]) -> list[Range]:
    """What of the period is not covered by these hours."""
    gaps, at = [], from_ms
    for hour in known:
        if hour * HOUR_MS > at:
            gaps.append((at, hour * HOUR_MS))
        at = (hour + 1) * HOUR_MS
    if at < to_ms:
        gaps.append((at, to_ms))
    return gaps
