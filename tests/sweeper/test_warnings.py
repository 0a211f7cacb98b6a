"""Warnings before the breach, in working hours, to the right person, escalation after it; never twice (CBK-11)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import text

from ivr.cases.deadlines import CasePolicy
from ivr.profile import Schedule
from services import warning
from services.sweeper import Sweeper
from store.journal.rebuild import verify
from tests.support.casework import Desk
from tests.support.moments import at

Make = Callable[..., Sweeper]


def told(desk: Desk) -> list[tuple[str, str]]:
    return [(row["kind"], row["recipient"]) for row in desk.rows("inbox")]


def office_hours(rules: CasePolicy) -> CasePolicy:
    hours = Schedule(kind="workday")
    return replace(rules, profile=rules.profile.model_copy(update={"hours": hours}))


def taken_up(desk: Desk, **more: str) -> str:
    case_id = desk.letter(**more)
    desk.do(case_id, "accept", "李强")
    return case_id


def test_the_owner_is_warned_at_half_and_four_fifths_then_the_lead_then_the_supervisor(
    desk: Desk, sweeper: Make
) -> None:
    taken_up(desk)  # Monday 09:00, due at the end of Monday a week later
    seen = []
    for moment in ("2026-11-25 09:00", "2026-11-27 09:00", "2026-11-29 12:00", "2026-12-01 00:01", "2026-12-02 16:00"):
        desk.now = at(moment)
        sweeper().once()
        seen.append(len(told(desk)))
    assert seen == [0, 1, 2, 4, 7]
    assert told(desk) == [
        ("half", "user:李强"),
        ("near", "user:李强"),
        ("due", "user:李强"),
        ("due", "role:lead"),
        ("late", "user:李强"),
        ("late", "role:lead"),
        ("late", "role:supervisor"),
    ]
    desk.now = at("2027-06-01 12:00")
    assert sweeper().once() == 0
    assert verify(desk.engine) == []


def test_a_case_nobody_owns_is_the_leads(desk: Desk, sweeper: Make) -> None:
    desk.letter(who="网站")
    desk.now = at("2026-11-28 09:00")
    sweeper().once()
    assert told(desk) == [("half", "role:lead")]


def test_a_clock_that_jumped_ahead_warns_once_of_what_is_true_now(desk: Desk, sweeper: Make) -> None:
    taken_up(desk)
    desk.now = at("2026-12-24 12:00")
    sweeper().once()
    assert [kind for kind, _ in told(desk)] == ["late"] * 3


def test_a_clock_that_jumped_back_warns_of_nothing_again(desk: Desk, sweeper: Make) -> None:
    taken_up(desk)
    desk.now = at("2026-11-28 09:00")
    sweeper().once()
    desk.now = at("2026-11-24 09:00")
    assert sweeper().once() == 0
    assert len(told(desk)) == 1


def test_at_night_only_what_cannot_wait_is_told(desk: Desk, sweeper: Make) -> None:
    desk.rules = office_hours(desk.rules)
    taken_up(desk)
    urgent = taken_up(desk, number="13900002222")
    desk.do(urgent, "flag", "李强", flag="major", reason="涉及多人")
    before = len(told(desk))
    desk.now = at("2026-11-27 05:00")
    sweeper().once()
    assert told(desk)[before:] == [("half", "user:李强")]
    desk.now = at("2026-11-27 09:00")
    sweeper().once()
    assert told(desk)[before:] == [("half", "user:李强")] * 2


def test_pwr_1_a_repair_is_warned_of_within_minutes_at_any_hour(desk: Desk, sweeper: Make) -> None:
    desk.rules = office_hours(desk.rules)
    desk.now = at("2026-11-23 03:00")
    taken_up(desk, kind="repair")
    desk.now = at("2026-11-23 03:23")
    sweeper().once()
    assert told(desk) == [("half", "user:李强")]


def test_who_replied_paused_or_arrived_is_left_in_peace(desk: Desk, sweeper: Make) -> None:
    replied, paused, arrived = taken_up(desk), taken_up(desk, kind="suggestion"), taken_up(desk, kind="repair")
    desk.do(replied, "reply", "李强", text="已改正", evidence="信函")
    desk.do(paused, "pause", "李强", reason="等待补充材料")
    desk.do(arrived, "arrive", "李强")
    desk.now = at("2026-12-24 12:00")
    assert sweeper().once() == 0


def test_an_extension_arms_the_warnings_anew(desk: Desk, sweeper: Make) -> None:
    case_id = taken_up(desk)
    desk.now = at("2026-11-29 20:00")
    sweeper().once()
    assert told(desk) == [("near", "user:李强")]
    desk.do(case_id, "ask_extension", "李强", n="10", reason="需现场勘查")
    desk.do(case_id, "approve_extension", "王芳")
    desk.now = at("2026-12-08 12:00")
    sweeper().once()
    assert told(desk)[-1] == ("near", "user:李强") and len(told(desk)) == 4  # asked, approved, and again near


def test_cmp_15_a_supervision_that_ran_out_is_told_to_the_supervisor(desk: Desk, sweeper: Make) -> None:
    case_id = taken_up(desk)
    desk.do(case_id, "supervise", "陈总", reason="群众再次来电", until="2026-11-24 12:00")
    desk.now = at("2026-11-24 12:00")
    for _ in range(2):
        sweeper().once()
    assert told(desk)[1:] == [("supervision_late", "user:李强"), ("supervision_late", "role:supervisor")]


def test_a_poisoned_case_never_stops_the_others(desk: Desk, sweeper: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    poisoned, good = taken_up(desk), taken_up(desk)
    with desk.engine.begin() as connection:
        connection.execute(text("UPDATE cases SET span_from = -99 WHERE id = :id"), {"id": poisoned})
        connection.execute(text("UPDATE cases SET next_action_at = 1, due = NULL WHERE false"))
    warn = warning.warn

    def spoiled(connection: object, case_id: str, now: int) -> bool:
        if case_id == poisoned:
            raise ValueError("this row cannot be read")
        return warn(connection, case_id, now)  # type: ignore[arg-type]

    monkeypatch.setattr(warning, "warn", spoiled)
    desk.now = at("2026-11-28 09:00")
    one = sweeper()
    one.once()
    assert [row["case_id"] for row in desk.rows("inbox")] == [good]
    assert one.problems == 1
    one.once()
    assert one.problems == 1  # left alone for a while ...
    monkeypatch.setattr(warning, "warn", warn)
    desk.now += 600_000
    one.once()
    assert [row["case_id"] for row in desk.rows("inbox")] == [good, poisoned]  # ... and not forgotten


def test_missed_calls_close_themselves(desk: Desk, sweeper: Make) -> None:
    desk.missed_call()
    desk.answered_call()
    assert sweeper().once() == 1
    assert desk.list("missed") == []


def test_two_sweepers_at_once_tell_everybody_exactly_once(desk: Desk, sweeper: Make) -> None:
    for n in range(12):
        taken_up(desk, number=f"138000000{n:02}")
    desk.now = at("2026-12-24 12:00")
    failed: list[BaseException] = []

    def sweep() -> None:
        try:
            sweeper().once()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=sweep) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    sweeper().once()
    keys = [row["key"] for row in desk.rows("inbox")]
    assert len(keys) == len(set(keys)) == 36
    assert len(desk.rows("journal", name="case_warned")) == 12


def test_it_runs_until_it_is_stopped(desk: Desk, sweeper: Make) -> None:
    taken_up(desk)
    desk.now = at("2026-11-28 09:00")
    stop, beats = threading.Event(), []

    def alive() -> None:
        beats.append(1)
        if len(beats) == 3:
            stop.set()

    sweeper(alive=alive).run(stop, pause_s=0.01)
    assert len(told(desk)) == 1 and len(beats) == 3
