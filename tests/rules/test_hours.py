"""When the service is open (ANS-5, STF-6, STF-7; requirements A5.2 no. 12)."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from ivr.calendar.hours import is_open, next_opening
from ivr.profile import Schedule

SHANGHAI = ZoneInfo("Asia/Shanghai")
LUNCH = (time(12), time(13, 30))
SCHEDULES = {
    kind: Schedule(kind=kind, open=time(8, 30), close=time(17, 30), lunch=LUNCH)
    for kind in ("always", "daily", "workday", "workday_no_break")
}


@pytest.mark.parametrize(
    ("moment", "open_kinds"),
    [
        ("2026-11-20T08:29", {"always"}),
        ("2026-11-20T08:30", {"always", "daily", "workday", "workday_no_break"}),
        ("2026-11-20T12:30", {"always", "daily", "workday_no_break"}),
        ("2026-11-20T17:29", {"always", "daily", "workday", "workday_no_break"}),
        ("2026-11-20T17:30", {"always"}),
        ("2026-11-21T10:00", {"always", "daily"}),  # a Saturday
        ("2026-10-10T10:00", {"always", "daily", "workday", "workday_no_break"}),  # a Saturday that works
        ("2026-10-01T10:00", {"always", "daily"}),  # National Day, a Thursday
        ("2026-10-01T23:59:59.999999", {"always"}),
    ],
)
def test_ans_5_each_kind_of_hours_is_open_when_it_says(calendar, moment, open_kinds):
    at = datetime.fromisoformat(moment).replace(tzinfo=SHANGHAI)
    assert {kind for kind, schedule in SCHEDULES.items() if is_open(schedule, at, calendar, SHANGHAI)} == open_kinds


def test_the_next_opening_is_now_when_open_else_when_it_opens(calendar):
    def opens(text: str) -> str:
        at = datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
        return f"{next_opening(SCHEDULES['workday'], at, calendar, SHANGHAI):%m-%d %H:%M}"

    assert opens("2026-11-20T10:00") == "11-20 10:00"
    assert opens("2026-11-20T12:30") == "11-20 13:30"
    assert opens("2026-11-20T17:30") == "11-23 08:30"
    assert opens("2026-09-30T18:00") == "10-08 08:30"


def test_opening_hours_are_local_whatever_zone_the_moment_is_in(calendar):
    at = datetime(2026, 11, 20, 1, 0, tzinfo=ZoneInfo("UTC"))  # 09:00 in Shanghai
    assert is_open(SCHEDULES["workday"], at, calendar, SHANGHAI)
    assert not is_open(SCHEDULES["workday"], at, calendar, ZoneInfo("UTC"))


def test_hours_until_midnight_end_at_24_00(calendar):
    late = Schedule(kind="daily", open="08:00", close="24:00")
    assert is_open(late, datetime(2026, 11, 20, 23, 59, 59, tzinfo=SHANGHAI), calendar, SHANGHAI)


def test_the_old_spelling_of_no_lunch_break_is_read_with_a_hint() -> None:
    with pytest.warns(FutureWarning, match="workday_no_break"):
        assert Schedule.model_validate({"kind": "workday_lunch"}) == Schedule(kind="workday_no_break")
