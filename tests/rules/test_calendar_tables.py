"""Working days come from dated tables whose entries cannot change unnoticed (requirements B8)."""

from datetime import date, timedelta
from importlib.resources import files

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.calendar.tables import CalendarError, WorkCalendar, parse_table

CN_2026 = files("callflows").joinpath("calendars", "cn-2026.toml").read_text("utf-8")
DAYS_2026 = [date(2026, 1, 1) + timedelta(days=i) for i in range(365)]


def test_b8_all_365_days_of_2026_agree_with_an_independent_package(calendar):
    assert [d for d in DAYS_2026 if calendar.is_workday(d) != chinese_calendar.is_workday(d)] == []
    assert calendar.workdays_between(DAYS_2026[0], DAYS_2026[-1]) == 248


@pytest.mark.parametrize("day", ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"])
def test_make_up_days_are_working_days_and_say_why(calendar, day):
    d = date.fromisoformat(day)
    assert calendar.is_workday(d)
    assert "调休上班" in calendar.why(d).zh


def test_a_day_off_says_why(calendar):
    assert calendar.why(date(2026, 10, 1)).zh == "国庆节"
    assert calendar.why(date(2026, 10, 1)).en == "National Day"
    assert calendar.why(date(2026, 11, 21)).zh == "周末"


def test_the_table_names_its_source(calendar):
    table = calendar.tables[2026]
    assert table.source.startswith("https://www.gov.cn/zhengce/content/202511/")
    assert table.notice_date == date(2025, 11, 4)


def test_2027_is_not_covered_and_only_weekends_are_off(calendar):
    assert not calendar.covers(date(2027, 2, 8))
    assert calendar.is_workday(date(2027, 2, 8))
    assert not calendar.is_workday(date(2027, 2, 7))


def test_a_changed_entry_is_refused_and_the_right_hash_is_shown():
    changed = CN_2026.replace("to = 2026-02-23", "to = 2026-02-24")
    with pytest.raises(CalendarError, match=r"cn-2026.toml: the entries do not match sha256.*www\.gov\.cn") as caught:
        parse_table("cn-2026.toml", changed)
    new_hash = str(caught.value).split('sha256 = "')[1].rstrip('"')
    old_hash = CN_2026.split('sha256 = "')[1].split('"')[0]
    assert date(2026, 2, 24) in parse_table("x", changed.replace(old_hash, new_hash)).off


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("works = [2026-01-04]", "works = [2027-01-04]", "2027-01-04 is not in 2026"),
        ("works = [2026-01-04]", "works = [2026-01-03]", "2026-01-03 is both off and a working day"),
        ('["sat", "sun"]', '["sat", "sonntag"]', "'sonntag' is no day"),
        ('["sat", "sun"]', '["mon","tue","wed","thu","fri","sat", "sun"]', "at least one working day"),
        ("to = 2026-01-03", "to = 2025-12-31", "'to' is before 'from'"),
        ('calendar = "cn"', "", "calendar: Field required"),
        ("[[holiday]]", "[[holliday]]", "holliday"),
        ("year = 2026", "year = ", "not readable as TOML"),
    ],
)
def test_a_mistake_in_a_table_names_the_entry(old, new, message):
    with pytest.raises(CalendarError, match=message):
        parse_table("cn-2026.toml", CN_2026.replace(old, new, 1))


def test_another_year_and_another_country_are_files(tmp_path, calendar):
    path = tmp_path / "city-2026.toml"
    path.write_text(_city("fri", "sat"), "utf-8")
    with pytest.raises(CalendarError, match="sha256") as caught:
        WorkCalendar.load(more=[path])
    path.write_text(_city("fri", "sat", str(caught.value).split('sha256 = "')[1].rstrip('"')), "utf-8")
    city = WorkCalendar.load(more=[path])
    assert (city.name, list(city.tables)) == ("city", [2026])
    assert city.is_workday(date(2026, 11, 22))  # a Sunday
    assert not city.is_workday(date(2026, 11, 20))
    assert not city.is_workday(date(2026, 7, 6))


def test_a_table_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CalendarError, match="no such table"):
        WorkCalendar.load(more=[tmp_path / "gone.toml"])


def test_a_calendar_that_is_not_there_says_what_to_add():
    with pytest.raises(CalendarError, match=r"add calendars/xx-YEAR\.toml"):
        WorkCalendar.load("xx")


@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)), st.integers(1, 400))
def test_the_nth_working_day_is_found_as_by_counting_on_fingers(d, n):
    calendar = WorkCalendar.load()
    at, left = d, n
    while left:
        at += timedelta(days=1)
        left -= calendar.is_workday(at)
    assert calendar.workday_after(d, n) == at
    assert calendar.workdays_between(d + timedelta(days=1), at) == n


def _city(first: str, second: str, sha256: str = "") -> str:
    return f"""
calendar = "city"
year = 2026
title = "City holidays"
source = "https://example.org/holidays"
notice_date = 2025-06-01
weekend = ["{first}", "{second}"]
sha256 = "{sha256}"
[[holiday]]
name = {{ en = "City Day" }}
from = 2026-07-06
to = 2026-07-06
"""
