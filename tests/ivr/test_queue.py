"""The queue: who waits is told so, is served in turn, may be called back in his place, and never waits for ever."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ivr.calendar.hours import in_break, is_open
from ivr.call import commands as c
from ivr.call import events as e
from ivr.call.machine import begin, step
from ivr.clock import VirtualClock
from ivr.desk.desk import Desk, WindowSeats
from ivr.profile import Schedule
from ivr.queue.keeper import QueueKeeper, QueueRules
from ivr.queue.local import LocalQueue
from ivr.queue.order import Place
from sip.simulator import SeatPlan
from store.schema import Callback, QueuePlace, Seat
from tests.support import read_once
from tests.support.moments import ZONE
from tests.support.world import World, hours

THREE = {"general": WindowSeats("general", ("101", "102", "103"), (), "综合服务")}
HALL = {name: WindowSeats(name, ("101", "102", "103"), (), "窗口") for name in ("general", "business", "complaint")}
PERSON = """\
flow: own
start: person
steps:
  person: {window: general, prompt: [direct.human], nobody: bye}
  elderly: {queue: general, priority: elderly, nobody: bye}
  bye: {goodbye: [bye.1]}
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "own.yaml").write_text(PERSON, encoding="utf-8")
    world = World(tmp_path, str(tmp_path / "own.yaml"), windows=THREE)
    for seat in ("101", "102", "103"):
        world.seat(seat, SeatPlan(answer_ms=1000))
    yield world
    world.close()


def callers(world: World, number: int) -> list[str]:
    """So many, a second apart; the first ones get the seats."""
    lines = []
    for n in range(number):
        lines.append(world.call(f"1380000{n:04}"))
        world.run(1)
    return lines


def facts(world: World, name: str) -> list[dict[str, Any]]:
    return [json.loads(row.data) for row in world.journal() if row.name == name]


def served(world: World, lines: list[str]) -> list[str]:
    """Of these, who talks."""
    return [line for line in lines if world.sim.peer(line)]


def end_talk(world: World, line: str) -> None:
    world.sim.leave(line)


def test_stf_14_who_waits_is_served_in_the_order_in_which_they_came(world: World) -> None:
    talking, waiting = callers(world, 3), callers(world, 3)
    world.run(5)
    assert served(world, talking) == talking and served(world, waiting) == []
    for gone, next_one in zip(talking, waiting, strict=True):
        end_talk(world, gone)
        world.run(2)
        assert next_one in served(world, waiting)
    assert served(world, waiting) == waiting
    assert world.rows(QueuePlace) == []


def test_stf_13_who_waits_hears_an_apology_the_place_and_how_long_it_takes(world: World) -> None:
    callers(world, 3)
    first, second = callers(world, 2)
    world.run(6)
    for line, text in ((first, world.phrases.text("queue.next", {"m": "1"})), (second, "您前面还有")):
        assert text in world.heard(line) and "很抱歉" in world.heard(line)
    told = facts(world, "queue_told")
    assert [one["ahead"] for one in told] == [0, 1]
    assert all(one["expected_ms"] > 0 for one in told)


def test_stf_13_the_word_comes_again_at_least_every_30_seconds_with_music_between(world: World) -> None:
    callers(world, 3)
    (line,) = callers(world, 1)
    world.run(95)
    told = [row.at for row in world.journal() if row.name == "queue_told"]
    assert len(told) >= 4 and max(b - a for a, b in pairwise(told)) <= 30_000
    assert "music" in world.heard(line)


def test_a_free_seat_meets_the_next_caller_within_half_a_second(world: World) -> None:
    talking = callers(world, 3)
    callers(world, 1)
    world.run(10)
    at = world.clock.now_ms()
    end_talk(world, talking[1])
    world.run(2)
    (offered,) = [row.at for row in world.journal() if row.name == "seat_offered"]
    assert offered - at <= 500


def test_silence_never_loses_the_place(world: World) -> None:
    talking = callers(world, 3)
    (line,) = callers(world, 1)
    world.run(300)
    later = callers(world, 1)
    end_talk(world, talking[0])
    world.run(3)
    assert world.sim.peer(line) and not world.sim.peer(later[0])


def test_a_seat_that_does_not_answer_is_passed_over_and_the_place_is_kept(world: World) -> None:
    talking = callers(world, 3)
    (line,) = callers(world, 1)
    world.run(5)
    world.seat("101", SeatPlan(answer_ms=None))
    end_talk(world, talking[0])
    world.run(15)
    assert world.sim.peer(line) is None
    end_talk(world, talking[1])
    world.run(3)
    assert world.sim.peer(line)
    assert {row.id: row.reason for row in world.rows(Seat)}["101"] == "no_answer"


