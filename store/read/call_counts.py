"""Count calls in the database: the :class:`CallTotals` that ``CallTotals.of`` makes of records, for a year at once.

    counts = Counts(session, from_ms, to_ms, window)
    counts.tally(limits), counts.hours(), counts.late(limits)

Hours that are over were counted beforehand (:mod:`store.journal.hourly`); of the rest the database groups and sums. No
formula is here. ``records`` is the same question row by row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from ivr.kpi.call_totals import CallTotals, HourTotals
from ivr.kpi.records import HOUR_MS, AgentRequest, KpiLimits, LateCalls, RequestOutcome
from ivr.projections.fold import FAX, NORMAL_ENDS
from store.journal import hourly
from store.journal.hourly import CLASSES, QUARTER_MS
from store.schema import Call

DAY_MS = 24 * HOUR_MS

ANSWERED = Call.agent_answered.is_not(None)
# What is still in the queue has no wait yet, so whatever has one is of some class; a stepped clock makes it negative.
SOUND = and_(Call.human_wait >= 0, Call.test.is_(False))
CUT = and_(Call.released_by == "us", Call.cause.not_in(NORMAL_ENDS))
TALK = Call.agent_left - Call.agent_answered


def records(session: Session, from_ms: int, to_ms: int, window: str | None = None) -> Iterator[AgentRequest]:
    """The requests for a person among the calls that arrived in ``[from_ms, to_ms)``, one by one."""
    query = select(*hourly.COLUMNS).where(*_asked(from_ms, to_ms, window)).order_by(Call.arrived, Call.id)
    for row in session.execute(query):
        yield hourly.request(row)


class CallCounts:
    """What figures need of the calls that arrived in ``[from_ms, to_ms)``; ``window``: only those to this window."""

    def __init__(self, session: Session, from_ms: int, to_ms: int, window: str | None = None) -> None:
        self._session, self._from, self._window = session, from_ms, window
        self._kept = hourly.load(session, from_ms, to_ms, window)

    def tally(self, limits: KpiLimits) -> CallTotals:
        """The requests of the period, counted."""
        found = self._kept.tally(limits)
        for begin, end in self._kept.gaps:
            found.merge(_tally(self._session, begin, end, limits, self._window))
        return found

    def split(self, parts: Sequence[tuple[int, int]], limits: KpiLimits) -> list[CallTotals]:
        """The requests of each part ``[from, to)`` of the period, counted."""
        found, kept = [], self._kept
        for begin, end in parts:
            whole = not begin % HOUR_MS and not end % HOUR_MS
            if not whole:  # an hour that belongs to two parts
                found.append(tally(self._session, begin, end, limits, self._window))
                continue
            part = kept.between(begin // HOUR_MS, end // HOUR_MS).tally(limits)
            for first, last in self._kept.gaps:
                if first < end and last > begin:
                    part.merge(_tally(self._session, max(first, begin), min(last, end), limits, self._window))
            found.append(part)
        return found

    def hours(self) -> HourTotals:
        """Offered and answered by hour, from a day before the period (K1g looks back 24 hours)."""
        before = hourly.load(self._session, self._from - DAY_MS, self._from, self._window)
        found = before.hours()
        found.merge(self._kept.hours())
        for begin, end in (*before.gaps, *self._kept.gaps):
            found.merge(_hours(self._session, begin, end, self._window))
        return found

    def late(self, limits: KpiLimits) -> LateCalls:
        """Calls the system answered late (S4-29), whether a person was asked for or not."""
        found = self._kept.late(limits)
        for begin, end in self._kept.gaps:
            more = _late_calls(self._session, begin, end, limits, self._window)
            found = LateCalls(found.late + more.late, found.apologised + more.apologised, found.test + more.test)
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
    """The requests of the period, counted."""
    return CallCounts(session, from_ms, to_ms, window).tally(limits)


def hours(session: Session, from_ms: int, to_ms: int, window: str | None = None) -> HourTotals:
    """Offered and answered by hour, from a day before the period."""
    return CallCounts(session, from_ms, to_ms, window).hours()


def windows(session: Session, from_ms: int, to_ms: int) -> list[str]:
    """The windows that were asked for in the period."""
    return CallCounts(session, from_ms, to_ms).windows()


# --- counted from calls ----------------------------------------------------------------------


def _tally(session: Session, from_ms: int, to_ms: int, limits: KpiLimits, window: str | None) -> CallTotals:
    asked, talked = _asked(from_ms, to_ms, window), and_(ANSWERED, SOUND)
    clock = {"human_wait": Call.human_wait, "agent_ring": Call.agent_ring_wait, "network_answer": Call.network_wait}[
        limits.clock
    ]
    row = session.execute(
        select(
            func.count().filter(Call.test),
            func.count().filter(Call.human_wait.is_(None), Call.test.is_(False)),
            func.count().filter(Call.human_wait < 0, Call.test.is_(False)),
            func.count().filter(clock <= limits.limit, talked),
            func.count(TALK).filter(talked),
            func.sum(TALK).filter(talked),
            func.count().filter(CUT, talked),
            func.sum(Call.human_requested - Call.arrived).filter(SOUND),
        ).where(*asked)
    ).one()
    # A sum of nothing is None, and PostgreSQL sums to a Decimal.
    test, waiting, errors, in_limit, n, talk_ms, cut, lead_ms = (int(value or 0) for value in row)
    waits: Counter[tuple[RequestOutcome, int]] = Counter()
    answered = select(Call.human_wait, func.count()).where(*asked, talked).group_by(Call.human_wait)
    for wait, count in session.execute(answered):
        waits["answered", wait or 0] = count
    others = select(Call.outcome, Call.human_wait, func.count()).where(*asked, SOUND, Call.agent_answered.is_(None))
    for outcome, wait, count in session.execute(others.group_by(Call.outcome, Call.human_wait)):
        waits[CLASSES.get(outcome, "failed"), wait or 0] = count
    return CallTotals(test, waiting, errors, waits, in_limit, n, talk_ms, cut, lead_ms)


def _hours(session: Session, from_ms: int, to_ms: int, window: str | None) -> HourTotals:
    hour = Call.arrived // HOUR_MS
    found = HourTotals()
    query = (
        select(hour, func.count(), func.count(Call.agent_answered))
        .where(*_asked(from_ms, to_ms, window), SOUND)
        .group_by(hour)
    )
    for at, offered, answered in session.execute(query):
        found.offered[int(at)], found.answered[int(at)] = offered, answered
    return found


def _late_calls(session: Session, from_ms: int, to_ms: int, limits: KpiLimits, window: str | None) -> LateCalls:
    real = Call.test.is_(False)
    late, apologised, test = session.execute(
        select(
            func.count().filter(real), func.count().filter(real, Call.late_apology), func.count().filter(Call.test)
        ).where(*_arrived(from_ms, to_ms, window), Call.network_wait >= limits.apology)
    ).one()
    return LateCalls(late, apologised, test)


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
