"""Hold, mute, consult, join, leave, hand over, come back: the caller is never lost (FST-1/2/5, ENQ-2, ANS-6/7)."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ivr.call.targets import Targets
from ivr.outgoing.numbers import NumberRules, called_back
from ivr.telephony import FailReason
from services.handing import HandedAround
from sip.simulator import SeatPlan
from store.schema import InboxRow
from tests.support.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return ready(World(tmp_path))


def ready(world: World) -> World:
    for seat in ("101", "102", "103", "104"):
        world.seat(seat, SeatPlan(answer_ms=500))
    return world


def talking(world: World) -> tuple[str, str]:
    """A caller who talks with the operator of seat 101; both lines."""
    line = world.call()
    world.press(line, "0")
    world.run(2)
    first = world.sim.peer(line)
    assert first is not None and first == world.sim.line_of("101")
    return line, first


def asks(world: World, seat: str, act: str, target: str = "", wait: float = 2) -> None:
    assert world.conductor.seat_asked(seat, act, target)
    world.run(wait)


def facts(world: World, name: str) -> list[dict[str, Any]]:
    return [json.loads(row.data) for row in world.journal() if row.name == name]


def outcomes(world: World) -> list[str]:
    return [fact["outcome"] for fact in facts(world, "transfer_ended")]


def line_of(world: World, seat: str) -> str:
    line = world.sim.line_of(seat)
    assert line is not None
    return line


def test_enq_2_the_caller_hears_an_apology_and_music_while_the_operator_consults(world: World) -> None:
    line, first = talking(world)
    asks(world, "101", "consult", "102")
    second = line_of(world, "102")
    assert world.sim.hears(first) == (second,) and world.sim.hears(second) == (first,)
    assert world.sim.hears(line) == () and world.says("hold.first") in world.heard(line)
    asks(world, "101", "back")
    assert world.sim.hears(line) == (first,) and world.sim.hears(first) == (line,)
    assert not world.sim.knows(second) and outcomes(world) == ["taken_back"]


def test_fst_1_a_warm_hand_over_the_first_operator_leaves_when_the_next_has_taken_over(world: World) -> None:
    line, first = talking(world)
    asks(world, "101", "consult", "102")
    second = line_of(world, "102")
    asks(world, "101", "join")
    assert set(world.sim.hears(line)) == {first, second} and set(world.sim.hears(first)) == {line, second}
    asks(world, "101", "leave")
    assert world.sim.hears(line) == (second,) and not world.sim.knows(first)
    assert outcomes(world) == ["accepted"]
    assert facts(world, "handed_over") == [{"seat": "101", "target": "102", "count": 1}]
    assert world.the_call().seat == "102"


def test_ans_6_the_rating_comes_when_the_last_operator_leaves(world: World) -> None:
    line, _ = talking(world)
    asks(world, "101", "blind", "102")
    world.sim.leave(line_of(world, "102"))
    world.run(3)
    assert world.says("rate.ask") in world.heard(line)


def test_fst_1_a_blind_hand_over_rings_while_the_caller_hears_it_and_the_operator_stays_until_then(
    world: World,
) -> None:
    world.seat("102", SeatPlan(answer_ms=6000))
    line, first = talking(world)
    asks(world, "101", "blind", "102")
    assert world.says("transfer.moment") in world.heard(line) and world.sim.plays(line)
    assert world.sim.knows(first) and world.the_call().seat == "101"
    world.run(6)
    assert world.sim.hears(line) == (line_of(world, "102"),) and not world.sim.knows(first)
    assert outcomes(world) == ["accepted"] and world.the_call().seat == "102"


@pytest.mark.parametrize(
    ("fail", "outcome"),
    [("busy", "busy"), ("declined", "declined"), ("unreachable", "unreachable"), (None, "no_answer")],
)
def test_fst_1_who_cannot_be_had_brings_the_caller_back_with_a_sentence_why(
    world: World, fail: FailReason | None, outcome: str
) -> None:
    world.seat("102", SeatPlan(answer_ms=None, fail=fail))
    line, first = talking(world)
    asks(world, "101", "blind", "102", wait=27)
    assert outcomes(world) == [outcome]
    for heard in (line, first):
        assert world.says(f"transfer.{outcome}") in world.heard(heard)
    world.run(5)
    assert world.sim.hears(line) == (first,) and world.sim.hears(first) == (line,)


def test_fst_1_an_operator_who_has_hung_up_meanwhile_is_rung_again_when_the_hand_over_fails(world: World) -> None:
    world.seat("102", SeatPlan(answer_ms=None))
    line, first = talking(world)
    asks(world, "101", "blind", "102")
    world.sim.leave(first)
    world.run(25)
    again = line_of(world, "101")
    assert again != first and world.sim.peer(line) == again
    assert world.says("transfer.no_answer") in world.heard(line)


def test_fst_1_when_nobody_takes_the_caller_back_the_window_rings_again(world: World) -> None:
    world.seat("102", SeatPlan(answer_ms=None))
    line, first = talking(world)
    asks(world, "101", "blind", "102")
    world.seat("101", SeatPlan(answer_ms=None))
    world.sim.leave(first)
    world.run(70)
    assert world.sim.peer(line) == world.sim.line_of("103")


def test_an_operator_who_hangs_up_in_a_consultation_leaves_the_caller_to_the_other_one(world: World) -> None:
    line, first = talking(world)
    asks(world, "101", "consult", "102")
    world.sim.leave(first)
    world.run(1)
    assert world.sim.hears(line) == (line_of(world, "102"),)
    assert outcomes(world) == ["accepted"]


def test_an_operator_who_hangs_up_before_the_other_lifts_leaves_the_caller_to_whoever_comes(world: World) -> None:
    world.seat("102", SeatPlan(answer_ms=6000))
    line, first = talking(world)
    asks(world, "101", "consult", "102")
    world.sim.leave(first)
    world.run(6)
    assert world.sim.hears(line) == (line_of(world, "102"),)


def test_a_consulted_operator_who_hangs_up_brings_the_caller_back(world: World) -> None:
    line, first = talking(world)
    asks(world, "101", "consult", "102")
    world.sim.leave(line_of(world, "102"))
    world.run(5)
    assert world.sim.hears(line) == (first,) and outcomes(world) == ["dropped_after_answer"]


def test_a_caller_who_leaves_during_a_consultation_lets_everybody_go(world: World) -> None:
    line, _ = talking(world)
    asks(world, "101", "consult", "102")
    world.sim.leave(line)
    world.run(3)
    assert world.sim.lines == 0 and outcomes(world) == ["caller_left"]
    assert world.the_call().released_by == "caller"


def test_in_a_conference_the_others_talk_on_when_one_leaves(world: World) -> None:
    line, first = talking(world)
    asks(world, "101", "conference", "102")
    second = line_of(world, "102")
    assert set(world.sim.hears(line)) == {first, second}
    world.sim.leave(second)
    world.run(1)
    assert world.sim.hears(line) == (first,)


def test_what_a_muted_operator_says_is_not_heard(world: World) -> None:
    line, first = talking(world)
    asks(world, "101", "mute")
    assert world.sim.hears(line) == () and world.sim.hears(first) == (line,)
    asks(world, "101", "unmute")
    assert world.sim.hears(line) == (first,)


def test_fst_1_to_a_window_the_caller_goes_into_its_ringing(world: World) -> None:
    line, first = talking(world)
    asks(world, "101", "blind", "window:business")
    assert world.sim.peer(line) == world.sim.line_of("103") and not world.sim.knows(first)
    assert outcomes(world) == ["accepted"] and world.the_call().seat == "103"


def test_fst_1_a_window_where_nobody_can_be_had_gives_the_caller_back(world: World) -> None:
    line, _ = talking(world)
    for seat in ("103", "104"):
        world.seat(seat, SeatPlan(fail="busy"))
    world.seat("101", SeatPlan(answer_ms=2000))
    asks(world, "101", "blind", "window:business", wait=20)
    assert world.sim.peer(line) == world.sim.line_of("101")


def test_fst_1_who_is_handed_over_to_a_window_where_all_talk_keeps_the_place_in_time(world: World) -> None:
    line, _ = talking(world)
    others = [world.call(f"1380000222{n}") for n in range(3)]
    for other in others:  # two take the other seats of the window, the third waits
        world.press(other, "0")
        world.run(8)
    waiting = next(other for other in others if world.sim.peer(other) is None)
    world.seat("101", SeatPlan(answer_ms=500), reachable=False)  # its talk goes on
    asks(world, "101", "blind", "window:general", wait=20)
    assert world.sim.peer(line) is None and world.sim.plays(line)
    world.sim.leave(line_of(world, "103"))
    world.run(5)
    assert world.sim.peer(line) == world.sim.line_of("103") and world.sim.peer(waiting) is None


def test_a_number_is_rung_only_if_it_is_on_the_list(tmp_path: Path) -> None:
    world = ready(World(tmp_path, transfers=("02288881234",)))
    world.sim.number("02288881234", SeatPlan(answer_ms=1000))
    world.sim.number("02288885678", SeatPlan(answer_ms=1000))
    line, first = talking(world)
    asks(world, "101", "blind", "02288885678")
    assert outcomes(world) == ["not_allowed"] and world.sim.line_of("02288885678") is None
    world.run(5)
    assert world.sim.hears(line) == (first,)
    asks(world, "101", "blind", "02288881234")
    assert world.sim.peer(line) == world.sim.line_of("02288881234")
    assert not [row for row in world.journal() if "02288881234" in str(row.data)]


def test_all_of_it_by_key_codes_on_the_operators_phone(world: World) -> None:
    line, first = talking(world)
    world.press(first, "*2102#")
    world.run(2)
    second = line_of(world, "102")
    assert world.sim.hears(first) == (second,)
    world.press(first, "*3")
    assert set(world.sim.hears(line)) == {first, second}
    world.press(first, "*6")
    assert world.sim.hears(line) == (second,)
    world.press(first, "*4")
    world.run(1)
    assert world.sim.hears(line) == (second,) and not world.sim.knows(first)
    world.press(second, "*1")
    assert world.sim.on_hold == {line}
    world.press(second, "*1")
    assert world.sim.hears(line) == (second,)


def test_a_phone_that_asks_for_a_blind_transfer_hears_how_it_goes(world: World) -> None:
    line, first = talking(world)
    token = world.sim.refer(first, "102")
    world.run(0.2)
    assert world.sim.told[token] == [100]
    world.run(2)
    assert world.sim.peer(line) == world.sim.line_of("102")


def test_a_transfer_to_nobody_we_know_is_refused(world: World) -> None:
    line, first = talking(world)
    token = world.sim.refer(first, "13900001111")
    world.run(5)
    assert world.sim.told[token] == [100, 603] and world.sim.hears(line) == (first,)


def test_an_attended_transfer_joins_the_caller_with_whom_the_phone_talked(world: World) -> None:
    line, first = talking(world)
    world.sim.seat_holds("101", True)
    own = world.sim.call("102", "101", seat="101")
    world.run(2)
    second = line_of(world, "102")
    assert world.sim.hears(own) == (second,)
    world.sim.refer(first, "102", replaces=own)
    world.run(1)
    assert world.sim.hears(line) == (second,) and world.sim.hears(second) == (line,)
    assert not world.sim.knows(own) and not world.sim.knows(first)
    world.sim.leave(second)
    world.run(2)
    assert world.says("rate.ask") in world.heard(line)
    world.sim.leave(line)
    world.run(2)
    assert world.sim.lines == 0


def test_a_seat_that_calls_a_seat_is_no_citizen(world: World) -> None:
    own = world.sim.call("102", "101", seat="101")
    world.run(2)
    second = line_of(world, "102")
    assert world.sim.hears(own) == (second,)
    world.sim.leave(own)
    world.run(2)
    assert world.sim.lines == 0
    call = world.the_call()
    assert call.test and call.human_requested is None


def test_fst_1_who_is_handed_over_twice_is_counted_and_the_leads_are_told_once(world: World) -> None:
    talking(world)
    asks(world, "101", "blind", "102")
    asks(world, "102", "blind", "103")
    assert [fact["count"] for fact in facts(world, "handed_over")] == [1, 2]
    assert world.the_call().handed_over == 2
    around = HandedAround(world.engine, world.clock.now_ms)
    assert (around.once(), around.once(), HandedAround(world.engine, world.clock.now_ms).once()) == (1, 0, 0)
    (told,) = world.rows(InboxRow)
    assert (told.recipient, json.loads(told.data)["count"]) == ("role:lead", 2)


def test_emergency_numbers_take_part_only_by_an_explicit_word() -> None:
    names = NumberRules(allow=("110",)), NumberRules(allow=("110",), emergency=True)
    reach = [Targets(dialled=partial(called_back, rules=rules))("110").kind for rules in names]
    assert reach == ["", "number"]


def test_fst_2_a_telephone_that_hangs_up_by_itself_when_its_transfer_failed_is_rung_again(world: World) -> None:
    line, first = talking(world)
    world.seat("102", SeatPlan(fail="busy"))
    asks(world, "101", "blind", "102", wait=1)
    world.sim.leave(first)
    world.run(2)
    again = line_of(world, "101")
    assert again != first and world.sim.hears(line) == (again,) and world.the_call().seat == "101"


def test_fst_2_an_operator_who_hangs_up_later_has_done_so_on_purpose(world: World) -> None:
    line, first = talking(world)
    world.seat("102", SeatPlan(fail="busy"))
    asks(world, "101", "blind", "102", wait=5)
    world.sim.leave(first)
    world.run(2)
    assert world.sim.line_of("101") is None and world.sim.knows(line)
