"""A process that is started anew takes consultations, hand-overs and conferences over in place (issue 16)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ivr.call.targets import shown
from ivr.conductor import Conductor
from ivr.ledger import Interrupted
from ivr.resuming import SurvivingLeg
from ivr.takeover import UnfinishedCall, take_over
from sip.simulator import SeatPlan, Simulator
from tests.support.in_memory import NUMBER, House
from tests.support.world import WINDOWS


class Surviving(Simulator):
    """Its lines live on when our process ends."""

    leave_calls = True

    def survivors(self) -> Sequence[SurvivingLeg]:
        return [
            SurvivingLeg(line.id, "" if line.seat else line.id, line.up, "13800001111") for line in self._lines.values()
        ]

    def adopt(self, line: str, *, seat: str = "", playing: str = "", recording: tuple[str, Path] | None = None) -> None:
        pass

    def rescue(self, path: Path) -> None:
        pass


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path, Surviving)
    for seat in ("101", "102", "103"):
        house.sim.seat(seat, SeatPlan(answer_ms=300))
    return house


def talking(house: House) -> str:
    line = house.sim.call("95598", "13800001111")
    house.run(200)
    house.sim.press(line, "0")
    house.run(2000)
    assert house.sim.peer(line) == house.sim.line_of("101")
    return line


def started_anew(house: House, line: str) -> None:
    """The process dies; another one finds its lines and its calls' last states."""
    call = house.call(line)
    assert call is not None
    live, seats = call.live(), tuple(leg.seat for leg in call.legs.values())
    assert live is not None
    known = UnfinishedCall(True, "95598", call.party, {leg.id: shown(leg.seat) for leg in call.legs.values()})
    if call.timer is not None:
        call.timer.cancel()
    house.desk.__init__(WINDOWS)  # type: ignore[misc]
    house.conductor = Conductor(house.services)
    house.sim.begin(house.conductor.happened)
    take_over(
        house.conductor, house.services, [Interrupted(call.id, live, seats, house.clock.now_ms())], lambda _: known
    )
    house.run(0)


def line_of(house: House, seat: str) -> str:
    line = house.sim.line_of(seat)
    assert line is not None
    return line


def test_a_consultation_goes_on_and_the_caller_hears_that_it_does(house: House) -> None:
    line = talking(house)
    house.conductor.seat_asked("101", "consult", "102")
    house.run(2000)
    first, second = line_of(house, "101"), line_of(house, "102")
    started_anew(house, line)
    assert house.sim.hears(first) == (second,) and house.sim.plays(line)
    assert house.conductor.seat_asked("101", "leave")
    house.run(500)
    assert house.sim.hears(line) == (second,) and not house.sim.knows(first)


def test_a_conference_goes_on(house: House) -> None:
    line = talking(house)
    house.conductor.seat_asked("101", "conference", "102")
    house.run(2000)
    first, second = line_of(house, "101"), line_of(house, "102")
    started_anew(house, line)
    assert set(house.sim.hears(line)) == {first, second}
    house.sim.leave(first)
    house.run(500)
    assert house.sim.hears(line) == (second,)


def test_a_talk_with_a_number_outside_goes_on_though_the_journal_has_it_masked(house: House) -> None:
    house.sim.number(NUMBER, SeatPlan(answer_ms=300))
    line = talking(house)
    house.conductor.seat_asked("101", "blind", NUMBER)
    house.run(2000)
    (outside,) = house.sim.hears(line)
    assert outside != house.sim.line_of("101")
    started_anew(house, line)
    house.run(1000)
    assert house.sim.hears(line) == (outside,)
    house.sim.leave(outside)
    house.run(30_000)
    assert not house.sim.knows(line) or house.sim.plays(line)


def test_who_was_rung_to_take_over_is_rung_on(house: House) -> None:
    house.sim.seat("102", SeatPlan(answer_ms=6000))
    line = talking(house)
    house.conductor.seat_asked("101", "blind", "102")
    house.run(2000)
    started_anew(house, line)
    assert house.sim.plays(line)
    house.run(5000)
    assert house.sim.hears(line) == (line_of(house, "102"),)


def test_who_lifted_meanwhile_has_the_caller(house: House) -> None:
    house.sim.seat("102", SeatPlan(answer_ms=3000))
    line = talking(house)
    house.conductor.seat_asked("101", "blind", "102")
    house.run(1000)
    dead, house.sim._sink = house.sim._sink, None
    house.run(3000)
    assert dead is not None
    started_anew(house, line)
    assert house.sim.hears(line) == (line_of(house, "102"),)


def test_a_second_operator_who_left_meanwhile_brings_the_caller_back(house: House) -> None:
    line = talking(house)
    house.conductor.seat_asked("101", "consult", "102")
    house.run(2000)
    house.sim._sink = None
    house.sim.leave(line_of(house, "102"))
    house.run(500)
    started_anew(house, line)
    house.run(6000)
    assert house.sim.hears(line) == (line_of(house, "101"),)
