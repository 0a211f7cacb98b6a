"""STF-4: the self test before a shift is made once, tells of what is not ready, and notes who came late."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.cases.deadlines import CasePolicy
from ivr.desk.shifts import begins
from ivr.desk.states import SeatRow
from ivr.profile import Schedule
from services.shifts import ShiftTest, today
from store import operators
from store.journal.sql_ledger import SqlLedger
from store.schema import InboxRow, Journal
from tests.support import read_once
from tests.support.casework import Desk
from tests.support.moments import ZONE, at

BEGIN = at("2026-11-23 08:30")
MINUTE = 60_000
Sweep = Callable[[int], int]


@pytest.fixture
def sweep(desk: Desk) -> Sweep:
    """``sweep(at)``: a sweeper of its own looks at that moment; three seats should be ready."""

    def look(now: int, free_mb: int = 50_000, sign_in: bool = False) -> int:
        seats = ("101", "102", "103")
        return ShiftTest(desk.engine, desk.rules, seats, sign_in, lambda: free_mb, lambda: now).once()

    return look


def told(desk: Desk, name: str) -> list[dict[str, object]]:
    with Session(desk.engine) as session:
        return [json.loads(row.data) for row in session.scalars(select(Journal).where(Journal.name == name))]


def test_stf_4_it_is_made_once_the_profiles_minutes_before(desk: Desk, ledger: SqlLedger, sweep: Sweep) -> None:
    ledger.seat_changed("101", 1000, reachable=True)
    assert sweep(BEGIN - 11 * MINUTE) == 0
    assert [sweep(BEGIN - 10 * MINUTE), sweep(BEGIN - 9 * MINUTE)] == [1, 0]
    (fact,) = told(desk, "shift_tested")
    assert (fact["begins"], fact["ready"], fact["unregistered"]) == (BEGIN, ["101"], ["102", "103"])
    with Session(desk.engine) as session:
        (notice,) = session.scalars(select(InboxRow).where(InboxRow.kind == "shift_not_ready"))
    assert (notice.recipient, json.loads(notice.data)["seats"]) == ("role:lead", "102 103")


def test_stf_4_who_comes_after_the_beginning_is_late_who_comes_before_is_not(
    desk: Desk, ledger: SqlLedger, sweep: Sweep
) -> None:
    sweep(BEGIN - 10 * MINUTE)
    for seat, moment in (("101", BEGIN - 5 * MINUTE), ("102", BEGIN + 4 * MINUTE)):
        ledger.seat_changed(seat, moment, reachable=True)
        sweep(moment + 5000)
    sweep(BEGIN + 30 * MINUTE)
    assert [(one["seat"], one["ms"]) for one in told(desk, "seat_late")] == [("102", 4 * MINUTE + 5000)]
    with desk.engine.connect() as connection:
        stand = today(connection, desk.rules, BEGIN + 60 * MINUTE)
    assert (stand.missing, stand.late) == ({"103": "unregistered"}, {"102": 4 * MINUTE + 5000})


def test_stf_4_where_people_sign_in_a_phone_alone_is_not_ready(desk: Desk, sweep: Callable[..., int]) -> None:
    signed_in = SeatRow("102", True, operator="李强", state="ready")
    rows = [SeatRow("101", True), signed_in, SeatRow("103", True, state="out")]
    with desk.engine.begin() as connection:
        operators.write(connection, rows)
    sweep(BEGIN - MINUTE, sign_in=True)
    (fact,) = told(desk, "shift_tested")
    assert (fact["ready"], fact["signed_out"]) == (["102"], ["101", "103"])


def test_stf_4_little_room_for_recordings_is_told_though_all_are_there(
    desk: Desk, ledger: SqlLedger, sweep: Callable[..., int]
) -> None:
    for seat in ("101", "102", "103"):
        ledger.seat_changed(seat, 1000, reachable=True)
    sweep(BEGIN - MINUTE, free_mb=100)
    with Session(desk.engine) as session:
        (notice,) = session.scalars(select(InboxRow).where(InboxRow.kind == "shift_not_ready"))
    assert json.loads(notice.data)["disk_mb"] == "100"


def test_stf_4_a_hotline_that_is_started_after_the_beginning_tests_nothing(desk: Desk, sweep: Sweep) -> None:
    assert sweep(BEGIN + MINUTE) == 0
    assert told(desk, "shift_tested") == []


def test_stf_4_the_shift_begins_at_opening_and_not_on_a_day_off() -> None:
    hall, calendar = Schedule.model_validate({"kind": "workday", "open": "09:00"}), read_once.calendar()
    assert begins(hall, at("2026-11-23 03:00"), calendar, ZONE) == at("2026-11-23 09:00")
    assert begins(hall, at("2026-11-22 03:00"), calendar, ZONE) is None
    rules = CasePolicy(read_once.profile(), calendar, ZONE)
    assert begins(rules.profile.hours, at("2026-11-22 03:00"), calendar, ZONE) == at("2026-11-22 08:30")
