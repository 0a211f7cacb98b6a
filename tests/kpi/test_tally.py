"""Waits counted by their length give the same as waits in a list; the worst 24 hours are found."""

from __future__ import annotations

import math
from collections import Counter
from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from ivr.kpi.call_totals import HourTotals, Waits
from ivr.kpi.formulas import figures
from ivr.kpi.records import HOUR_MS, AgentRequest, Figure, KpiLimits, Period

LIMITS = KpiLimits("p", "human_wait", 12_000)


def of(requests: list[AgentRequest], period: Period) -> dict[str, Figure]:
    return {figure.id: figure for figure in figures(requests, [], period, LIMITS)}


@given(st.lists(st.integers(0, 40), min_size=1), st.integers(0, 40))
def test_counted_waits_are_the_list_of_waits(waits: list[int], limit: int) -> None:
    counted, ordered = Waits(dict(Counter(waits))), sorted(waits)
    assert (counted.n, counted.total, counted.longest) == (len(waits), sum(waits), max(waits))
    assert counted.median == median(waits)
    assert counted.p90 == ordered[math.ceil(0.9 * len(waits)) - 1]
    assert counted.below(limit + 1) == sum(w <= limit for w in waits)
    assert counted.below(limit) == sum(w < limit for w in waits)


def test_nobody_waited_has_no_middle() -> None:
    nobody = Waits({})
    assert (nobody.n, nobody.median, nobody.p90, nobody.longest) == (0, None, None, None)


def test_k1g_is_the_worst_24_hours_that_end_in_the_period() -> None:
    day = 24 * HOUR_MS
    period = Period(day, 2 * day, 3 * day)
    good = [AgentRequest("answered", 1, arrived=hour * HOUR_MS) for hour in range(48) for _ in range(2)]
    # A bad evening before the period and a bad morning in it: together they are within 24 hours.
    bad = [AgentRequest("abandoned", 1, arrived=hour * HOUR_MS + 5) for hour in (20, 21, 22, 30, 31)]
    k1g = of(good + bad, period)["K1g"]
    # The worst 24 hours hold all five: O = 24 · 2 + 5.
    assert (k1g.numerator, k1g.denominator) == (48, 53)
    assert of(good, period)["K1g"].value == 1.0


def test_k1g_does_not_look_into_the_future() -> None:
    period = Period(0, 24 * HOUR_MS, HOUR_MS // 2)
    assert of([AgentRequest("answered", 1, arrived=0)], period)["K1g"].value is None


@given(st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=60))
def test_k1g_equals_a_search_of_every_window(calls: list[tuple[int, bool]]) -> None:
    requests = [AgentRequest("answered" if ok else "failed", 1, arrived=hour * HOUR_MS) for hour, ok in calls]
    answered, offered = HourTotals.of(requests).worst_day(24 * HOUR_MS, 60 * HOUR_MS)
    rates = []
    for end in range(25, 61):
        inside = [ok for hour, ok in calls if end - 24 <= hour < end]
        rates += [sum(inside) / len(inside)] if inside else []
    assert (answered / offered if offered else None) == (min(rates) if rates else None)


def test_k6_k7_k21_and_k22_from_the_same_requests() -> None:
    requests = [
        AgentRequest("answered", 1000, lead=4000, talk=60_000),
        AgentRequest("answered", 1000, lead=6000, talk=120_000, cut=True),
        AgentRequest("answered", 1000, lead=5000),  # still talking
        AgentRequest("abandoned", 1000, lead=9000),
        AgentRequest("answered", 1000, lead=1, talk=1, cut=True, test=True),
    ]
    late = [
        AgentRequest("waiting", 0, network=LIMITS.apology, asked=False, apology=n < 3, test=n == 4) for n in range(5)
    ]
    found = of([*requests, *late], Period(0, 10, 10))
    assert (found["K6"].numerator, found["K6"].denominator, found["K6"].exclusions) == (3, 4, (("test_calls", 1),))
    assert (found["K7-talk"].value, found["K7-talk"].denominator) == (90.0, 2)
    assert dict(found["K7-talk"].exclusions)["talking_now"] == 1
    assert (found["K21"].numerator, found["K21"].denominator) == (1, 3)
    assert (found["K22"].value, found["K22"].denominator) == (6.0, 4)


def test_figures_stand_in_the_order_of_b9() -> None:
    numbers = [int("".join(c for c in id_[1:3] if c.isdigit())) for id_ in of([], Period(0, 1, 1))]
    assert numbers == sorted(numbers) and {1, 2, 6, 12, 14, 15, 20, 22} <= set(numbers)
