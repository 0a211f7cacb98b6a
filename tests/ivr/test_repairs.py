"""PWR-1, EMG-1: a repair is a repair at any hour; who is in danger gets a person and 119, 120, 110, never a message."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from sip.simulator import SeatPlan
from tests.ivr.test_cases_by_phone import account
from tests.support.moments import ZONE
from tests.support.world import World

ALL = ("101", "102", "103", "104")


def repair(world: World, caller: str | None = "13800138000") -> str:
    """Somebody presses 1 and nobody is there: he is asked what is broken and where."""
    line = world.call(caller)
    world.press(line, "1")
    while world.says("ask.repair") not in world.heard(line):
        world.run(0.5)
    return line


def minutes_until_due(world: World) -> float:
    (case,) = world.cases()
    return (datetime.fromisoformat(case.due).replace(tzinfo=ZONE).timestamp() * 1000 - case.received) / 60_000


@pytest.mark.parametrize("hour", ["2026-08-03T10:00:00", "2026-08-01T23:30:00", "2026-10-01T03:00:00"])
def test_pwr_1_with_nobody_free_a_fault_is_a_repair_with_its_45_minutes_at_any_hour(tmp_path: Path, hour: str) -> None:
    world = World(tmp_path, start=hour)
    line = repair(world)
    account(world, line)
    world.press(line, "1")
    world.run(1)
    (case,) = world.cases()
    assert (case.kind, case.complete, case.confirmed) == ("repair", True, True)
    assert 44 <= minutes_until_due(world) <= 45
    assert "您的报修我们已受理" in world.heard(line) and "前到达现场" in world.heard(line)


def test_pwr_1_the_minutes_are_the_profiles(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('name = "ours"\nonsite_min = { rural = 90 }\n', encoding="utf-8")
    world = World(tmp_path, profile=str(own))
    line = repair(world)
    account(world, line)
    world.press(line, "1")
    assert 89 <= minutes_until_due(world) <= 90


def test_pwr_1_place_and_nature_are_asked_by_voice(world: World) -> None:
    line = repair(world)
    said = world.says("ask.repair")
    assert "地点" in said and "现象" in said and world.says("nobody.repair") in world.heard(line)


def test_pwr_1_who_says_nothing_has_a_repair_all_the_same(world: World) -> None:
    line = repair(world)
    world.run(40)
    (case,) = world.cases()
    assert (case.kind, case.complete, case.party_id) == ("repair", False, world.the_call().party_id)
    assert world.says("ask.account.none") in world.heard(line)
    assert 44 <= minutes_until_due(world) <= 45


def test_pwr_1_who_says_nothing_and_has_no_number_is_promised_nothing(world: World) -> None:
    line = repair(world, caller=None)
    world.run(60)
    assert world.cases() == [] and world.says("message.none_unknown") in world.heard(line)


def danger(world: World) -> str:
    line = world.call("13800138000")
    world.press(line, "1")
    world.press(line, "0")
    return line


def test_emg_1_danger_is_the_first_thing_said_in_the_repair_branch(world: World) -> None:
    world.seat("101", SeatPlan(answer_ms=None))
    line = world.call()
    world.press(line, "1")
    world.run(3)
    heard = world.heard(line)
    first = heard[heard.index("如有") :]
    assert first.startswith(f"{world.says('danger.ask')} {world.says('direct.human')}")
    assert all(word in world.says("danger.ask") for word in ("起火", "触电", "断线", "请按0"))


def test_emg_1_key_0_rings_all_phones_at_once_and_names_119_120_and_110(world: World) -> None:
    for seat in ALL:
        world.seat(seat, SeatPlan(answer_ms=None))
    line = danger(world)
    world.run(1)
    ringing = [leg.seat for leg in world.legs() if leg.ended is None]
    assert sorted(ringing) == sorted(ALL)
    assert all(number in world.heard(line) for number in ("119", "120", "110"))


def test_emg_1_the_first_who_lifts_has_the_caller(world: World) -> None:
    for seat in ALL:
        world.seat(seat, SeatPlan(answer_ms=None))
    world.seat("104", SeatPlan(answer_ms=700))
    line = danger(world)
    world.run(2)
    assert world.sim.peer(line) == world.sim.line_of("104")
    assert {leg.result for leg in world.legs() if leg.seat != "104"} == {"cancelled"}


def test_emg_1_nobody_lifts_all_phones_ring_again_and_then_it_is_a_repair_never_a_message(world: World) -> None:
    for seat in ALL:
        world.seat(seat, SeatPlan(answer_ms=None))
    line = danger(world)
    world.run(70)
    heard = world.heard(line)
    assert heard.count(world.says("danger.again")) == 2
    assert {leg.seat for leg in world.legs()} == set(ALL)
    through = [leg.ended - leg.dialed for leg in world.legs() if leg.seat != "101"]
    assert len(through) == 3 and min(through) >= 35_000
    (case,) = world.cases()
    assert (case.kind, case.party_id) == ("repair", world.the_call().party_id)
    assert "留言" not in heard and "提示音" not in heard and "前到达现场" in heard


def test_emg_1_with_no_phone_there_at_all_119_is_named_three_times_before_the_repair(world: World) -> None:
    line = danger(world)
    world.run(60)
    heard = world.heard(line)
    assert [heard.count(world.says(f"danger.{key}")) for key in ("help", "again", "nobody")] == [1, 2, 1]
    assert [case.kind for case in world.cases()] == ["repair"]


def test_emg_1_a_busy_phone_is_tried_again_in_the_next_round(world: World) -> None:
    world.seat("101", SeatPlan(fail="busy"))
    line = danger(world)
    world.run(4)
    world.seat("101", SeatPlan(answer_ms=300))
    world.run(12)
    assert world.sim.peer(line) == world.sim.line_of("101")


def test_emg_1_key_0_also_counts_while_the_apology_is_spoken(world: World) -> None:
    line = world.call()
    world.press(line, "1")
    while world.says("nobody.repair") not in world.heard(line):
        world.run(0.2)
    world.seat("101", SeatPlan(answer_ms=300))
    world.press(line, "0")
    world.run(1)
    assert world.sim.peer(line) == world.sim.line_of("101")
