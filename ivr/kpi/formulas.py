"""The formulas of requirements B9 for calls, each with its numerator, denominator and exclusions (pure).

w ≤ N is inclusive; a short abandon has w < ``short``. Test calls, requests still waiting, and waits that
a stepped clock made negative are in no figure, and are counted in every figure's exclusions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ivr.kpi.aftercare import aftercare
from ivr.kpi.blocking import blocking
from ivr.kpi.call_totals import CallTotals, HourTotals, Waits
from ivr.kpi.kpis import shares
from ivr.kpi.making import Maker, seconds
from ivr.kpi.promises import arrival_time
from ivr.kpi.records import (
    AgentRequest,
    Announced,
    Dispatched,
    DueCase,
    Figure,
    FollowUp,
    KpiLimits,
    LateCalls,
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
    late: LateCalls | None = None,
    follow_ups: Iterable[FollowUp] = (),
    missed: Iterable[MissedCaller] = (),
    ratings: Iterable[RatingCount] = (),
    dispatched: Iterable[Dispatched] = (),
    outages: Iterable[Announced] = (),
    taken: int = 0,
    away: Iterable[TurnedAway] = (),
) -> tuple[Figure, ...]:
    """Every figure of the period from records, in the order of B9.

    ``requests`` may reach back before the period, for the 24 hours of K1g.
    """
    every = list(requests)
    inside = [r for r in every if r.arrived >= period.from_ms]
    return all_figures(
        CallTotals.of(inside, limits), HourTotals.of(every), late or LateCalls(), list(cases), list(follow_ups),
        list(missed), period, limits, list(ratings), list(dispatched), list(outages), taken, list(away),
    )  # fmt: skip


def all_figures(
    tally: CallTotals,
    hours: HourTotals,
    late: LateCalls,
    cases: Sequence[DueCase],
    follow_ups: Sequence[FollowUp],
    missed: Sequence[MissedCaller],
    period: Period,
    limits: KpiLimits,
    ratings: Sequence[RatingCount] = (),
    dispatched: Sequence[Dispatched] = (),
    outages: Sequence[Announced] = (),
    taken: int = 0,
    away: Sequence[TurnedAway] = (),
) -> tuple[Figure, ...]:
    """Return every figure from what was counted already. ``taken``: calls let in, for whatever; ``away``: those not."""
    bare = Maker(limits.profile, period)
    found = (
        *call_figures(tally, hours, late, period, limits),
        *shares(bare, {"cases": cases, "dispatched": dispatched, "outages": outages}),
        arrival_time(bare, cases),
        *aftercare(bare, follow_ups, missed, limits.missed, ratings),
        *manners(_maker(tally, period, limits), tally),
        *blocking(bare, taken, away),
    )
    return tuple(sorted((_aimed(figure, limits) for figure in found), key=lambda figure: k_number(figure.id)))


def _aimed(figure: Figure, limits: KpiLimits) -> Figure:
    """Return the figure with the target the profile sets for it."""
    found = next((target.share for target in limits.targets if target.is_of(figure)), None)
    return figure if found is None else replace(figure, target=found)


def k_number(id_: str) -> int:
    """The number of a figure in B9: 2 of ``K2a-15``."""
    digits = re.match(r"K(\d+)", id_)
    assert digits, id_
    return int(digits[1])


def call_figures(
    tally: CallTotals, hours: HourTotals, late: LateCalls, period: Period, limits: KpiLimits
) -> tuple[Figure, ...]:
    """K1 to K7."""
    make = _maker(tally, period, limits)
    answered, abandoned = tally.waits_of("answered"), tally.waits_of("abandoned")
    return (
        *connection_rates(make, tally, answered, abandoned, limits),
        continuous_rate(Maker(limits.profile, period), hours, period),
        *(f for n in limits.all_levels for f in service_levels(make, tally, answered, abandoned, limits, n)),
        *answer_speeds(make, answered),
        *abandonment(make, tally, abandoned, limits),
        *ring_compliance(make, tally, answered, limits),
        Maker(limits.profile, period, (("test_calls", late.test),)).ratio(
            "K6", "迟接致歉率", "late calls with an apology first", late.apologised, late.late,
            note=f"apologised / answered after {seconds(limits.apology)} s or more (S4-29)",
        ),
        make.mean(
            "K7-talk", "平均通话时长", "mean talk time", tally.talk_ms, tally.talked,
            (("talking_now", answered.n - tally.talked),), "Σ(operator answered → left) / A; holds are in it, "
            "after-call work is not",
        ),
    )  # fmt: skip


def connection_rates(
    make: Maker, tally: CallTotals, answered: Waits, abandoned: Waits, limits: KpiLimits
) -> tuple[Figure, ...]:
    """K1 人工接通率 A / O, and K1n A / (O − S)."""
    short = abandoned.below(limits.short)
    return (
        make.ratio("K1", "人工接通率", "answer rate", answered.n, tally.offered, note="A / O"),
        make.ratio(
            "K1n",
            "人工接通率(不计短时放弃)",
            "answer rate, short abandons out",
            answered.n,
            tally.offered - short,
            (("short_abandons", short),),
            f"A / (O − S), S: abandoned before {seconds(limits.short)} s",
        ),
    )


def continuous_rate(make: Maker, hours: HourTotals, period: Period) -> Figure:
    """K1g 连续24小时接通率: the lowest A / O of 24 hours that end with a full hour of the period (GB/T 33358)."""
    answered, offered = hours.worst_day(period.from_ms, min(period.to_ms, period.now_ms))
    note = "A / O of the 24 h with the lowest rate; they end with a full hour of the period and may begin before it"
    return make.ratio(
        "K1g", "连续24小时接通率(最低)", "lowest answer rate of any 24 hours", answered, offered, note=note
    )


def service_levels(
    make: Maker, tally: CallTotals, answered: Waits, abandoned: Waits, limits: KpiLimits, level: int
) -> tuple[Figure, ...]:
    """K2a–d: answered within N, of offered; short abandons out; of answered; the optimistic one."""
    n, offered = seconds(level), tally.offered
    quick, early, short = answered.up_to(level), abandoned.up_to(level), abandoned.below(limits.short)
    return (
        make.ratio(f"K2a-{n}", f"{n}秒接通率", f"answered within {n} s", quick, offered, note="#(A, w ≤ N) / O"),
        make.ratio(
            f"K2b-{n}",
            f"{n}秒接通率(不计短时放弃)",
            f"answered within {n} s, short abandons out",
            quick,
            offered - short,
            (("short_abandons", short),),
            "#(A, w ≤ N) / (O − S)",
        ),
        make.ratio(
            f"K2c-{n}",
            f"{n}秒应答及时率",
            f"of the answered, within {n} s",
            quick,
            answered.n,
            note="#(A, w ≤ N) / A; flatters: never publish it alone",
        ),
        make.ratio(
            f"K2d-{n}",
            f"{n}秒接通率(乐观)",
            f"answered or gone within {n} s",
            quick + early,
            offered,
            note="(#(A, w ≤ N) + #(X, w ≤ N)) / O; optimistic",
        ),
    )


def answer_speeds(make: Maker, answered: Waits) -> tuple[Figure, ...]:
    """K3 平均应答速度 Σw(A) / A, with median, 90th percentile (nearest rank) and maximum."""
    n = answered.n
    return (
        make.mean("K3", "平均应答速度", "average speed of answer", answered.total, n, note="Σw(A) / A"),
        make.order("K3-median", "应答等待中位数", "median wait of the answered", answered.median, n, "of A"),
        make.order("K3-p90", "应答等待90分位", "90th percentile wait of the answered", answered.p90, n, "of A"),
        make.order("K3-max", "最长应答等待", "longest wait of the answered", answered.longest, n, "of A"),
    )


def abandonment(make: Maker, tally: CallTotals, abandoned: Waits, limits: KpiLimits) -> tuple[Figure, ...]:
    """K4 放弃率 X / O, net (X − S) / O, and the mean time to abandon."""
    short = abandoned.below(limits.short)
    return (
        make.ratio("K4", "放弃率", "abandon rate", abandoned.n, tally.offered, note="X / O"),
        make.ratio(
            "K4n",
            "净放弃率",
            "abandon rate, net of short ones",
            abandoned.n - short,
            tally.offered,
            (("short_abandons", short),),
            "(X − S) / O",
        ),
        make.mean("K4-time", "平均放弃时间", "mean time to abandon", abandoned.total, abandoned.n, note="Σw(X) / X"),
    )


def ring_compliance(make: Maker, tally: CallTotals, answered: Waits, limits: KpiLimits) -> tuple[Figure, ...]:
    """K5 铃响达标率: answered within the profile's limit by its clock, of answered and of offered (ANS-1, ANS-2)."""
    n = seconds(limits.limit)
    note = f"answered within {n} s by {limits.clock}"
    if limits.clock == "network_answer":
        note += "; the system's own answer: see K2a for the wait for a person"
    en = f"answered within {n} s"
    return (
        make.ratio("K5", "铃响达标率", en, tally.in_limit, answered.n, note=note + " / A"),
        make.ratio(
            "K5-offered", "铃响达标率(按呼入)", en + ", of offered", tally.in_limit, tally.offered, note=note + " / O"
        ),
    )


def manners(make: Maker, tally: CallTotals) -> tuple[Figure, ...]:
    """K21 我方先挂机率 (ANS-6), and K22: how soon a person can be asked for."""
    answered = tally.waits_of("answered").n
    return (
        make.ratio(
            "K21", "我方先挂机率", "ended by us without grace or consent", tally.cut, answered,
            note="released by us, neither after the grace time nor with consent / A; target 0 (S4-33)",
        ),
        make.mean(
            "K22", "转人工用时", "time until a person is asked for", tally.lead_ms, tally.offered,
            note="Σ(arrival → request) / O",
        ),
    )  # fmt: skip


def _maker(tally: CallTotals, period: Period, limits: KpiLimits) -> Maker:
    left_out = (
        ("test_calls", tally.test),
        ("waiting_now", tally.waiting),
        ("clock_errors", tally.clock_errors),
    )
    return Maker(limits.profile, period, left_out)
