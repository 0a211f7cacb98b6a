"""The rows behind a figure: which calls, cases or outage notices make its numerator and its denominator, and what was
left out of it.

The same conditions that count (:mod:`store.read.call_counts`, ``fate`` in :mod:`ivr.kpi`), asked for row by row; a test
holds every figure's counts against its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import Session

from ivr.kpi.aftercare import follow_up_fate, missed_fate, rated_fate
from ivr.kpi.kpis import KPIS, Rows
from ivr.kpi.promises import arrival_fate
from ivr.kpi.records import HOUR_MS, KpiLimits, Period
from store.figures.dispatching import dispatched
from store.figures.figures import Material, follow_ups
from store.figures.promises import due_cases
from store.journal import ratings
from store.read import call_counts, missed, outage_notices
from store.read.call_counts import ANSWERED, CUT, DAY_MS, SOUND, TALK
from store.schema import Call

READ: Mapping[Rows, Callable[[Session, int, int], Iterable[Any]]] = {
    "cases": due_cases, "dispatched": dispatched, "outages": outage_notices.planned,
}  # fmt: skip
WITHOUT_ROWS = ("K26",)  # who was turned away is in no row
NUMERATOR, DENOMINATOR, REST = "numerator", "denominator", "rest"
ASKED = Call.human_requested.is_not(None)
REAL = Call.test.is_(False)
O = and_(ASKED, SOUND)  # noqa: E741 - the letters of B9
A = and_(O, ANSWERED)
X = and_(O, Call.agent_answered.is_(None), Call.outcome == "abandoned")


@dataclass(frozen=True, slots=True)
class CallRows:
    """Conditions on calls, by part: ``numerator``, ``denominator``, ``rest``, or why they were left out."""

    period: tuple[int, int]
    parts: Mapping[str, ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class IdRows:
    """Ids of cases, of calls (of K20: the first missed one of each number) and of outage notices, by part."""

    cases: Mapping[str, list[str]] = field(default_factory=dict)
    calls: Mapping[str, list[str]] = field(default_factory=dict)
    outages: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def parts(self) -> list[str]:
        """The parts there are, the figure's own first."""
        return list(dict.fromkeys([NUMERATOR, REST, DENOMINATOR, *self.cases, *self.calls, *self.outages]))

    def count(self, part: str) -> int:
        """How many rows a part has."""
        return sum(len(ids.get(part, ())) for ids in (self.cases, self.calls, self.outages))


def has_rows(id_: str) -> bool:
    """Are there rows behind the figure?"""
    return id_.partition("-")[0] not in WITHOUT_ROWS


def rows(session: Session, id_: str, period: Period, limits: KpiLimits) -> CallRows | IdRows | None:
    """What is behind the figure; None: there is no figure of that name."""
    found = ids(session, id_, period, limits)
    return found or conditions(id_, period, limits, worst_day(session, period) if id_ == "K1g" else (0, 0))


def ids(
    session: Session,
    id_: str,
    period: Period,
    limits: KpiLimits,
    known: Material | None = None,
    rated: Sequence[ratings.Listed] | None = None,
) -> IdRows | None:
    """Return the rows of a figure of promises or of what follows calls; None for others. ``known``: what they were
    counted from; ``rated``: what ``ratings.listed`` gave of the period already."""
    span = (period.from_ms, period.to_ms)
    if id_ in KPIS and (share := KPIS[id_].share):
        every = READ[share.rows](session, *span) if known is None else getattr(known, share.rows)
        parts = _by_fate([(share.fate(each, period), each.id) for each in every])
        return IdRows(outages=parts) if share.rows == "outages" else IdRows(parts)
    if id_ == "K18-time":
        cases = due_cases(session, *span) if known is None else known.cases
        return IdRows(_by_fate([(arrival_fate(case, period), case.id) for case in cases]))
    if id_ in ("K15", "K16", "K16-rated", "K17"):
        closed = [] if id_ == "K17" else follow_ups(session, *span) if known is None else known.follow_ups
        asked = [(follow_up_fate(id_, each), each.id) for each in closed]
        told = [] if id_ == "K15" else ratings.listed(session, *span) if rated is None else rated
        fates = [(rated_fate(id_, kind), calls, cases) for kind, calls, cases in told]
        return IdRows(
            _by_fate([*asked, *((fate, case) for fate, _calls, cases in fates for case in cases)]),
            _by_fate([(fate, call) for fate, calls, _cases in fates for call in calls]),
        )
    if id_ == "K20":
        callers = (missed.read(session, *span, limits.missed) if known is None else known.missed).callers()
        return IdRows(calls=_by_fate([(missed_fate(each, period, limits.missed), each.id) for each in callers]))
    return None


