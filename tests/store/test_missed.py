"""K20: one entry for each number nobody answered, in the whole period and in each part of it alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from ivr.kpi.records import MissedCaller
from store.read.missed import Missed, MissedCall, read
from tests.web.demo import World, at

HOUR, DAY = 3_600_000, 86_400_000


def call(number: str, missed: int, reached: int | None = None, left_out: str = "", test: bool = False) -> MissedCall:
    return MissedCall(number, missed, reached, left_out, test, f"{number}-{missed}")


def callers(*calls: MissedCall, **talks: list[tuple[int, int]]) -> list[MissedCaller]:
    return Missed(calls, talks, DAY).callers()


def test_a_number_counts_once_from_its_first_missed_call_on() -> None:
    assert callers(call("a", 10), call("b", 20), call("a", 30, reached=90), call("a", 40, reached=70)) == [
        MissedCaller(10, 70, id="a-10"), MissedCaller(20, None, id="b-20"),
    ]  # fmt: skip


def test_a_call_that_needs_no_calling_back_does_not_stand_for_a_later_one_that_does() -> None:
    assert callers(call("a", 10, reached=15, left_out="case"), call("a", 20)) == [MissedCaller(20, None, id="a-20")]
    assert callers(call("a", 10), call("a", 20, left_out="case")) == [MissedCaller(10, None, id="a-10")]
    assert callers(call("a", 10, left_out="case")) == [MissedCaller(10, None, "case", id="a-10")]


def test_a_test_call_does_not_hide_a_citizen_of_the_same_number() -> None:
    assert [each.test for each in callers(call("a", 10, test=True), call("a", 20))] == [True, False]


def test_who_called_again_and_was_answered_within_the_time_was_reached() -> None:
    late = call("a", 100, reached=100 + 2 * DAY)
    assert callers(late, a=[(90, 95), (100 + HOUR, 200 + HOUR)])[0].reached == 200 + HOUR
    assert callers(late, a=[(101 + DAY, 102 + DAY)])[0].reached == 100 + 2 * DAY, "too late to count as in time"
    assert callers(call("a", 100, test=True), a=[(200, 300)])[0].reached is None, "a talk is the citizen's"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_of_a_part_of_the_period_it_says_what_it_would_say_of_that_part_alone(world: World) -> None:
    """Somebody missed on two mornings, who called again on the second day and was answered."""
    first, second = at("09:00") - DAY, at("09:00")
    world.abandoned(first, "13800000001")
    world.answered(first + HOUR, "13800000001")
    world.abandoned(second, "13800000001")
    world.abandoned(second + 1000, "13800000002")
    world.answered(second + 2 * HOUR, "13800000001")
    with Session(world.engine) as session:
        whole = read(session, first - HOUR, second + DAY, DAY)
        parts = [(first - HOUR, first + DAY // 2), (second - HOUR, second + DAY // 2)]
        alone = [read(session, *part, DAY).callers() for part in parts]
    assert [whole.between(*part).callers() for part in parts] == alone
    assert [[caller.reached is not None for caller in callers] for callers in alone] == [[True], [True, False]]
    assert [caller.missed for caller in whole.callers()] == [alone[0][0].missed, alone[1][1].missed]
    world.close()