def test_who_comes_later_does_not_overtake_those_who_wait(world: World) -> None:
    talking = callers(world, 3)
    world.seat("101", SeatPlan(answer_ms=5000))
    (first,) = callers(world, 1)
    world.run(3)
    end_talk(world, talking[0])
    late = world.call("13900000001")
    world.run(9)
    assert world.sim.peer(first) and not world.sim.peer(late)


def test_nobody_is_there_so_nobody_waits(world: World) -> None:
    for seat in ("101", "102", "103"):
        world.seat(seat, reachable=False)
    line = world.call("13800001111")
    world.run(12)
    assert world.says("nobody.apology") in world.heard(line)
    assert world.rows(QueuePlace) == []


def test_when_all_operators_go_who_waits_is_told_and_led_on(world: World) -> None:
    callers(world, 3)
    (line,) = callers(world, 1)
    world.run(10)
    for seat in ("101", "102", "103"):
        world.seat(seat, reachable=False)
    world.run(15)
    assert world.says("nobody.apology") in world.heard(line)


def test_nobody_waits_for_ever(world: World) -> None:
    callers(world, 3)
    (line,) = callers(world, 1)
    world.run(1900)
    assert world.says("nobody.apology") in world.heard(line)
    assert facts(world, "leave_queue")[-1]["how"] == "given_up"


def test_by_one_key_the_place_is_kept_and_the_number_is_called_back(world: World) -> None:
    callers(world, 3)
    (line,) = callers(world, 1)
    world.run(6)
    world.press(line, "1")
    assert "幺三八" in world.heard(line)
    world.run(8)
    world.press(line, "1")
    world.run(30)
    (wanted,) = [row for row in world.rows(Callback) if row.because == "queue"]
    (place,) = world.rows(QueuePlace)
    assert place.callback_id == wanted.id and wanted.state == "open"
    call = next(row for row in world.calls() if row.id == wanted.call_id)
    assert call.outcome == "callback" and call.ended is not None


def test_one_number_has_one_place_to_be_called_back(world: World) -> None:
    callers(world, 3)
    for _ in range(2):
        line = world.call("13811112222")
        world.run(7)
        world.press(line, "1")
        world.run(8)
        world.press(line, "1")
        world.run(30)
    assert len(world.rows(QueuePlace)) == 1


def test_another_key_than_the_confirmation_goes_on_waiting(world: World) -> None:
    talking = callers(world, 3)
    (line,) = callers(world, 1)
    world.run(6)
    world.press(line, "1")
    world.press(line, "5")
    end_talk(world, talking[0])
    world.run(3)
    assert world.sim.peer(line)


def test_whoever_leaves_the_queue_is_on_the_missed_list_with_window_and_wait(world: World) -> None:
    callers(world, 3)
    (line,) = callers(world, 1)
    world.run(40)
    world.sim.leave(line)
    world.run(1)
    (missed,) = world.rows(Callback)
    call = next(row for row in world.calls() if row.id == missed.call_id)
    assert missed.kind == "missed" and call.window == "general" and call.human_wait >= 40_000
    assert world.rows(QueuePlace) == []
    assert facts(world, "leave_queue")[-1]["how"] == "left"


def test_more_than_the_alarm_waiting_hear_of_the_call_back_first(world: World) -> None:
    callers(world, 3)
    lines = callers(world, 12)
    world.run(8)
    assert world.says("queue.crowded") in world.heard(lines[-1])
    assert world.says("queue.crowded") not in world.heard(lines[0])


def test_whose_turn_comes_while_he_chooses_to_be_called_back_is_rung_for_all_the_same(world: World) -> None:
    talking = callers(world, 3)
    (line,) = callers(world, 1)
    world.run(6)
    world.press(line, "1")
    end_talk(world, talking[0])
    world.run(2)
    assert world.sim.peer(line)
    assert world.rows(QueuePlace) == []


def test_who_chose_the_call_back_is_rung_no_longer(world: World) -> None:
    talking = callers(world, 3)
    (line,) = callers(world, 1)
    world.run(6)
    world.seat("101", SeatPlan(answer_ms=9000))
    world.press(line, "1")
    end_talk(world, talking[0])
    world.run(1)
    world.press(line, "1")
    world.run(20)
    assert world.sim.peer(line) is None and world.sim.line_of("101") is None
    assert [row.because for row in world.rows(Callback)] == ["queue"]


def test_a_seat_that_is_to_call_somebody_back_is_offered_to_nobody_meanwhile() -> None:
    queue, told = LocalQueue(), list[e.Event]()
    desk = Desk({"general": WindowSeats("general", ("101",))}, queue)
    keeper = QueueKeeper(desk, VirtualClock(0), QueueRules(), lambda call, event: told.append(event))
    queue.places["kept"] = Place("kept", "general", 0, callback_id="b1", seat="101")
    desk.reach("101", True)
    keeper.enter("c1", "general", "", (), test=False)
    found: list[tuple[str, ...]] = []
    keeper.free_for(("101",), found.append)
    assert found == [()] and [type(event) for event in told] == [e.Queued]


