"""Calls counted by the database: the same :class:`CallTotals` as its ``of`` makes from records, for a year at once.

    counts = CallCounts(session, from_ms, to_ms, window)
    counts.tally(limits), counts.hours()

Hours that are over were counted beforehand (:mod:`store.journal.hourly`); of the rest the database groups and sums. No
formula is here. ``records`` is the same question row by row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from ivr.kpi.call_totals import CallTotals, HourTotals, Wanted
from ivr.kpi.calls import ASKED, A, O
from ivr.kpi.kpis import wanted
from ivr.kpi.predicates import conjuncts
from ivr.kpi.records import DAY_MS, HOUR_MS, AgentRequest, KpiLimits, RequestOutcome
from ivr.projections.fold import FAX
from store.journal import hourly
from store.journal.hourly import QUARTER_MS
from store.journal.requests import CLASSES, COLUMNS, FIELDS, request, where
from store.schema import Call


def records(session: Session, from_ms: int, to_ms: int, window: str | None = None) -> Iterator[AgentRequest]:
    """The calls that arrived in ``[from_ms, to_ms)``, one by one."""
    query = select(*COLUMNS).where(*_arrived(from_ms, to_ms, window)).order_by(Call.arrived, Call.id)
    for row in session.execute(query):
        yield request(row)


class CallCounts:
    """What figures need of the calls that arrived in ``[from_ms, to_ms)``; ``window``: only those to this window."""

    def __init__(self, session: Session, from_ms: int, to_ms: int, window: str | None = None) -> None:
        self._session, self._from, self._to, self._window = session, from_ms, to_ms, window
        self._kept = hourly.load(session, from_ms, to_ms, window)

    def tally(self, limits: KpiLimits) -> CallTotals:
        """The calls of the period, counted."""
        return self._part(self._from, self._to, self._kept, limits)

    def split(self, parts: Sequence[tuple[int, int]], limits: KpiLimits) -> list[CallTotals]:
        """The calls of each part ``[from, to)`` of the period, counted."""
        found = []
        for begin, end in parts:
            whole = not begin % HOUR_MS and not end % HOUR_MS
            if not whole:  # an hour that belongs to two parts
                found.append(tally(self._session, begin, end, limits, self._window))
                continue
            kept = self._kept.between(begin // HOUR_MS, end // HOUR_MS)
            found.append(self._part(begin, end, kept, limits))
        return found

    def _part(self, begin: int, end: int, kept: hourly.HourlyCounts, limits: KpiLimits) -> CallTotals:
        """What counted hours know, what the gaps between them hold, and what only calls know of the hours."""
        every = wanted(limits)
        known, rest = hourly.answerable(every)
        found, at = kept.tally(known), begin
        for first, last in self._kept.gaps:
            first, last = max(first, begin), min(last, end)
            if first < last:
                self._count(found, at, first, rest)
                found.merge(_tally(self._session, first, last, every, self._window))
                at = last
        self._count(found, at, end, rest)
        return found

    def _count(self, found: CallTotals, begin: int, end: int, rest: Wanted) -> None:
        if begin < end and (rest.counts or rest.sums):
            _counted(self._session, found, begin, end, rest, self._window)

    def hours(self) -> HourTotals:
        """Offered and answered by hour, from a day before the period (K1g looks back 24 hours)."""
        before = hourly.load(self._session, self._from - DAY_MS, self._from, self._window)
        found = before.hours()
        found.merge(self._kept.hours())
        for begin, end in (*before.gaps, *self._kept.gaps):
            found.merge(_hours(self._session, begin, end, self._window))
        return found

    def arrivals(self) -> Counter[tuple[int, str]]:
        """(quarter of an hour since 1970, outcome) -> calls; test calls left out."""
        found = self._kept.arrivals()
        for begin, end in self._kept.gaps:
            found.update(_arrivals(self._session, begin, end, self._window))
        return found

    def windows(self) -> list[str]:
        """The windows that were asked for; of a single one, itself or none."""
        found = self._kept.windows()
        for begin, end in self._kept.gaps:
            asked = _asked(begin, end, self._window)
            found.update(self._session.scalars(select(Call.window).where(*asked).distinct()))
        return sorted(found)


def tally(session: Session, from_ms: int, to_ms: int, limits: KpiLimits, window: str | None = None) -> CallTotals:
    """The calls of the period, counted."""
    return CallCounts(session, from_ms, to_ms, window).tally(limits)


def hours(session: Session, from_ms: int, to_ms: int, window: str | None = None) -> HourTotals:
    """Offered and answered by hour, from a day before the period."""
    return CallCounts(session, from_ms, to_ms, window).hours()


def windows(session: Session, from_ms: int, to_ms: int) -> list[str]:
    """The windows that were asked for in the period."""
    return CallCounts(session, from_ms, to_ms).windows()


# --- counted from calls ----------------------------------------------------------------------


def _tally(session: Session, from_ms: int, to_ms: int, every: Wanted, window: str | None) -> CallTotals:
    within, found = _arrived(from_ms, to_ms, window), CallTotals()
    _counted(session, found, from_ms, to_ms, every, window)
    answered = select(Call.human_wait, func.count()).where(*within, where(A)).group_by(Call.human_wait)
    for wait, count in session.execute(answered):
        found.waits["answered", wait or 0] = count
    others = select(Call.outcome, Call.human_wait, func.count()).where(*within, where(O), Call.agent_answered.is_(None))
    for outcome, wait, count in session.execute(others.group_by(Call.outcome, Call.human_wait)):
        kind: RequestOutcome = CLASSES.get(outcome, "failed")
        found.waits[kind, wait or 0] += count
    return found


def _counted(session: Session, found: CallTotals, from_ms: int, to_ms: int, rest: Wanted, window: str | None) -> None:
    """Count the calls that are so, and sum a field of them; those who asked for a person in a question of their own."""
    for asked in (True, False):
        counts = [each for each in rest.counts if (ASKED in conjuncts(each)) == asked]
        sums = [(measure, each) for measure, each in rest.sums if (ASKED in conjuncts(each)) == asked]
        asks: list[ColumnElement[Any]] = [func.count().filter(where(each)) for each in counts]
        asks += [func.sum(FIELDS[measure.name]).filter(where(each)) for measure, each in sums]
        if not asks:
            continue
        within = _asked(from_ms, to_ms, window) if asked else _arrived(from_ms, to_ms, window)
        # A sum of nothing is None, and PostgreSQL sums to a Decimal.
        values = [int(value or 0) for value in session.execute(select(*asks).where(*within)).one()]
        found.counts.update(dict(zip(counts, values, strict=False)))
        found.sums.update(dict(zip(sums, values[len(counts) :], strict=True)))


def _hours(session: Session, from_ms: int, to_ms: int, window: str | None) -> HourTotals:
    hour = Call.arrived // HOUR_MS
    found = HourTotals()
    query = (
        select(hour, func.count(), func.count(Call.agent_answered))
        .where(*_arrived(from_ms, to_ms, window), where(O))
        .group_by(hour)
    )
    for at, offered, answered in session.execute(query):
        found.offered[int(at)], found.answered[int(at)] = offered, answered
    return found


def _arrivals(session: Session, from_ms: int, to_ms: int, window: str | None) -> Counter[tuple[int, str]]:
    quarter = Call.arrived // QUARTER_MS
    query = (
        select(quarter, Call.outcome, func.count())
        .where(*_arrived(from_ms, to_ms, window), Call.test.is_(False), Call.outcome != FAX)
        .group_by(quarter, Call.outcome)
    )
    return Counter({(int(number), outcome): count for number, outcome, count in session.execute(query)})


def _arrived(from_ms: int, to_ms: int, window: str | None) -> tuple[ColumnElement[bool], ...]:
    within = (Call.arrived >= from_ms, Call.arrived < to_ms)
    return within if window is None else (*within, Call.window == window)


def _asked(from_ms: int, to_ms: int, window: str | None) -> tuple[ColumnElement[bool], ...]:
    return (*_arrived(from_ms, to_ms, window), Call.human_requested.is_not(None))
