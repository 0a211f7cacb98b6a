"""Nobody can be had: the greeting is heard in full, and who says nothing is told what becomes of his call (ANS-4)."""

from __future__ import annotations

from pathlib import Path

import pytest

from sip.simulator import SeatPlan
from store.schema import Callback
from tests.support.world import World

NOTED = {"n": "24"}


def world_of(tmp_path: Path, flow: str, **more: str) -> World:
    return World(tmp_path, flow=flow, **more)


def hangs_up(world: World, line: str) -> None:
    world.sim.leave(line)
    world.run(1)


def missed(world: World) -> list[tuple[str, str]]:
    return [(row.kind, row.state) for row in world.rows(Callback)]


# --- the greeting --------------------------------------------------------------------------------


def test_grt_1_straight_to_a_person_with_nobody_there_the_whole_greeting_comes_first(tmp_path: Path) -> None:
    world = world_of(tmp_path, "direct")
    line = world.call()
    world.run(20)
    first = [world.says(key) for key in ("greet.std", "direct.human", "nobody.apology", "notice.account")]
    assert world.heard(line).startswith(" ".join(first))
    assert world.sim.cut(line) == []


def test_grt_1_busy_phones_do_not_cut_the_greeting(tmp_path: Path) -> None:
    world = world_of(tmp_path, "direct")
    for seat in ("101", "103", "104"):
        world.seat(seat, SeatPlan(fail="busy"))
    line = world.call()
    world.run(20)
    assert world.says("nobody.apology") in world.heard(line)
    assert world.sim.cut(line) == []


def test_a_person_who_answers_need_not_wait_for_the_end_of_the_greeting(tmp_path: Path) -> None:
    world = world_of(tmp_path, "direct", profile="gbt33358")
    world.seat("101", SeatPlan(answer_ms=800))
    line = world.call()
    world.run(1)
    assert world.sim.peer(line) == world.sim.line_of("101")


def test_after_the_words_the_caller_hears_that_it_rings(world: World) -> None:
    world.seat("101", SeatPlan(answer_ms=None))
    line = world.call()
    world.press(line, "0")
    world.run(4)
    assert world.heard(line).endswith(f"{world.says('direct.human')} tone.ringback")


# --- nothing said --------------------------------------------------------------------------------


def test_cbk_2_who_says_nothing_is_told_that_his_number_is_noted_and_until_when_he_is_called(world: World) -> None:
    line = world.call()
    world.run(90)
    said = world.phrases.text("message.none", NOTED)
    assert "二十四小时内给您回电" in said and world.heard(line).endswith(f"{said} {world.says('bye.1')}")
    call = world.the_call()
    assert (call.outcome, call.released_by) == ("unanswered", "us")
    assert missed(world) == [("missed", "open")]


def test_cbk_2_who_hangs_up_once_he_was_told_was_not_answered(world: World) -> None:
    line = world.call()
    world.run(16)
    while world.phrases.text("message.none", NOTED) not in world.heard(line):
        world.run(1)
    hangs_up(world, line)
    assert world.the_call().outcome == "unanswered" and missed(world) == [("missed", "open")]


@pytest.mark.parametrize("caller", [None, "12345"], ids=["withheld", "never called back"])
def test_who_cannot_be_called_back_is_not_promised_it(world: World, caller: str | None) -> None:
    line = world.call(caller)
    world.run(90)
    assert world.says("message.none_unknown") in world.heard(line) and "回电。" not in world.sim.heard(line)[-2]
    assert world.the_call().outcome == "unanswered"


def test_who_gives_up_while_it_rings_has_abandoned_the_call(world: World) -> None:
    world.seat("101", SeatPlan(answer_ms=None))
    line = world.call()
    world.press(line, "0")
    world.run(3)
    hangs_up(world, line)
    assert world.the_call().outcome == "abandoned" and missed(world) == [("missed", "open")]


def test_key_0_while_he_is_told_rings_once_more(world: World) -> None:
    line = world.call()
    world.run(16)
    while world.phrases.text("message.none", NOTED) not in world.heard(line):
        world.run(1)
    world.seat("101", SeatPlan(answer_ms=500))
    world.press(line, "0")
    world.run(1)
    assert world.sim.peer(line) == world.sim.line_of("101")


# --- outside hours -------------------------------------------------------------------------------

SUNDAY = "2026-08-02T10:00:00"


def test_who_hangs_up_in_the_notice_of_the_hours_is_on_the_missed_list(tmp_path: Path) -> None:
    world = world_of(tmp_path, "service-hall", start=SUNDAY)
    line = world.call()
    world.run(4)
    assert "非工作时间" in world.heard(line)
    hangs_up(world, line)
    assert world.the_call().outcome == "unanswered" and missed(world) == [("missed", "open")]


def test_who_leaves_a_message_outside_hours_is_owed_that_and_nothing_more(tmp_path: Path) -> None:
    world = world_of(tmp_path, "service-hall", start=SUNDAY)
    line = world.call()
    world.press(line, "1")
    world.run(3)
    world.press(line, "1")
    world.run(1)
    world.press(line, "#")
    world.sim.speak(line, 5000)
    world.run(12)
    hangs_up(world, line)
    assert [case.kind for case in world.cases()] == ["message"] and missed(world) == [("answer", "open")]


def test_who_hangs_up_in_the_menu_during_hours_is_not_missed(tmp_path: Path) -> None:
    world = world_of(tmp_path, "service-hall", start="2026-08-03T10:00:00")
    line = world.call()
    world.run(4)
    hangs_up(world, line)
    assert world.the_call().outcome == "hung_up" and missed(world) == []
