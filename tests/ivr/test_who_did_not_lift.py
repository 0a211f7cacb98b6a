"""STF-2: a phone that rang its time and was not lifted is put on 暂停, and B has the caller; busy, declined is not."""

from __future__ import annotations

from sip.simulator import SeatPlan
from store import operators
from tests.support.world import World


def state(world: World, seat: str) -> tuple[str, str]:
    world.ledger.flush()
    with world.engine.connect() as connection:
        row = next(row for row in operators.every(connection) if row.id == seat)
    return row.state, row.reason


def repair(world: World, a: SeatPlan, b: SeatPlan, seconds: float) -> str:
    world.seat("101", a)
    world.seat("102", b)
    line = world.call()
    world.press(line, "1")
    world.run(seconds)
    return line


def test_stf_2_a_who_rang_alone_and_did_not_lift_is_paused_when_b_did(world: World) -> None:
    line = repair(world, SeatPlan(answer_ms=None), SeatPlan(answer_ms=3000), 9)
    assert world.sim.peer(line) == world.sim.line_of("102")
    assert state(world, "101") == ("paused", "no_answer")
    assert state(world, "102") == ("", "")


def test_stf_2_b_who_rang_along_is_not_paused_when_a_lifts(world: World) -> None:
    repair(world, SeatPlan(answer_ms=7000), SeatPlan(answer_ms=None), 9)
    assert state(world, "101") == state(world, "102") == ("", "")


def test_stf_2_both_are_paused_when_the_limit_is_over(world: World) -> None:
    repair(world, SeatPlan(answer_ms=None), SeatPlan(answer_ms=None), 14)
    assert state(world, "101") == state(world, "102") == ("paused", "no_answer")


def test_stf_2_busy_or_declined_is_no_pause(world: World) -> None:
    repair(world, SeatPlan(fail="busy"), SeatPlan(fail="declined"), 3)
    assert state(world, "101") == state(world, "102") == ("", "")


def test_stf_2_nobody_is_paused_because_the_caller_left(world: World) -> None:
    line = repair(world, SeatPlan(answer_ms=None), SeatPlan(answer_ms=None), 7)
    world.sim.leave(line)
    world.run(1)
    assert state(world, "101") == state(world, "102") == ("", "")
