"""SAT-1: five keys after a talk, asked by the hotline; no answer is not satisfied; a bad one is followed up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from ivr.kpi.records import Figure
from sip.simulator import SeatPlan
from store.engine import reading
from store.figures.figures import figures
from store.journal.rebuild import verify
from store.read.worklists import entries
from store.schema import Callback, InboxRow, Rating
from tests.support.world import World

DAY_S = 86_400


def talk(world: World, caller: str | None = "13800001111", talk_ms: int = 5000, **more: bool) -> str:
    """A caller is led to an operator, who hangs up first."""
    world.seat("101", SeatPlan(answer_ms=1000, talk_ms=talk_ms))
    line = world.call(caller, **more)
    world.press(line, "0")
    world.run(1 + talk_ms / 1000 + 0.5)
    return line


def rate(world: World, line: str, key: str) -> None:
    world.press(line, key)
    world.run(40)


def found(world: World) -> dict[str, Figure]:
    now = world.clock.now_ms()
    with Session(reading(world.engine)) as session:
        return {f.id: f for f in figures(session, 0, now + 1, world.profile, now)}


def counts(figure: Figure) -> tuple[object, int]:
    return figure.numerator, figure.denominator


def the_rating(world: World) -> Rating:
    (row,) = world.rows(Rating)
    return row


@pytest.mark.parametrize("key, thanks", [("1", "rate.thanks"), ("3", "rate.thanks"), ("4", "rate.sorry")])
def test_sat_1_the_hotline_asks_when_the_operator_has_hung_up(world: World, key: str, thanks: str) -> None:
    line = talk(world)
    assert world.heard(line).endswith(world.says("rate.ask"))
    rate(world, line, key)
    assert world.heard(line).endswith(f"{world.says(thanks)} {world.says('bye.1')}")
    row = the_rating(world)
    assert (row.source, row.rating, row.seat, row.window) == ("call", int(key), "101", "general")
    assert row.call_id == world.the_call().id and row.party_id == world.the_call().party_id


def test_sat_1_who_hangs_up_before_the_operator_is_not_counted_as_asked(world: World) -> None:
    world.seat("101", SeatPlan(answer_ms=1000))
    line = world.call()
    world.press(line, "0")
    world.run(30)
    world.sim.leave(line)
    world.run(1)
    assert world.the_call().outcome == "answered"
    assert world.rows(Rating) == []
    assert counts(found(world)["K16-rated"]) == (0, 0)


def test_sat_1_no_answer_is_kept_as_not_rated_and_never_as_satisfied(world: World) -> None:
    line = talk(world)
    world.run(60)
    assert world.heard(line).endswith(world.says("bye.1"))
    row = the_rating(world)
    assert (row.rating, row.rated) == (None, None)
    k = found(world)
    assert (counts(k["K16"]), counts(k["K16-rated"])) == ((0, 0), (0, 1))
    assert dict(k["K16"].exclusions)["no_answer"] == 1


def test_sat_1_one_number_is_asked_once_a_week(world: World) -> None:
    rate(world, talk(world, "13800001111"), "1")
    world.run(6 * DAY_S)
    again = talk(world, "+86 138 0000 1111")
    assert world.says("rate.ask") not in world.heard(again)
    world.run(60)
    other = talk(world, "13900002222")
    assert world.heard(other).endswith(world.says("rate.ask"))
    world.run(DAY_S)
    assert world.heard(talk(world, "13800001111")).endswith(world.says("rate.ask"))


def test_sat_1_a_withheld_number_is_asked_in_each_call_but_once_in_it(world: World) -> None:
    for _ in range(2):
        line = talk(world, None)
        assert world.heard(line).endswith(world.says("rate.ask"))
        world.press(line, "0")  # to a person once more
        world.run(7)
        assert world.sim.heard(line).count(world.says("rate.ask")) == 1
        world.run(60)
    assert len(world.rows(Rating)) == 2


def test_sat_1_test_calls_are_always_asked_and_never_counted(world: World) -> None:
    for _ in range(2):
        rate(world, talk(world, test=True), "5")
    k = found(world)
    assert (counts(k["K16"]), counts(k["K17"])) == ((0, 0), (0, 0))
    assert dict(k["K17"].exclusions) == {"test_calls": 2}
    assert entries_of(world) == []


def entries_of(world: World) -> list[object]:
    from ivr.calendar.tables import WorkCalendar
    from ivr.cases.deadlines import CasePolicy
    from tests.support.moments import ZONE

    rules = CasePolicy(world.profile, WorkCalendar.load(), ZONE)
    with world.engine.connect() as connection:
        return list(entries(connection, "followup", world.clock.now_ms(), rules))


def test_k17_a_bad_rating_makes_a_follow_up_and_tells_the_lead(world: World) -> None:
    rate(world, talk(world), "5")
    (callback,) = world.rows(Callback)
    assert (callback.kind, callback.state, callback.because) == ("followup", "open", "rating")
    assert (callback.call_id, callback.case_id) == (world.the_call().id, None)
    (notice,) = world.rows(InboxRow)
    assert (notice.recipient, notice.kind, notice.case_id) == ("role:lead", "bad_rating", None)
    assert json.loads(notice.data)["call"] == world.the_call().id
    assert len(entries_of(world)) == 1
    assert counts(found(world)["K17"]) == (0, 1)


def test_k17_a_bad_rating_without_a_number_tells_the_lead_and_is_listed_apart(world: World) -> None:
    rate(world, talk(world, None), "4")
    assert world.rows(Callback) == []
    assert [row.kind for row in world.rows(InboxRow)] == ["bad_rating"]
    k17 = found(world)["K17"]
    assert counts(k17) == (0, 0) and dict(k17.exclusions) == {"no_number": 1}


def test_sat_1_a_wrong_key_is_asked_once_more_and_then_let_go(world: World) -> None:
    line = talk(world)
    world.press(line, "8")
    world.run(1)
    assert world.sim.heard(line).count(world.says("rate.ask")) == 2
    world.press(line, "9")
    world.run(1)
    assert world.heard(line).endswith(world.says("bye.1"))
    assert the_rating(world).rating is None


def test_sat_1_the_operator_does_not_see_the_key_before_it_is_stored(world: World) -> None:
    rate(world, talk(world), "2")
    after = [row for row in world.journal() if row.name in ("rating_invited", "digit", "rated")]
    assert [row.name for row in after] == ["digit", "rating_invited", "digit", "rated"]
    assert json.loads(after[2].data) == {"key": "•"} and world.the_call().keys == "0"
    assert json.loads(after[3].data) == {"rating": "2"}


def test_a_rating_survives_a_rebuild_from_the_journal(world: World, tmp_path: Path) -> None:
    rate(world, talk(world), "5")
    rate(world, talk(world, "13900002222"), "1")
    assert verify(world.engine) == []


def test_while_the_database_is_away_nobody_is_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.ledger, "_write", lambda *args, **options: (_ for _ in ()).throw(OSError("away")))
    world.ledger._patience_s = 0.0
    line = talk(world)
    world.run(1)
    assert world.says("rate.ask") not in world.heard(line)
    assert world.heard(line).endswith(world.says("bye.1"))


def test_the_database_keeps_no_digit_of_a_rating_beside_its_row(world: World) -> None:
    rate(world, talk(world), "4")
    with create_engine(world.engine.url).connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM journal WHERE name = 'digit' AND data LIKE '%4%'")) == 0
