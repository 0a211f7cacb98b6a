"""While the operator's phone holds, the caller hears a word, music, and a word every 30 s (ANS-12)."""

from __future__ import annotations

from pathlib import Path

import pytest

from sip.simulator import SeatPlan
from store.schema import Call
from tests.support.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.seat("101", SeatPlan(answer_ms=500))
    return world


def talking(world: World) -> str:
    line = world.call()
    world.press(line, "0")
    world.run(2)
    return line


def test_ans_12_on_hold_a_word_then_music_then_a_word_every_thirty_seconds(world: World) -> None:
    line = talking(world)
    before = len(world.sim.heard(line))
    world.sim.seat_holds("101", True)
    world.run(0.5)
    assert world.sim.on_hold == {line}
    world.run(65)
    first, still = world.says("hold.first"), world.says("hold.still")
    assert world.sim.heard(line)[before:] == [first, "tone.music0", still, "tone.music1", still, "tone.music2"]


def test_when_the_operator_comes_back_the_music_ends_and_the_talk_goes_on(world: World) -> None:
    line = talking(world)
    world.sim.seat_holds("101", True)
    world.run(10)
    world.sim.seat_holds("101", False)
    world.run(60)
    assert world.sim.on_hold == set()
    assert world.says("hold.still") not in world.heard(line)
    world.sim.leave(line)
    world.run(1)
    names = [row.name for row in world.journal()]
    assert names.count("seat_held") == 2 and names.count("hold") == 2


def test_an_operator_who_hangs_up_while_holding_ends_the_talk_and_the_music(world: World) -> None:
    world.seat("101", SeatPlan(answer_ms=500, talk_ms=6000))
    line = talking(world)
    world.sim.seat_holds("101", True)
    world.run(5)
    assert "tone.music0" in world.heard(line)
    world.run(32)
    assert world.sim.on_hold == set()
    assert "tone.music1" not in world.heard(line)
    assert world.the_call().agent_left is not None


def test_a_caller_who_hangs_up_on_hold_lets_the_operator_go(world: World) -> None:
    line = talking(world)
    world.sim.seat_holds("101", True)
    world.run(5)
    world.sim.leave(line)
    world.run(3)
    (call,) = world.rows(Call)
    assert call.outcome == "answered" and call.ended is not None
