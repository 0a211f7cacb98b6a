"""What was stored of how a date was reached is said in the reader's language, whatever holds today."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.calendar.due import due
from ivr.calendar.stored import english
from ivr.calendar.tables import WorkCalendar
from ivr.profile import DeadlineRule, Profile

CALENDAR, ZONE = WorkCalendar.load(), ZoneInfo("Asia/Shanghai")
RULES = st.one_of(
    st.builds(
        DeadlineRule, n=st.integers(0, 60), unit=st.sampled_from(["natural_day", "workday"]),
        roll=st.sampled_from(["none", "next_workday"]), convention=st.sampled_from(["end_of_day", "same_time"]),
        after_hours=st.sampled_from(["counts", "next_opening"]),
    ),
    st.builds(DeadlineRule, n=st.integers(1, 400), unit=st.sampled_from(["hour", "minute"]),
              within_service_hours=st.booleans()),
)  # fmt: skip
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1)).map(lambda at: at.replace(tzinfo=UTC))


@settings(max_examples=150, deadline=None)
@given(rule=RULES, at=MOMENTS, name=st.sampled_from(["sgcc_window", "zhumadian_2023"]))
def test_each_stored_step_is_the_english_line_of_the_same_step(rule, at, name):
    promise = due(rule, at, CALENDAR, ZONE, Profile.load(name).hours)
    stored = [*promise.lines(), *promise.warnings()]
    said = [english(line, CALENDAR.tables) for line in stored]
    assert said == [*promise.lines("en"), *promise.warnings("en")]


@pytest.mark.parametrize(
    ("zh", "en"),
    [
        (
            "原期限 2026-11-30，经批准延期 3 个工作日",
            "Old due date 2026-11-30; an extension of 3 working days was approved",
        ),
        (
            "原期限 2026-11-30 17:30，计时自 2026-11-26 09:00 暂停至 2026-11-27 10:00，余下 2 天 从恢复之日起算",
            "Old due date 2026-11-30 17:30; the clock stood from 2026-11-26 09:00 to 2026-11-27 10:00, "
            "the remaining 2 days count from the day it ran again",
        ),
        ("原期限 无，2026-11-26 09:00 重开，重新计算", "Old due date none; 2026-11-26 09:00 reopened, counted anew"),
    ],
)
def test_a_changed_date_says_why_in_english(zh, en):
    assert english(zh, {}) == en


def test_a_line_of_another_form_stays_as_it_is():
    assert english("以后的版本怎么说都行", CALENDAR.tables) == "以后的版本怎么说都行"


def test_a_holiday_that_no_table_names_any_more_keeps_its_name():
    line = "2026-10-01 周四 至 2026-10-07 周三 国庆节，不计"
    assert english(line, {}) == "2026-10-01 Thu to 2026-10-07 Wed: 国庆节, not counted"
    assert "National Day" in english(line, CALENDAR.tables)
