"""What a call leaves in memory when it has ended: nothing, also while others go on."""

from __future__ import annotations

import gc
import random
from pathlib import Path

from ivr.ongoing_call import OngoingCall
from ivr.telephony import LineQuality
from tests.support.garbage import Cycles
from tests.support.world import World

CALLS = 40


def any_call(world: World, number: int, chance: random.Random) -> None:
    """Keys at random moments, words to the beep, talks, until the citizen hangs up."""
    line = world.call(f"138{number:08}")
    for _ in range(chance.randint(1, 8)):
        world.run(chance.choice((1, 2, 6, 20)))
        world.press(line, chance.choice("0123456*#1122"))
        if chance.random() < 0.4:
            world.sim.speak(line, 3000)
            world.run(5)
    world.run(chance.choice((1, 30, 200)))
    world.sim.leave(line)
    world.run(1)


def test_calls_that_ended_are_freed_at_once_while_another_goes_on(tmp_path: Path) -> None:
    """The collector waits until no call is up, so a cycle of a call would be kept all day."""
    world, chance = World(tmp_path), random.Random(4)
    (tmp_path / "recording").mkdir(exist_ok=True)
    world.seat("101")
    staying = world.call("13900000000")
    world.press(staying, "1")
    world.run(10)
    assert world.sim.peer(staying) == world.sim.line_of("101")  # a long talk
    any_call(world, 0, chance)  # statements and the like are built once
    with Cycles(of=("ivr.", "sip.", "hotline.")) as cycles:
        for number in range(1, CALLS):
            world.seat("102", reachable=number % 3 == 0)  # talks, and cases of those who were not connected
            any_call(world, number, chance)
        kept = [one for one in gc.get_objects() if isinstance(one, OngoingCall)]
    assert len(world.calls()) == CALLS + 1 and world.legs() and world.cases()
    assert not cycles.found
    assert len(kept) == world.conductor.calls == 1
    world.sim.leave(staying)


def test_writing_a_call_down_leaves_no_statement_for_the_collector(tmp_path: Path) -> None:
    world = World(tmp_path)
    (tmp_path / "recording").mkdir(exist_ok=True)
    world.seat("101")

    def twenty_calls(first: int) -> None:
        chance = random.Random(4)
        for number in range(first, first + 20):
            any_call(world, number, chance)

    twenty_calls(0)  # what is built once
    with Cycles(of=("sqlalchemy.",)) as cycles:
        twenty_calls(20)
    assert cycles.total() < 20, cycles.found  # less than one object a call


def test_how_a_line_sounded_is_noted_of_a_call_that_is_no_longer_in_memory(tmp_path: Path) -> None:
    world = World(tmp_path)
    line = world.call()
    world.run(5)
    world.sim.leave(line)
    world.run(1)
    assert world.conductor.calls == 0
    for _ in range(2):  # told twice, noted once
        world.conductor.happened(LineQuality(line, world.clock.now_ms(), 250, 0, 1200, 250))
    told = [row for row in world.journal() if row.name == "line_quality"]
    assert [row.call_id for row in told] == [world.the_call().id]
