"""The figures of requirements B9 from what was counted, each with its numerator, denominator and exclusions (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from ivr.kpi.blocking import TAKEN
from ivr.kpi.call_totals import CallTotals, Counted, HourTotals
from ivr.kpi.calls import OfCalls, at, worded
from ivr.kpi.kpi import Everything, Kpi, Share
from ivr.kpi.kpis import KPIS, levels, wanted
from ivr.kpi.making import Maker, seconds
from ivr.kpi.records import (
    AgentRequest,
    Announced,
    Dispatched,
    DueCase,
    Figure,
    FollowUp,
    KpiLimits,
    MissedCaller,
    Period,
    RatingCount,
    TurnedAway,
)


def figures(
    requests: Iterable[AgentRequest],
    cases: Iterable[DueCase],
    period: Period,
    limits: KpiLimits,
    follow_ups: Iterable[FollowUp] = (),
    missed: Iterable[MissedCaller] = (),
    ratings: Iterable[RatingCount] = (),
    dispatched: Iterable[Dispatched] = (),
    outages: Iterable[Announced] = (),
    taken: int = 0,
    away: Iterable[TurnedAway] = (),
) -> tuple[Figure, ...]:
    """Every figure of the period from records, in the order of B9.

    ``requests`` may reach back before the period, for the 24 hours of K1g. ``taken``: calls let in, whatever they asked
    for; ``away``: those not.
    """
    every = list(requests)
    inside = [r for r in every if r.arrived >= period.from_ms]
    rows: Everything = {
        "cases": list(cases), "dispatched": list(dispatched), "outages": list(outages), "follow_ups": list(follow_ups),
        "ratings": list(ratings), "missed": list(missed), "attempts": [*away, TurnedAway(TAKEN, taken)],
    }  # fmt: skip
    return all_figures(CallTotals.of(inside, wanted(limits)), HourTotals.of(every), rows, period, limits)


def all_figures(
    tally: CallTotals, hours: HourTotals, rows: Everything, period: Period, limits: KpiLimits
) -> tuple[Figure, ...]:
    """Every figure from what was counted already; rows of a kind that is not there are none."""
    counted, make, found = Counted(tally), Maker(limits.profile, period), []
    for kpi in KPIS.values():
        if isinstance(kpi.how, Share):
            of_rows = [row for kind in kpi.how.rows for row in rows.get(kind, ())]
            found.append((kpi.number, 0, share(make, kpi.id, kpi.how, of_rows, limits)))
        else:
            found += [
                (kpi.number, each.level, _of_calls(make, kpi, kpi.how, counted, hours, each))
                for each in levels(kpi.how, limits)
            ]
    return tuple(_aimed(figure, limits) for *_place, figure in sorted(found, key=lambda each: each[:2]))


def share(make: Maker, id_: str, how: Share, rows: Sequence[Any], limits: KpiLimits) -> Figure:
    """Count a figure of rows."""
    fates: Counter[str] = Counter()
    took = 0
    for row in rows:
        fate = how.fate(row, make.period, limits)
        fates[fate] += getattr(row, "n", 1)
        if how.took is not None and fate == "good":
            took += how.took(row)
    why = dict.fromkeys((*how.told, *(fate for fate in fates if fate not in ("", "good", "failed"))))
    left_out = tuple((reason, fates[reason]) for reason in why)
    note = worded(how.note, limits)
    if how.took is not None:
        return make.mean(id_, how.zh, how.en, took, fates["good"], left_out, note)
    return make.ratio(id_, how.zh, how.en, fates["good"], fates["good"] + fates["failed"], left_out, note)


def _of_calls(make: Maker, kpi: Kpi, how: OfCalls, counted: Counted, hours: HourTotals, limits: KpiLimits) -> Figure:
    id_ = f"{kpi.id}-{seconds(limits.level)}" if how.levels else kpi.id
    zh, en, note = (worded(text, limits) for text in (how.zh, how.en, how.note))
    left_out = tuple((why, counted.count(part)) for why, part in how.excluded(limits).items())
    of = at(how.of, limits)
    if how.worst_day:
        answered, offered = hours.worst_day(make.period.from_ms, min(make.period.to_ms, make.period.now_ms))
        return make.ratio(id_, zh, en, answered, offered, left_out, note)
    if how.measure is None:
        assert how.good is not None, kpi
        return make.ratio(id_, zh, en, counted.count(at(how.good, limits)), counted.count(of), left_out, note)
    if how.how == "mean":
        return make.mean(id_, zh, en, counted.total(how.measure, of), counted.count(of), left_out, note)
    return make.order(id_, zh, en, getattr(counted.spread(of), how.how), counted.count(of), left_out, note)


def _aimed(figure: Figure, limits: KpiLimits) -> Figure:
    """Return the figure with the target the profile sets for it."""
    found = next((target.share for target in limits.targets if target.is_of(figure)), None)
    return figure if found is None else replace(figure, target=found)
