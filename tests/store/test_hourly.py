"""Figures of hours counted beforehand equal figures of the calls themselves, to the last digit."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, insert, select, update
from sqlalchemy.orm import Session

from ivr.kpi.call_totals import CallTotals, HourTotals
from ivr.kpi.kpis import wanted
from ivr.kpi.records import HOUR_MS, KpiLimits
from ivr.profile import Profile
from store.engine import reading
from store.figures.figures import figures, limits
from store.journal import hourly
from store.journal.rebuild import count_hours, rebuild, verify
from store.journal.sql_ledger import SqlLedger
from store.read import call_counts
from store.schema import Call, CallHour
from tests.store.test_tally import DAY, START, WINDOWS, some_calls
from tests.support import history
from tests.support.history import Caller

PROFILE = Profile.load()
CLOCKS = ("human_wait", "agent_ring", "network_answer")


def over(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same calls when they are over, but those of two hours."""
    for row in rows:
        if row["outcome"] == "live" and row["arrived"] // HOUR_MS % 12:
            row["outcome"] = "failed"
    return rows


def everything(session: Session, from_ms: int, to_ms: int, window: str | None) -> list[Any]:
    """What figures and reports ask of calls, by each profile's clock."""
    counts = call_counts.CallCounts(session, from_ms, to_ms, window)
    found: list[Any] = [counts.hours(), counts.arrivals(), counts.windows()]
    for clock in CLOCKS:
        known: KpiLimits = replace(limits(PROFILE), clock=clock)
        found += [counts.tally(known), counts.tally(replace(known, apology=100))]
    return found


def of_records(session: Session, from_ms: int, to_ms: int, window: str | None) -> list[Any]:
    asked = list(call_counts.records(session, from_ms, to_ms, window))
    before = list(call_counts.records(session, from_ms - DAY, from_ms, window))
    return [
        HourTotals.of([*before, *asked]),
        *(CallTotals.of(asked, wanted(replace(limits(PROFILE), clock=clock))) for clock in CLOCKS),
    ]


def test_whatever_was_counted_beforehand_every_figure_is_the_same(engine: Engine) -> None:
    """Any period, any hours counted, any window and clock."""
    with engine.begin() as connection:
        connection.execute(insert(Call), over(some_calls(5, 700)))

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.integers(-DAY, 2 * DAY), st.integers(0, 3 * DAY), st.integers(0, 2**32), st.sampled_from([None, *WINDOWS])
    )
    @example(offset=0, length=3 * HOUR_MS, seed=1, window="general")  # others were asked for in an hour not counted
    def agree(offset: int, length: int, seed: int, window: str | None) -> None:
        dice, share = random.Random(seed), random.Random(seed + 1).random()
        begin, end = START + offset, START + offset + length
        with engine.begin() as connection:
            connection.execute(delete(CallHour))
        with Session(reading(engine)) as session:
            plain = everything(session, begin, end, window)
            defined = of_records(session, begin, end, window)
            shown = figures(session, begin, end, PROFILE, START + 4 * DAY, window)
        with engine.begin() as connection:
            for hour in range((START - DAY) // HOUR_MS - 2, (START + 2 * DAY) // HOUR_MS + 3):
                if dice.random() < share:
                    hourly.close(connection, hour)
        with Session(reading(engine)) as session:
            assert everything(session, begin, end, window) == plain
            assert figures(session, begin, end, PROFILE, START + 4 * DAY, window) == shown
        assert [plain[0], plain[3], plain[5], plain[7]] == defined

    agree()


def test_an_hour_with_a_call_that_is_still_up_is_not_counted(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(insert(Call), [row for row in some_calls(5, 300) if row["outcome"] == "live"][:1])
        hour = (connection.scalar(select(Call.arrived)) or 0) // HOUR_MS
        assert not hourly.close(connection, hour)
        connection.execute(update(Call).values(outcome="failed"))
        assert hourly.close(connection, hour)


def test_a_call_that_changes_makes_its_hour_be_counted_again(engine: Engine, ledger: SqlLedger) -> None:
    """A case that is opened after the hour was counted changes how its call ended."""
    call = Caller(ledger).arrives().asks_for_a_person().ends(after=9000)
    with engine.begin() as connection:
        assert hourly.close(connection, history.START // HOUR_MS)
    with Session(reading(engine)) as session:
        period = (history.START - HOUR_MS, history.START + DAY)
        assert sum(call_counts.CallCounts(session, *period).tally(limits(PROFILE)).waits.values()) == 1
        assert hourly.load(session, *period).rows
    call.opens_case("complaint")
    with Session(reading(engine)) as session:
        assert not hourly.load(session, *period).rows
        counts = call_counts.CallCounts(session, *period)
        assert {kind for kind, _wait in counts.tally(limits(PROFILE)).waits} == {"callback"}
        assert {outcome for _quarter, outcome in counts.arrivals()} == {"callback"}


def test_a_rebuild_counts_the_hours_that_are_over_and_corrects_wrong_ones(engine: Engine, ledger: SqlLedger) -> None:
    for hour in range(6):
        Caller(ledger, history.START + hour * HOUR_MS).arrives().asks_for_a_person().ends(after=9000)
    assert rebuild(engine) == []
    with engine.begin() as connection:
        first = history.START // HOUR_MS
        assert hourly.counted(connection) == list(range(first, first + 4))  # the last two are left alone
        connection.execute(update(CallHour).where(CallHour.hour == first, CallHour.window == "general").values(cut=7))
        connection.execute(delete(CallHour).where(CallHour.hour == first + 1, CallHour.window == "general"))
    names = [f"{first} general", f"{first + 1} general"]
    assert [difference.id for difference in verify(engine)] == names
    assert [difference.id for difference in rebuild(engine)] == names
    assert verify(engine) == []


@pytest.mark.parametrize("gap_days", [10, 4000])
def test_a_long_silence_or_a_wrong_clock_is_not_counted_hour_by_hour(
    engine: Engine, make_ledger: Callable[..., SqlLedger], gap_days: int
) -> None:
    ledger = make_ledger(engine)
    for at in (history.START - gap_days * DAY, history.START, history.START + 5 * HOUR_MS):
        Caller(ledger, at).arrives().ends(after=1000)
    with engine.connect() as connection:
        while not count_hours(connection):
            pass
        with connection.begin():
            hours = hourly.counted(connection)
    assert (history.START - gap_days * DAY) // HOUR_MS in hours
    assert len(hours) < 24 * 70
    with Session(reading(engine)) as session:
        arrivals = call_counts.CallCounts(session, history.START - gap_days * DAY - 1, history.START + DAY).arrivals()
        assert sum(arrivals.values()) == 3


def test_a_period_split_into_parts_is_what_each_part_is_alone(engine: Engine) -> None:
    """Days, hours, and parts that begin within an hour; some hours counted beforehand."""
    known = limits(PROFILE)
    with engine.begin() as connection:
        connection.execute(insert(Call), over(some_calls(9, 400)))
        for hour in range(START // HOUR_MS - 5, START // HOUR_MS + 30, 2):
            hourly.close(connection, hour)
    for size in (DAY, HOUR_MS, 5 * HOUR_MS + 1234):
        parts = [(at, at + size) for at in range(START - DAY, START + DAY, size)]
        with Session(reading(engine)) as session:
            together = call_counts.CallCounts(session, parts[0][0], parts[-1][1]).split(parts, known)
            assert together == [call_counts.tally(session, begin, end, known) for begin, end in parts]
            assert sum(one.offered for one in together) > 100
