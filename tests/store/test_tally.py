"""The database counts what the formulas define: grouped by SQL or one by one, the same to the last digit."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from sqlalchemy import Engine, insert
from sqlalchemy.orm import Session

from ivr.kpi.call_totals import CallTotals, Counted, HourTotals
from ivr.kpi.calls import OfCalls
from ivr.kpi.formulas import all_figures
from ivr.kpi.kpis import KPIS, wanted
from ivr.kpi.records import HOUR_MS, KpiLimits, Period
from ivr.profile import Profile
from ivr.projections.rows import CallRow
from store.derived import values_of
from store.engine import reading
from store.figures.figures import limits
from store.read import call_counts
from store.schema import Call

START = 1_795_190_400_000
DAY = 24 * HOUR_MS
WINDOWS = ("general", "repair")


def some_calls(seed: int, count: int) -> list[dict[str, object]]:
    """Rows as the journal makes them: every outcome, test calls, waits on every limit, a clock stepped back."""
    chance = random.Random(seed)
    rows = []
    for number in range(count):
        row = values_of(CallRow(f"{seed}-{number}", START - DAY + chance.randrange(3 * DAY)))
        row["test"], row["window"] = chance.random() < 0.1, chance.choice(WINDOWS)
        row["network_wait"] = chance.choice([None, 100, 12_000, 12_001, 15_000, 40_000])
        row["late_apology"] = chance.random() < 0.5
        row["handed_over"] = chance.choice([0, 0, 1, 2, 3])
        row["released_by"] = chance.choice(["caller", "us", "failure"])
        row["cause"] = chance.choice(["caller_left", "grace_timeout", "consent", "hangup"])
        row["outcome"] = chance.choice(["live", "self", "hung_up"])
        if chance.random() < 0.85:
            _asks(row, chance)
        rows.append(row)
    return rows


def _asks(row: dict[str, object], chance: random.Random) -> None:
    asked = int(str(row["arrived"])) + chance.randrange(20_000)
    wait = chance.choice([0, 4999, 5000, 12_000, 12_001, 15_000, 20_000, -3, chance.randrange(90_000)])
    row["human_requested"] = asked
    fate = chance.choice(["answered", "talking", "waiting", "abandoned", "callback", "failed", "unanswered"])
    row["outcome"] = "live" if fate in ("talking", "waiting") else fate
    if fate != "waiting":
        row["human_wait"] = wait
    if fate in ("answered", "talking"):
        row["agent_answered"] = asked + wait
        row["agent_ring_wait"] = chance.choice([None, 5000, 12_000, 12_001, chance.randrange(20_000)])
    if fate == "answered":
        row["agent_left"] = asked + wait + chance.randrange(300_000)


@pytest.mark.parametrize("profile", ["sgcc_window", "zhumadian_2023"])
@pytest.mark.parametrize("clock", ["human_wait", "agent_ring", "network_answer"])
def test_grouped_by_the_database_or_one_by_one_every_figure_is_the_same(
    engine: Engine, profile: str, clock: str
) -> None:
    known: KpiLimits = replace(limits(Profile.load(profile)), clock=clock)
    period = Period(START, START + DAY, START + 2 * DAY)
    seed = sum(map(ord, profile + clock))
    with engine.begin() as connection:
        connection.execute(insert(Call), some_calls(seed, 1500))
    with Session(reading(engine)) as session:
        for window in (None, *WINDOWS):
            fast = call_counts.tally(session, period.from_ms, period.to_ms, known, window)
            slow = CallTotals.of(call_counts.records(session, period.from_ms, period.to_ms, window), wanted(known))
            assert fast == slow
            assert fast.offered and all(fast.counts.values()) and all(fast.sums.values())
            fast_hours = call_counts.hours(session, period.from_ms, period.to_ms, window)
            slow_hours = HourTotals.of(call_counts.records(session, period.from_ms - DAY, period.to_ms, window))
            assert fast_hours == slow_hours
            both = [
                all_figures(made, hours, {}, period, known) for made, hours in ((fast, fast_hours), (slow, slow_hours))
            ]
            assert both[0] == both[1]


def test_late_calls_are_counted_whether_a_person_was_asked_for_or_not(engine: Engine) -> None:
    rows = some_calls(3, 400)
    with engine.begin() as connection:
        connection.execute(insert(Call), rows)
    inside = [r for r in rows if START <= int(str(r["arrived"])) < START + DAY]
    late = [r for r in inside if r["network_wait"] is not None and int(str(r["network_wait"])) >= 15_000]
    real = [r for r in late if not r["test"]]
    known = KpiLimits("p", "human_wait", 12_000)
    with Session(reading(engine)) as session:
        tallied = Counted(call_counts.tally(session, START, START + DAY, known))
    k6 = KPIS["K6"].how
    assert isinstance(k6, OfCalls)
    assert [tallied.count(part) for part in k6.parts(known)] == [
        sum(bool(r["late_apology"]) for r in real), len(real), len(late) - len(real),
    ]  # fmt: skip


def test_a_period_without_a_call_is_empty_not_an_error(engine: Engine) -> None:
    with Session(reading(engine)) as session:
        assert call_counts.tally(session, 0, DAY, KpiLimits("p", "human_wait", 12_000)) == CallTotals()
        assert call_counts.windows(session, 0, DAY) == []
