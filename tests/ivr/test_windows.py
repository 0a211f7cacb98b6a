"""STF-1 (AB岗) and design §8: A alone, A and B, group, general, message. Nobody rings for ever."""

from pathlib import Path

import pytest

from sip.simulator import SeatPlan
from tests.support.world import World


def reasons(world: World) -> dict[str, str]:
    return {leg.seat: leg.result for leg in world.legs()}


def test_stf_1_a_rings_alone_first(world: World) -> None:
    world.seat("101", SeatPlan(answer_ms=None))
    world.seat("102", SeatPlan(answer_ms=None))
    line = world.call()
    world.press(line, "1")
    world.run(4)
    assert [leg.seat for leg in world.legs()] == ["101"]


def test_stf_1_a_silent_for_five_seconds_then_a_and_b_ring_together(world: World) -> None:
    world.seat("101", SeatPlan(answer_ms=None))
    world.seat("102", SeatPlan(answer_ms=3000))
    line = world.call()
    world.press(line, "1")
    world.run(5.2)
    assert [leg.seat for leg in world.legs()] == ["101", "102"]
    assert all(leg.ended is None for leg in world.legs())
    world.run(3)
    assert world.sim.peer(line) == world.sim.line_of("102")
    assert reasons(world) == {"101": "cancelled", "102": "answered"}
    assert world.the_call().human_wait <= 12_000


def test_stf_1_a_busy_phone_passes_the_caller_to_b_at_once(world: World) -> None:
    world.seat("101", SeatPlan(fail="busy"))
    world.seat("102", SeatPlan(answer_ms=1000))
    line = world.call()
    world.press(line, "1")
    world.run(1.5)
    assert world.sim.peer(line) == world.sim.line_of("102")
    assert reasons(world)["101"] == "busy"


def test_stf_1_a_seat_in_a_call_is_not_rung_again(world: World) -> None:
    world.seat("101", SeatPlan(answer_ms=500))
    world.seat("102", SeatPlan(answer_ms=500))
    first, second = world.call("13800000001"), world.call("13800000002")
    world.press(first, "1")
    world.run(2)
    world.press(second, "1")
    world.run(2)
    assert world.sim.peer(first) == world.sim.line_of("101")
    assert world.sim.peer(second) == world.sim.line_of("102")


def test_stf_1_a_seat_whose_phone_is_not_registered_is_passed_over(world: World) -> None:
    world.seat("101", reachable=False)
    world.seat("102", SeatPlan(answer_ms=500))
    line = world.call()
    world.press(line, "1")
    world.run(1)
    assert world.sim.peer(line) == world.sim.line_of("102")


def test_c_4_neither_answers_within_the_limit_then_apology_group_general_and_message(world: World) -> None:
    for seat in ("101", "102", "103"):
        world.seat(seat, SeatPlan(answer_ms=None))
    line = world.call()
    world.press(line, "1")
    world.run(12.2)
    assert world.says("late.main") in world.heard(line)
    assert [leg.level for leg in world.legs()] == ["window", "window", "group"]
    world.run(12.2)  # the group's limit; 101 and 103 of general were tried already
    assert world.says("nobody.repair") in world.heard(line)
    world.run(5)
    assert world.says("ask.repair") in world.heard(line)
    assert world.the_call().last_step == "repair_word"


def test_c_4_the_caller_is_offered_a_person_or_the_next_option_within_the_limit(world: World) -> None:
    world.seat("101", SeatPlan(answer_ms=None))
    world.seat("102", SeatPlan(answer_ms=None))
    line = world.call()
    world.press(line, "1")
    world.run(12)
    assert all(leg.ended - leg.dialed <= 12_000 for leg in world.legs())


def test_nobody_at_all_leads_to_a_message_at_once(world: World) -> None:
    line = world.call()
    world.press(line, "0")
    world.run(6)
    assert world.says("nobody.apology") in world.heard(line)
    assert world.legs() == []


def test_every_try_is_journaled_with_its_reason(world: World) -> None:
    world.seat("101", SeatPlan(fail="declined"))
    world.seat("102", SeatPlan(fail="unreachable"))
    line = world.call()
    world.press(line, "1")
    world.run(2)
    failed = [row for row in world.journal() if row.name == "seat_failed"]
    assert [("declined" in row.data, "unreachable" in row.data) for row in failed] == [(True, False), (False, True)]
    nobody = [row.reason for row in world.journal() if row.name == "nobody_free"]
    assert "103 not reachable" in nobody[0]


def test_a_caller_who_gives_up_while_it_rings_is_abandoned_and_the_phone_stops(world: World) -> None:
    world.seat("101", SeatPlan(answer_ms=None))
    line = world.call()
    world.press(line, "1")
    world.run(3)
    world.sim.leave(line)
    world.run(1)
    assert world.the_call().outcome == "abandoned"
    assert world.the_call().human_wait == pytest.approx(3100, abs=150)
    assert world.sim.lines == 0 and world.conductor.calls == 0


def both_ring(world: World, a_ms: int, b_ms: int) -> str:
    """The line of somebody for whom A, and five seconds later B, is rung; each lifts after so long."""
    world.seat("101", SeatPlan(answer_ms=a_ms))
    world.seat("102", SeatPlan(answer_ms=b_ms))
    line = world.call()
    world.press(line, "1")
    return line


def test_when_two_lift_at_once_one_gets_the_caller_and_the_other_is_let_go(world: World) -> None:
    line = both_ring(world, 6000, 900)
    world.run(10)
    assert world.sim.peer(line) in (world.sim.line_of("101"), world.sim.line_of("102"))
    assert world.sim.lines == 2


def test_when_two_lift_in_the_same_moment_the_talk_goes_on_though_the_other_is_let_go(world: World) -> None:
    """B's phone is hung up because A was a moment earlier; that is not the end of the talk with A."""
    line = both_ring(world, 6000, 1000)
    world.run(60)
    assert "too late" in [row.reason for row in world.journal()]
    assert world.sim.peer(line) == world.sim.line_of("101")
    assert world.sim.lines == 2
    world.sim.leave(line)
    world.run(10)
    assert world.the_call().outcome == "answered"
    assert world.the_call().agent_left - world.the_call().agent_answered > 50_000
    assert world.sim.lines == 0 and world.conductor.calls == 0


@pytest.mark.parametrize("profile, limit_s", [("sgcc_window", 12), ("zhumadian_2023", 5), ("gbt33358", 15)])
def test_the_ring_limit_is_the_profiles(tmp_path: Path, profile: str, limit_s: int) -> None:
    world = World(tmp_path, profile=profile)
    world.seat("101", SeatPlan(answer_ms=None))
    line = world.call()
    world.press(line, "1")
    world.run(limit_s - 0.3)
    assert world.the_call().outcome == "live" and len(world.legs()) == 1 and world.legs()[0].ended is None
    world.run(0.6)
    assert world.legs()[0].ended is not None
