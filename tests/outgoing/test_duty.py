"""At night the duty phones are rung in turn for an urgent repair, until one presses 1 (PWR-1, EMG-1)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hotline.config.file import load
from hotline.config.settings import Settings, SettingsError
from hotline.process.duty import DutyPhones
from ivr.cases.deadlines import CasePolicy
from ivr.ledger import CaseRequest
from ivr.outgoing.alerting import Alert, Alerting
from services import duty
from sip.simulator import SeatPlan
from store.schema import InboxRow
from tests.support.moments import ZONE
from tests.support.world import World

FIRST, SECOND = "13800001111", "13900002222"
NIGHT, DAY = "2026-08-03T23:10:00", "2026-08-03T10:00:00"


class Night:
    """A world whose duty phones are rung for one case."""

    def __init__(self, folder: Path, rounds: int = 2) -> None:
        self.world = World(folder, start=NIGHT)
        self.alerting = Alerting(self.world.services, (FIRST, SECOND), "95598", 20_000, rounds)
        self.world.sim.begin(lambda event: self.alerting.happened(event) or self.world.conductor.happened(event))
        self.came: list[tuple[bool, int]] = []

    def rings(self) -> None:
        self.alerting.begin(Alert("case1", "2608030001"), lambda taken, place: self.came.append((taken, place)))
        self.world.run(0.5)

    def facts(self) -> list[tuple[str, int, int]]:
        rows = [(row.name, json.loads(row.data)) for row in self.world.journal() if row.name.startswith("duty_")]
        return [(name, data["place"], data["round"]) for name, data in rows]


@pytest.fixture
def night(tmp_path: Path) -> Night:
    return Night(tmp_path)


def test_who_presses_1_has_taken_it_and_nobody_else_is_rung(night: Night) -> None:
    night.world.sim.number(FIRST, SeatPlan(answer_ms=3000))
    night.rings()
    night.world.run(6)
    said = night.world.phrases.text("duty.alert", {"number": "2608030001"})
    assert said in night.world.heard("case1/duty1")
    night.world.press("case1/duty1", "1")
    night.world.run(0.5)
    assert night.world.says("duty.thanks") in night.world.heard("case1/duty1")
    night.world.run(60)
    assert night.came == [(True, 0)]
    assert night.facts() == [("duty_rung", 1, 1), ("duty_taken", 1, 1)]


def test_who_does_not_answer_or_presses_nothing_is_followed_by_the_next_in_turn(night: Night) -> None:
    night.world.sim.number(FIRST, SeatPlan(answer_ms=None))  # rings out
    night.world.sim.number(SECOND, SeatPlan(answer_ms=1000))  # listens, presses another key, and no 1
    night.rings()
    night.world.run(24)
    night.world.press("case1/duty2", "2")
    assert night.came == []
    night.world.run(41)
    assert night.facts()[:3] == [("duty_rung", 1, 1), ("duty_rung", 2, 1), ("duty_rung", 1, 2)]
    night.world.run(120)
    assert night.came == [(False, 0)]
    assert [name for name, *_ in night.facts()] == ["duty_rung"] * 4 + ["duty_nobody"]


def test_one_who_hangs_up_without_a_word_has_taken_nothing(night: Night) -> None:
    night.world.sim.number(FIRST, SeatPlan(answer_ms=1000, talk_ms=3000))
    night.world.sim.number(SECOND, SeatPlan(answer_ms=1000))
    night.rings()
    night.world.run(8)
    night.world.press("case1/duty2", "1")
    night.world.run(20)
    assert night.came == [(True, 1)]


def test_no_number_of_a_duty_phone_is_journaled(night: Night) -> None:
    night.world.sim.number(FIRST, SeatPlan(answer_ms=None))
    night.rings()
    night.world.run(400)
    assert not any(FIRST[-8:] in row.data or SECOND[-8:] in row.data for row in night.world.journal())


def opened(world: World, kind: str, number: int, **more: Any) -> None:
    at = world.clock.now_ms()
    request = CaseRequest(command_id=f"c{number}", call_id=None, kind=kind, received=at, day="2026-08-03", **more)
    world.ledger.open_case(request, lambda stored: None)


def test_only_an_urgent_repair_that_nobody_has_is_rung_for_and_by_one_process(tmp_path: Path) -> None:
    world = World(tmp_path, start=NIGHT)
    opened(world, "complaint", 1)
    opened(world, "repair", 2)
    opened(world, "repair", 3, owner="li.na")
    now = world.clock.now_ms()
    with world.engine.begin() as connection:
        (case,) = duty.waiting(connection, now)
        assert case.kind == "repair" and case.owner == ""
        assert duty.take(connection, case, now) and not duty.take(connection, case, now)
        assert duty.waiting(connection, now) == []
        later = now + duty.STALE_MS + 1  # the process that rang died
        assert duty.waiting(connection, later) == [case] and duty.take(connection, case, later)
        duty.done(connection, case, True, 0, later)
        assert duty.waiting(connection, later + duty.STALE_MS + 1) == []
    assert [row.kind for row in world.rows(InboxRow)][-1] == "duty_taken"


def set_up(**duty: Any) -> Settings:
    trunk = {"host": "192.0.2.1", "mode": "ip"}
    return load(environ={}).model_copy(update={"duty": Settings.model_validate({"duty": duty, "trunk": trunk}).duty})


@pytest.mark.parametrize(("start", "rung"), [(NIGHT, 1), (DAY, 0), ("2026-08-02T10:00:00", 1)])
def test_while_people_are_there_no_phone_is_rung(tmp_path: Path, start: str, rung: int) -> None:
    world = World(tmp_path, start=start)
    rules = CasePolicy(world.profile, world.calendar, ZONE)
    phones = DutyPhones(set_up(phones=[FIRST]), rules, world.engine, world.services)
    opened(world, "repair", 1)
    assert len(phones.taken()) == rung


def test_a_duty_phone_that_may_not_be_called_is_refused_in_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "hotline.toml"
    file.write_text('[duty]\nphones = ["110"]\n[trunk]\nhost = "192.0.2.1"\nmode = "ip"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=r'duty\.phones: "110": emergency numbers are never called'):
        load(file, environ={})
    file.write_text('[duty]\nphones = ["13800001111"]\nstaffed = "x"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=r'there is no schedule "x".*there is no line to ring them by'):
        load(file, environ={})