def conditions(id_: str, period: Period, limits: KpiLimits, worst: tuple[int, int]) -> CallRows | None:
    """Return the SQL conditions of a figure of calls; None for others. ``worst``: see :func:`worst_day`."""
    span = (period.from_ms, period.to_ms)
    if id_ == "K6":
        late = Call.network_wait >= limits.apology
        return CallRows(
            span, _shares(and_(REAL, late, Call.late_apology), and_(REAL, late)) | {"test_calls": and_(Call.test, late)}
        )
    if id_ == "K1g":
        return CallRows(worst, _shares(A, O))
    found = _of_calls(id_, limits)
    return None if found is None else CallRows(span, {**found, **_left_out()})


def worst_day(session: Session, period: Period) -> tuple[int, int]:
    """The 24 hours ``[from, to)`` with the lowest answer rate (K1g)."""
    hours = call_counts.hours(session, period.from_ms, period.to_ms)
    end = hours.worst_hours(period.from_ms, min(period.to_ms, period.now_ms))[2] * HOUR_MS
    return end - DAY_MS, end


def _of_calls(id_: str, limits: KpiLimits) -> dict[str, ColumnElement[bool]] | None:
    """K1 to K5, K7, K21 and K22, in the letters of B9."""
    short = and_(X, Call.human_wait < limits.short)
    soon = {"short_abandons": short}
    name, _dash, level = id_.partition("-")
    if name in ("K2a", "K2b", "K2c", "K2d"):
        try:
            quick = Call.human_wait <= round(float(level) * 1000)
        except ValueError:
            return None
        within = and_(A, quick)
        return {
            "K2a": _shares(within, O),
            "K2b": _shares(within, and_(O, ~short)) | soon,
            "K2c": _shares(within, A),
            "K2d": _shares(and_(or_(A, X), quick), O),
        }[name]
    clock = {"human_wait": Call.human_wait, "agent_ring": Call.agent_ring_wait, "network_answer": Call.network_wait}
    in_limit = and_(A, clock[limits.clock].is_not(None), clock[limits.clock] <= limits.limit)
    known = {
        "K1": _shares(A, O),
        "K1n": _shares(A, and_(O, ~short)) | soon,
        "K3": {DENOMINATOR: A}, "K3-median": {DENOMINATOR: A}, "K3-p90": {DENOMINATOR: A}, "K3-max": {DENOMINATOR: A},
        "K4": _shares(X, O),
        "K4n": _shares(and_(X, ~short), O) | soon,
        "K4-time": {DENOMINATOR: X},
        "K5": _shares(in_limit, A),
        "K5-offered": _shares(in_limit, O),
        "K7-talk": {DENOMINATOR: and_(A, TALK.is_not(None)), "talking_now": and_(A, TALK.is_(None))},
        "K21": _shares(and_(A, CUT), A),
        "K22": {DENOMINATOR: O},
    }  # fmt: skip
    return known.get(id_)


def _left_out() -> dict[str, ColumnElement[bool]]:
    return {
        "test_calls": and_(ASKED, Call.test),
        "waiting_now": and_(ASKED, REAL, Call.human_wait.is_(None)),
        "clock_errors": and_(ASKED, REAL, Call.human_wait < 0),
    }


def _shares(numerator: ColumnElement[bool], denominator: ColumnElement[bool]) -> dict[str, ColumnElement[bool]]:
    return {NUMERATOR: numerator, REST: and_(denominator, ~numerator), DENOMINATOR: denominator}


def _by_fate(fates: list[tuple[str, str]]) -> dict[str, list[str]]:
    parts: dict[str, list[str]] = {}
    for fate, id_ in fates:
        if fate in ("good", "failed"):
            parts.setdefault(NUMERATOR if fate == "good" else REST, []).append(id_)
            parts.setdefault(DENOMINATOR, []).append(id_)
        elif fate:
            parts.setdefault(fate, []).append(id_)
    return parts
