"""The rows behind a figure: which calls, cases or outage notices make its numerator and its denominator, and what was
left out of it.

They are found by its record (:mod:`ivr.kpi.kpis`), by which it is counted: the predicates of calls as SQL, the fate of
each other row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from ivr.kpi import kpis
from ivr.kpi.calls import OfCalls, at
from ivr.kpi.kpi import Rows, Share
from ivr.kpi.records import DAY_MS, HOUR_MS, KpiLimits, Period
from store.figures.dispatching import dispatched
from store.figures.figures import Material, follow_ups
from store.figures.promises import due_cases
from store.journal import ratings
from store.journal.requests import where
from store.read import call_counts, missed, outage_notices

NUMERATOR, DENOMINATOR, REST = "numerator", "denominator", "rest"
List = Literal["cases", "calls", "outages"]
Found = tuple[Any, Mapping[List, list[str]]]  # a row of a figure, and the ids of what is shown for it
# (kind of rows, to be shown as): read anew, where they are not at hand.
SHOWN: Mapping[Rows, List] = {
    "cases": "cases", "dispatched": "cases", "follow_ups": "cases", "outages": "outages", "missed": "calls",
}  # fmt: skip
READ: Mapping[Rows, Callable[[Session, int, int, KpiLimits], Iterable[Any]]] = {
    "cases": lambda session, first, last, _limits: due_cases(session, first, last),
    "dispatched": lambda session, first, last, _limits: dispatched(session, first, last),
    "follow_ups": lambda session, first, last, _limits: follow_ups(session, first, last),
    "outages": lambda session, first, last, _limits: outage_notices.planned(session, first, last),
    "missed": lambda session, first, last, limits: missed.read(session, first, last, limits.missed).callers(),
}


@dataclass(frozen=True, slots=True)
class CallRows:
    """Conditions on calls, by part: ``numerator``, ``denominator``, ``rest``, or why they were left out."""

    period: tuple[int, int]
    parts: Mapping[str, ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class IdRows:
    """Ids of cases, of calls (of K20: the first missed one of each number) and of outage notices, by part."""

    cases: dict[str, list[str]] = field(default_factory=dict)
    calls: dict[str, list[str]] = field(default_factory=dict)
    outages: dict[str, list[str]] = field(default_factory=dict)

    @property
    def parts(self) -> list[str]:
        """The parts there are, the figure's own first."""
        return list(dict.fromkeys([NUMERATOR, REST, DENOMINATOR, *self.cases, *self.calls, *self.outages]))

    def count(self, part: str) -> int:
        """How many rows a part has."""
        return sum(len(ids.get(part, ())) for ids in (self.cases, self.calls, self.outages))


def has_rows(id_: str) -> bool:
    """Are there rows behind the figure?"""
    kpi = kpis.of(id_)
    return kpi is not None and (isinstance(kpi.how, OfCalls) or kpi.how.kept)


def rows(session: Session, id_: str, period: Period, limits: KpiLimits) -> CallRows | IdRows | None:
    """What is behind the figure; None: there is no figure of that name, or its rows are not kept."""
    found = ids(session, id_, period, limits)
    return found or conditions(id_, period, limits, worst_day(session, period) if id_ == "K1g" else (0, 0))


def ids(
    session: Session,
    id_: str,
    period: Period,
    limits: KpiLimits,
    known: Material | None = None,
    rated: Iterable[ratings.Listed] | None = None,
) -> IdRows | None:
    """What is behind a figure that is not of calls; None for all others.

    ``known``: what they were counted from; ``rated``: what ``ratings.listed`` gave of the period already.
    """
    kpi = kpis.of(id_)
    if kpi is None or not isinstance(kpi.how, Share) or not kpi.how.kept:
        return None
    found = IdRows()
    for kind in kpi.how.rows:
        for row, shown in _rows(session, kind, period, limits, known, rated):
            fate = kpi.how.fate(row, period, limits)
            for name, each in shown.items():
                _sort(getattr(found, name), fate, each)
    return found


def conditions(id_: str, period: Period, limits: KpiLimits, worst: tuple[int, int]) -> CallRows | None:
    """What is behind a figure of calls; None for all others. ``worst``: see :func:`worst_day`."""
    kpi = kpis.of(id_)
    if kpi is None or not isinstance(how := kpi.how, OfCalls):
        return None
    limits = kpis.limits_of(id_, limits)
    of, span = at(how.of, limits), worst if how.worst_day else (period.from_ms, period.to_ms)
    parts = {DENOMINATOR: of}
    if how.good is not None:
        good = at(how.good, limits)
        parts = {NUMERATOR: good, REST: of & ~good, DENOMINATOR: of}
    return CallRows(span, {part: where(so) for part, so in {**parts, **how.excluded(limits)}.items()})


def worst_day(session: Session, period: Period) -> tuple[int, int]:
    """The 24 hours ``[from, to)`` with the lowest answer rate (K1g)."""
    hours = call_counts.hours(session, period.from_ms, period.to_ms)
    end = hours.worst_hours(period.from_ms, min(period.to_ms, period.now_ms))[2] * HOUR_MS
    return end - DAY_MS, end


def _rows(
    session: Session, kind: Rows, period: Period, limits: KpiLimits, known: Material | None,
    rated: Iterable[ratings.Listed] | None,
) -> Iterable[Found]:  # fmt: skip
    span = (period.from_ms, period.to_ms)
    if kind == "ratings":
        every = ratings.listed(session, *span) if rated is None else rated
        return [(row, {"calls": calls, "cases": cases}) for row, calls, cases in every]
    found = READ[kind](session, *span, limits) if known is None else known.rows[kind]
    return [(row, {SHOWN[kind]: [row.id]}) for row in found]


def _sort(parts: dict[str, list[str]], fate: str, ids: list[str]) -> None:
    if not fate or not ids:
        return
    if fate in ("good", "failed"):
        parts.setdefault(NUMERATOR if fate == "good" else REST, []).extend(ids)
        parts.setdefault(DENOMINATOR, []).extend(ids)
    else:
        parts.setdefault(fate, []).extend(ids)