def test_who_left_before_the_place_was_there_is_forgotten() -> None:
    class Late(LocalQueue):
        """Answers when it is told to."""

        def enter(self, place: Place, done: Callable[[bool | Exception], None]) -> None:
            answers.append(lambda: super(Late, self).enter(place, done))

    answers: list[Callable[[], None]] = []
    told: list[e.Event] = []
    clock = VirtualClock(0)
    keeper = QueueKeeper(Desk(THREE, Late()), clock, QueueRules(), lambda call, event: told.append(event))
    keeper.enter("c1", "general", "", (), test=False)
    keeper.leave("c1")
    answers.pop()()
    clock.advance(60_000)
    assert told == []


def test_a_phone_that_was_busy_is_waited_for(world: World) -> None:
    """Another call was quicker: that is no phone nobody lifts."""
    state, asked = begin(world.flow), list[c.Command]()
    for event in (
        e.Offered(0, "95598", caller_known=True), e.Answered(0), e.SeatsFound(0, "general", ("101",)),
        e.SeatFailed(0, "101", "busy"), e.NobodyFree(0, "general"), e.NobodyFree(0, "general"),
        e.TimeUp(200_000, "play"),
    ):  # fmt: skip
        state, commands = step(world.flow, state, event)
        asked += commands
    assert [command.exclude for command in asked if isinstance(command, c.Enqueue)] == [()]


def test_who_came_while_the_database_was_away_has_his_place_when_it_is_back() -> None:
    queue = LocalQueue()
    told: list[e.Event] = []
    clock = VirtualClock(0)
    desk = Desk({"general": WindowSeats("general", ("101",))}, queue)
    keeper = QueueKeeper(desk, clock, QueueRules(), lambda call, event: told.append(event))
    desk.reach("101", True)
    desk.hold("101", "another")
    keeper.enter("c1", "general", "", (), test=False)
    queue.places.clear()  # the rows know nothing of him
    clock.advance(1000)
    assert [place.call_id for place in queue.places.values()] == ["c1"]
    keeper.look_up("c1", "general")
    assert all(isinstance(event, e.Queued) for event in told) and len(told) == 2


def test_stf_11_more_than_the_alarm_waiting_open_the_overflow_seats(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(PERSON, encoding="utf-8")
    windows = {"general": WindowSeats("general", ("101",), (), "综合服务", overflow=("104",))}
    world = World(tmp_path, str(tmp_path / "own.yaml"), windows=windows)
    for seat in ("101", "104"):
        world.seat(seat, SeatPlan(answer_ms=1000))
    (_talking, *waiting) = callers(world, 11)
    world.run(20)
    assert served(world, waiting) == []
    (eleventh,) = callers(world, 1)
    world.run(3)
    assert served(world, [*waiting, eleventh]) == waiting[:1]
    world.close()


def test_stf_5_who_waits_at_closing_time_is_served_and_who_comes_later_hears_the_hours(tmp_path: Path) -> None:
    world = World(tmp_path, "service-hall", windows=HALL, start="2026-08-03T17:20:00")
    for seat in ("101", "102", "103"):
        world.seat(seat, SeatPlan(answer_ms=1000))
    lines = []
    for n in range(6):
        lines.append(world.call(f"1380000{n:04}"))
        world.press(lines[-1], "0")
        world.run(3)
    talking, waiting = lines[:3], lines[3:]
    world.run(600)  # 17:30 is over
    late = world.call("13900000001")
    world.run(12)
    assert world.phrases.text("hours.notice", {"hours": hours("hall", "zh-CN")}) in world.heard(late)
    assert served(world, [*waiting, late]) == []
    for gone in talking:
        end_talk(world, gone)
        world.run(2)
    assert served(world, waiting) == waiting
    world.close()


def test_stf_6_at_lunch_those_on_duty_serve_the_window() -> None:
    lunch = [False]
    desk = Desk({"general": WindowSeats("general", ("101",), lunch=("102",))}, at_lunch=lambda: lunch[0])
    for seat in ("101", "102"):
        desk.reach(seat, True)
    assert desk.find("general", "window")[0] == ("101",)
    lunch[0] = True
    assert desk.find("general", "window")[0] == ("102",)
    hall, noon = Schedule(kind="workday", lunch=(time(12), time(13, 30))), datetime(2026, 8, 3, 12, 30, tzinfo=ZONE)
    assert in_break(hall, noon, read_once.calendar(), ZONE) and not is_open(hall, noon, read_once.calendar(), ZONE)
    sunday = datetime(2026, 8, 2, 12, 30, tzinfo=ZONE)
    assert not in_break(hall, sunday, read_once.calendar(), ZONE)
