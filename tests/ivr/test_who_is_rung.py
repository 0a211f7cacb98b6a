"""STF-2, STF-16: whose phone is rung follows from what operators said of themselves, and callers are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from ivr.desk.desk import WindowSeats
from ivr.desk.states import OperatorRules, StateAct
from services.operators import Doer, do
from sip.simulator import SeatPlan
from store.sql import table
from tests.support.world import World

TWO = {"general": WindowSeats("general", ("101", "102"), (), "综合服务")}
PERSON = """\
flow: own
start: person
steps:
  person: {window: general, prompt: [direct.human], nobody: bye}
  bye: {goodbye: [bye.1]}
"""
Make = Callable[[OperatorRules], World]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Make]:
    """``house(rules)``: a hotline with two phones that lift after a second, and two operators' accounts."""
    made: list[World] = []

    def make(rules: OperatorRules) -> World:
        (tmp_path / "own.yaml").write_text(PERSON, encoding="utf-8")
        world = World(tmp_path, str(tmp_path / "own.yaml"), windows=TWO, operators=rules)
        made.append(world)
        for seat in ("101", "102"):
            world.seat(seat, SeatPlan(answer_ms=1000))
        with world.engine.begin() as connection:
            for name in ("li", "zhao"):
                person = {"id": name, "name": name, "role": "operator", "password": "", "seat": "", "active": True}
                connection.execute(insert(table("users")), {**person, "created": 0, "session_epoch": 0})
        return world

    yield make
    for world in made:
        world.close()


def act(world: World, seat: str, name: str, who: str, **more: str) -> None:
    """Somebody does something at a seat."""
    rules = OperatorRules(sign_in=True)
    if name == "sign_in":
        more["operator"] = who
    with Session(world.engine) as session, session.begin():
        do(session, seat, StateAct(name, world.clock.now_ms(), **more), Doer(who, "operator"), rules, ("101", "102"))


def talks_with(world: World, line: str) -> str:
    """The seat the caller talks with, if any."""
    peer = world.sim.peer(line)
    return next((seat for seat in ("101", "102") if peer and world.sim.line_of(seat) == peer), "")


def test_stf_16_where_people_sign_in_only_who_did_is_rung(house: Make) -> None:
    world = house(OperatorRules(sign_in=True))
    line = world.call("13800000001")
    world.run(12)
    assert world.legs() == [] and world.says("nobody.apology") in world.heard(line)
    act(world, "102", "sign_in", "zhao")
    line = world.call("13800000002")
    world.run(5)
    assert talks_with(world, line) == "102"
    assert [leg.seat for leg in world.legs()] == ["102"]


def test_stf_16_the_next_caller_comes_when_after_call_work_is_over(house: Make) -> None:
    world = house(OperatorRules(sign_in=True, wrapup_ms=20_000))
    act(world, "101", "sign_in", "li")
    first = world.call("13800000001")
    world.run(5)
    world.sim.leave(first)
    second = world.call("13800000002")
    world.run(17)
    assert talks_with(world, second) == ""
    world.run(6)
    assert talks_with(world, second) == "101"


def test_stf_2_when_the_operator_pauses_after_the_call_who_waits_is_told_and_led_on(house: Make) -> None:
    world = house(OperatorRules(sign_in=True))
    act(world, "101", "sign_in", "li")
    first, second = world.call("13800000001"), world.call("13800000002")
    world.run(15)
    assert (talks_with(world, first), talks_with(world, second)) == ("101", "")
    act(world, "101", "pause", "li", reason="meal")
    world.run(20)
    assert world.sim.is_up(second) and world.says("nobody.apology") not in world.heard(second)
    world.sim.leave(first)
    world.run(15)
    assert world.says("nobody.apology") in world.heard(second)


def test_stf_2_a_phone_that_was_not_lifted_is_passed_over_for_a_minute(house: Make) -> None:
    world = house(OperatorRules())
    world.seat("101", SeatPlan(answer_ms=None))

    def rung() -> list[str]:
        before = len(world.legs())
        line = world.call("13800000003")
        world.run(9)
        world.sim.leave(line)
        world.run(1)
        return [leg.seat for leg in world.legs()[before:]]

    assert rung() == ["101", "102"]
    assert rung() == ["102"]
    world.run(60)
    assert rung() == ["101", "102"]
