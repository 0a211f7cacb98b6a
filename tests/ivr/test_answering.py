"""ANS-1 … ANS-6, GRT-1: being answered in time, greeted, apologised to, and never hung up on."""

from dataclasses import replace
from pathlib import Path

from sip.simulator import SeatPlan
from tests.support.world import World


def test_ans_1_the_system_answers_at_once_and_the_wait_is_stored_in_milliseconds(world: World) -> None:
    world.call()
    call = world.the_call()
    assert call.network_wait is not None and call.network_wait < 1000


def test_grt_1_the_greeting_names_the_unit(world: World) -> None:
    line = world.call()
    world.run(10)
    greeting = world.says("greet.menu")
    assert world.heard(line).startswith(greeting)
    assert "示范供电服务中心" in greeting


def test_ans_3_a_late_answer_begins_with_the_apology_then_the_greeting(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.flow = replace(world.flow, rules=replace(world.flow.rules, answer_after_s=15))
    line = world.call()
    world.run(30)
    assert world.heard(line).startswith(f"{world.says('late.main')} {world.says('greet.menu')}")
    assert world.the_call().late_apology
    assert world.the_call().network_wait == 15_000


def test_ans_3_an_answer_in_time_does_not_apologise(world: World) -> None:
    line = world.call()
    world.run(3)
    assert world.says("late.main") not in world.heard(line)
    assert not world.the_call().late_apology


def test_ans_6_after_the_farewell_the_caller_has_eight_seconds_to_hang_up_first(world: World) -> None:
    world.seat("101", SeatPlan(answer_ms=1000, talk_ms=5000))
    line = world.call()
    world.press(line, "0")
    world.run(1 + 5 + 1)
    world.press(line, "1")  # satisfied
    world.run(1)
    assert world.says("bye.1") in world.heard(line)
    world.run(6)
    assert world.sim.is_up(line)
    world.run(4)
    assert not world.sim.is_up(line)
    assert (world.the_call().released_by, world.the_call().cause) == ("us", "grace_timeout")


def test_ans_6_a_caller_who_hangs_up_is_recorded_as_the_one_who_did(world: World) -> None:
    line = world.call()
    world.run(2)
    world.sim.leave(line)
    world.run(1)
    assert (world.the_call().released_by, world.the_call().cause) == ("caller", "caller_left")
    assert world.the_call().outcome == "hung_up"


def test_c_3_key_0_leads_to_a_person_from_the_first_second(world: World) -> None:
    world.seat("101", SeatPlan(answer_ms=2000))
    line = world.call()
    world.press(line, "0")
    world.run(3)
    assert world.sim.peer(line) == world.sim.line_of("101")
    assert world.the_call().human_wait == 2000


def test_c_3_one_silence_leads_to_a_person(world: World) -> None:
    world.seat("101", SeatPlan(answer_ms=1000))
    line = world.call()
    world.run(20)
    assert world.says("menu.retry") not in world.heard(line)
    assert world.sim.peer(line) is not None and world.the_call().keys == ""


def test_c_3_two_wrong_keys_lead_to_a_person(world: World) -> None:
    world.seat("101", SeatPlan(answer_ms=1000))
    line = world.call()
    world.run(12)
    world.press(line, "9")
    world.run(1)
    world.press(line, "8")
    world.run(2)
    assert world.sim.peer(line) is not None


def test_c_3_with_no_menu_the_wait_for_a_person_begins_at_arrival(tmp_path: Path) -> None:
    world = World(tmp_path, flow="direct", profile="gbt33358")
    world.seat("101", SeatPlan(answer_ms=4000))
    line = world.call()
    world.run(5)
    assert world.sim.peer(line) is not None
    call = world.the_call()
    assert call.human_requested == call.arrived
    assert call.human_wait == call.agent_answered - call.arrived


def test_c_3_a_person_is_the_first_choice(world: World) -> None:
    line = world.call()
    world.run(30)
    offered = [said for said in world.sim.heard(line) if "请按" in said]
    assert offered[0] == "人工服务，请按0。"


def test_the_menu_is_spoken_from_its_keys_function_before_key(world: World) -> None:
    line = world.call()
    world.run(30)
    assert "故障报修，请按1" in world.heard(line)
    assert "人工服务，请按0" in world.heard(line)


def test_a_key_during_the_greeting_counts_in_the_menu(world: World) -> None:
    world.seat("101")
    line = world.call()
    world.press(line, "1")
    world.run(1)
    assert world.the_call().window == "repair"
    assert world.the_call().keys == "1"


def test_a_test_call_is_flagged(world: World) -> None:
    world.call(test=True)
    assert world.the_call().test


def test_the_flow_version_that_took_a_call_is_on_its_row(world: World) -> None:
    world.call()
    assert (world.the_call().flow, world.the_call().version) == ("power-95598", world.flow.version)
