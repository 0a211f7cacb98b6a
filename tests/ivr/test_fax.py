"""A fax machine calls 传真机来电: the call ends with outcome fax, without a case, and is in no figure."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from ivr.kpi.call_totals import CallTotals
from ivr.kpi.records import KpiLimits
from sip.simulator import SeatPlan
from store.read.call_counts import CallCounts
from store.schema import Callback, Case, Journal
from tests.support.world import World

LIMITS = KpiLimits("p", "human_wait", 12_000)
DAY_MS = 86_400_000


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def in_no_figure(world: World) -> None:
    arrived = world.the_call().arrived
    with Session(world.engine) as session:
        counts = CallCounts(session, arrived - DAY_MS, arrived + DAY_MS)
        assert counts.tally(LIMITS) == CallTotals()
        assert not counts.hours().offered and not counts.arrivals()


def test_a_fax_in_the_menu_is_let_go_without_case_callback_or_figure(world: World) -> None:
    line = world.call()
    world.run(5)
    world.sim.fax(line)
    world.run(1)
    call = world.the_call()
    assert not world.sim.is_up(line)
    assert (call.outcome, call.released_by, call.cause) == ("fax", "us", "fax")
    assert not world.rows(Case) and not world.rows(Callback)
    (fact,) = [row for row in world.rows(Journal) if row.name == "fax_heard"]
    assert (fact.version, fact.data) == (2, "{}")
    in_no_figure(world)


def test_a_fax_that_rang_at_a_seat_frees_it_and_nobody_was_missed(world: World) -> None:
    world.seat("101", SeatPlan(answer_ms=60_000))
    line = world.call()
    world.press(line, "0")
    world.run(1)
    assert world.sim.line_of("101")
    world.sim.fax(line)
    world.run(2)
    assert world.the_call().outcome == "fax" and not world.sim.line_of("101") and not world.rows(Callback)
    assert world.services.desk.find("repair", "window", ())[0]
    in_no_figure(world)


def test_a_fax_an_operator_has_lifted_for_is_ended_and_is_no_talk(world: World) -> None:
    world.seat("101", SeatPlan(answer_ms=1000, talk_ms=120_000))
    line = world.call()
    world.press(line, "0")
    world.run(3)
    assert world.sim.peer(line)
    world.sim.fax(line)
    world.run(2)
    assert world.the_call().outcome == "fax" and not world.sim.line_of("101")
    in_no_figure(world)


def test_a_fax_that_speaks_into_a_recording_leaves_no_case(world: World) -> None:
    line = world.call()
    world.press(line, "0")  # nobody is there: a message is taken
    for _ in range(120):
        world.run(1)
        if any(row.name == "record" for row in world.rows(Journal)):
            break
    world.sim.speak(line, 3000)
    world.sim.fax(line)
    world.run(30)
    assert world.the_call().outcome == "fax" and not world.rows(Case) and not world.rows(Callback)
    in_no_figure(world)


def test_who_has_a_case_already_is_a_person_whatever_is_heard(world: World) -> None:
    line = world.call()
    world.press(line, "0")
    for _ in range(300):
        world.run(1)
        if any(row.name == "record" for row in world.rows(Journal)):
            world.sim.speak(line, 3000)
        if world.rows(Case):
            break
    assert world.rows(Case) and world.sim.is_up(line)
    world.sim.fax(line)
    world.run(0.1)
    assert world.sim.is_up(line)
