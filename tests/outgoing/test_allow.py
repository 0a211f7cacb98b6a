"""Whether a callback may be called now: hours, attempts, rates, one at a time (B12)."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.calendar.tables import WorkCalendar
from ivr.cases.case import CallbackRow
from ivr.cases.deadlines import CasePolicy
from ivr.outgoing.allow import Asked, OutgoingLimits, may_place
from ivr.outgoing.numbers import NotAllowed
from ivr.profile import Profile
from tests.support.moments import ZONE, at

RULES = CasePolicy(Profile.load(), WorkCalendar.load(), ZONE)
LIMITS = OutgoingLimits()
NOON, NIGHT = at("2026-11-26T12:00:00"), at("2026-11-26T22:30:00")


def ask(at: int = NOON, limits: OutgoingLimits = LIMITS, entry: dict[str, Any] | None = None, **more: Any) -> str:
    """The digits, or the reason in one word."""
    callback = CallbackRow("b", "missed", created=0, **{"next_at": 0, **(entry or {})})
    asked = Asked(callback, **{"number": "13800001111", "seat": "101", "at": at, **more})
    try:
        return may_place(asked, RULES, limits)
    except NotAllowed as why:
        assert why.zh and why.en
        return why.code


def test_by_day_anybody_who_waits_for_it_may_be_called() -> None:
    assert ask() == "13800001111"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"limits": OutgoingLimits(trunk=False)}, "no_trunk"),
        ({"seat": ""}, "no_seat"),
        ({"number": None}, "no_number"),  # withheld, anonymous, sealed
        ({"entry": {"state": "done"}}, "done"),
        ({"waiting": True}, "result_first"),
        ({"number_live": True}, "number_live"),
        ({"seat_live": True}, "seat_live"),
        ({"entry": {"tries": 3}}, "tries"),
        ({"entry": {"next_at": NOON + 60_000}}, "too_early"),
        ({"at": NIGHT}, "hours"),
        ({"last_minute": 20}, "rate"),
        ({"last_minute_operator": 4}, "rate_operator"),
        ({"last_day_number": 6}, "rate_number"),
    ],
)
def test_what_stands_against_it_is_said(change: dict[str, Any], code: str) -> None:
    assert ask(**change) == code


def test_at_night_only_a_repair_and_who_chose_the_time_are_called() -> None:
    assert ask(NIGHT, urgent=True) == "13800001111"
    assert ask(NIGHT, entry={"agreed": True, "next_at": NIGHT - 1000, "tries": 5}) == "13800001111"
    assert ask(NIGHT, urgent=True, number="110") == "emergency"


@pytest.mark.parametrize(("time", "open_"), [("07:59", False), ("08:00", True), ("20:59", True), ("21:00", False)])
def test_calling_hours_are_from_eight_to_nine_in_the_evening(time: str, open_: bool) -> None:
    assert (ask(at(f"2026-11-26T{time}:00")) != "hours") is open_
