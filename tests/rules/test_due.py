"""Due dates and their explanation (CMP-1, requirements A5.2 no. 1 and B8)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.calendar.due import DueDate, due
from ivr.calendar.explain import StepKind
from ivr.calendar.tables import WorkCalendar
from ivr.profile import DeadlineRule, Schedule

SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR = WorkCalendar.load()
OFFICE = Schedule(kind="workday_no_break", open=time(8, 30), close=time(17), lunch=None)
DAY = timedelta(days=1)

# Received | 5 days | rolled | 5 working days | 10 days | rolled | 10 working days  (2026)
VECTORS = """
02-12 02-17 02-24 02-26 02-22 02-24 03-04
02-14 02-19 02-24 02-28 02-24 02-24 03-06
04-30 05-05 05-06 05-11 05-10 05-11 05-18
08-03 08-08 08-10 08-10 08-13 08-13 08-17
09-18 09-23 09-23 09-24 09-28 09-28 10-09
09-24 09-29 09-29 10-09 10-04 10-08 10-15
09-30 10-05 10-08 10-13 10-10 10-10 10-20
"""
COLUMNS = [
    ("5 natural_day", DeadlineRule(n=5, unit="natural_day")),
    ("5 natural_day roll", DeadlineRule(n=5, unit="natural_day", roll="next_workday")),
    ("5 workday", DeadlineRule(n=5, unit="workday")),
    ("10 natural_day", DeadlineRule(n=10, unit="natural_day")),
    ("10 natural_day roll", DeadlineRule(n=10, unit="natural_day", roll="next_workday")),
    ("10 workday", DeadlineRule(n=10, unit="workday")),
]
CASES = [
    (f"2026-{row.split()[0]}", f"2026-{expected}", column, rule)
    for row in VECTORS.strip().splitlines()
    for expected, (column, rule) in zip(row.split()[1:], COLUMNS, strict=True)
]


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("received", "expected", "column", "rule"), CASES, ids=[f"{received}, {column}" for received, _, column, _ in CASES]
)
def test_b8_vectors(received, expected, column, rule):
    for hour in ("00:00", "10:15", "23:59"):
        found = due(rule, at(f"{received}T{hour}"), CALENDAR, SHANGHAI)
        assert found.due_text == expected
        assert not found.provisional
        _assert_adds_up(found)


def test_cmp_1_the_last_day_ends_at_24_00_local_time():
    found = due(COLUMNS[1][1], at("2026-09-24T10:00"), CALENDAR, SHANGHAI)
    assert found.due == date(2026, 9, 29)
    assert found.due_at == datetime(2026, 9, 29, 16, 0, tzinfo=UTC)


def test_a5_2_staff_see_the_stricter_date_before_the_roll():
    found = due(COLUMNS[1][1], at("2026-02-12T10:00"), CALENDAR, SHANGHAI)
    assert (found.due_text, found.unrolled_text) == ("2026-02-24", "2026-02-17")
    assert found.unrolled_at < found.due_at


def test_the_explanation_tells_every_step_in_both_languages():
    found = due(COLUMNS[2][1], at("2026-09-30T10:00"), CALENDAR, SHANGHAI)
    assert found.lines("zh-CN") == [
        "2026-09-30 周三 起算，当天不计",
        "2026-10-01 周四 至 2026-10-07 周三 国庆节，不计",
        "2026-10-08 周四 至 2026-10-09 周五 工作日，计 2 天，累计 2 天",
        "2026-10-10 周六 国庆节调休上班，计 1 天，累计 3 天",
        "2026-10-11 周日 周末，不计",
        "2026-10-12 周一 至 2026-10-13 周二 工作日，计 2 天，累计 5 天",
        "到期：2026-10-13 周二 24:00",
    ]
    assert found.lines("en")[1:3] == [
        "2026-10-01 Thu to 2026-10-07 Wed: National Day, not counted",
        "2026-10-08 Thu to 2026-10-09 Fri: working day, 2 counted, total 2",
    ]


def test_a_roll_over_a_weekend_and_a_holiday_names_both(calendar):
    rule = DeadlineRule(n=1, unit="natural_day", roll="next_workday")
    found = due(rule, at("2026-02-20T10:00"), CALENDAR, SHANGHAI)
    assert [s.reason.zh for s in found.explanation if s.kind is StepKind.ROLLED] == ["春节"]
    assert found.lines("zh-CN")[-2] == "2026-02-21 周六 至 2026-02-23 周一 春节，期满日顺延 3 天"


@pytest.mark.parametrize("rule", [COLUMNS[1][1], COLUMNS[2][1]])
def test_b8_beyond_the_tables_the_date_is_provisional_with_a_warning(rule):
    found = due(rule, at("2026-12-30T10:00"), CALENDAR, SHANGHAI)
    assert found.provisional
    assert found.uncovered == (2027,)
    assert "2027" in found.warnings("zh-CN")[0] and "2027" in found.warnings("en")[0]
    _assert_adds_up(found)


def test_beyond_the_tables_weekends_are_still_skipped():
    found = due(DeadlineRule(n=1, unit="workday"), at("2027-03-05T10:00"), CALENDAR, SHANGHAI)  # a Friday
    assert found.due == date(2027, 3, 8)


def test_plain_calendar_days_need_no_table():
    assert not due(COLUMNS[0][1], at("2027-03-05T10:00"), CALENDAR, SHANGHAI).provisional


def test_the_day_is_the_hotlines_not_the_servers():
    late_in_utc = datetime(2026, 9, 23, 16, 30, tzinfo=UTC)  # 00:30 on the 24th in Shanghai
    assert due(COLUMNS[0][1], late_in_utc, CALENDAR, SHANGHAI).due == date(2026, 9, 29)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        due(COLUMNS[0][1], datetime(2026, 9, 24), CALENDAR, SHANGHAI)


# --- hours and minutes ---------------------------------------------------------------------


def test_pwr_1_45_minutes_are_45_minutes_day_and_night():
    found = due(DeadlineRule(n=45, unit="minute"), at("2026-10-01T23:30"), CALENDAR, SHANGHAI)
    assert found.due_text == "2026-10-02T00:15"
    assert found.due_at == at("2026-10-02T00:15")


def test_service_hours_run_only_while_the_service_is_open():
    rule = DeadlineRule(n=10, unit="hour", within_service_hours=True)
    found = due(rule, at("2026-09-30T15:00"), CALENDAR, SHANGHAI, OFFICE)
    assert found.due_text == "2026-10-08T16:30"  # 2 h, seven days off, 8 h from 08:30
    _assert_seconds_add_up(found)


def test_hours_received_while_closed_may_count_from_the_opening():
    rule = DeadlineRule(n=2, unit="hour", after_hours="next_opening")
    assert due(rule, at("2026-09-30T18:00"), CALENDAR, SHANGHAI, OFFICE).due_text == "2026-10-08T10:30"


# --- the same time of day, n working days later --------------------------------------------

NEXT_DAY_SAME_TIME = DeadlineRule(n=1, unit="natural_day", convention="same_time")
SAME_TIME = DeadlineRule(n=5, unit="workday", convention="same_time", after_hours="next_opening")


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ("2026-11-02T10:17", "2026-11-09T10:17"),  # Monday to Monday
        ("2026-11-06T16:59", "2026-11-13T16:59"),
        ("2026-11-06T17:00", "2026-11-16T08:30"),  # Friday at closing counts from Monday's opening
        ("2026-11-07T12:00", "2026-11-16T08:30"),
        ("2026-11-09T07:00", "2026-11-16T08:30"),
        ("2026-09-30T18:00", "2026-10-14T08:30"),  # National Day, then the make-up Saturday counts
    ],
)
def test_same_time_of_day_and_after_hours_from_the_next_opening(received, expected):
    found = due(SAME_TIME, at(received), CALENDAR, SHANGHAI, OFFICE)
    assert found.due_text == expected
    assert found.due_at == at(expected)
    assert found.lines("zh-CN")[-1].startswith("到期：")


def test_a_weekend_has_one_beginning_whatever_the_time_of_day():
    rule = DeadlineRule(n=1, unit="workday", convention="same_time")
    for received in ("2026-11-07T10:00", "2026-11-08T09:00", "2026-11-09T00:00"):
        assert due(rule, at(received), CALENDAR, SHANGHAI).due_text == "2026-11-10T00:00"


def test_same_time_explains_the_opening_the_days_and_the_moment():
    assert due(SAME_TIME, at("2026-11-06T17:00"), CALENDAR, SHANGHAI, OFFICE).lines("zh-CN") == [
        "2026-11-06 周五 17:00 非工作时间收到，从 2026-11-09 周一 08:30 起算",
        "2026-11-09 周一 起算，当天不计",
        "2026-11-10 周二 至 2026-11-13 周五 工作日，计 4 天，累计 4 天",
        "2026-11-14 周六 至 2026-11-15 周日 周末，不计",
        "2026-11-16 周一 工作日，计 1 天，累计 5 天",
        "到期：2026-11-16 周一 08:30",
    ]


def test_same_time_natural_days_roll_to_the_next_opening():
    rule = DeadlineRule(n=2, unit="natural_day", convention="same_time", roll="next_workday")
    found = due(rule, at("2026-11-05T10:00"), CALENDAR, SHANGHAI, OFFICE)  # Thursday + 2 = Saturday
    assert (found.due_text, found.unrolled_text) == ("2026-11-09T08:30", "2026-11-07T10:00")


# --- properties ----------------------------------------------------------------------------

MOMENTS = st.datetimes(datetime(2025, 6, 1), datetime(2027, 6, 1)).map(lambda d: d.replace(tzinfo=SHANGHAI))
DAY_RULES = st.builds(
    DeadlineRule,
    n=st.integers(0, 60),
    unit=st.sampled_from(["natural_day", "workday"]),
    roll=st.sampled_from(["none", "next_workday"]),
    convention=st.sampled_from(["end_of_day", "same_time"]),
    after_hours=st.sampled_from(["counts", "next_opening"]),
)
TIME_RULES = st.builds(
    DeadlineRule,
    n=st.integers(0, 120),
    unit=st.sampled_from(["hour", "minute"]),
    after_hours=st.sampled_from(["counts", "next_opening"]),
    within_service_hours=st.booleans(),
)
SCHEDULES = st.sampled_from(
    [
        Schedule(),
        OFFICE,
        Schedule(kind="workday", open=time(8, 30), close=time(17, 30), lunch=(time(12), time(13, 30))),
        Schedule(kind="daily", open=time(9), close=time(21)),
    ]
)


@given(DAY_RULES | TIME_RULES, MOMENTS, SCHEDULES)
def test_nothing_is_due_before_it_was_received(rule, received, schedule):
    found = due(rule, received, CALENDAR, SHANGHAI, schedule)
    assert received <= found.unrolled_at <= found.due_at


@given(DAY_RULES | TIME_RULES, MOMENTS, SCHEDULES)
def test_a_longer_term_is_never_due_earlier(rule, received, schedule):
    longer = rule.model_copy(update={"n": rule.n + 1})
    assert (
        due(rule, received, CALENDAR, SHANGHAI, schedule).due_at
        <= due(longer, received, CALENDAR, SHANGHAI, schedule).due_at
    )


@given(DAY_RULES | TIME_RULES, MOMENTS, st.timedeltas(timedelta(0), timedelta(days=20)), SCHEDULES)
def test_what_arrives_later_is_never_due_earlier(rule, received, later, schedule):
    assert (
        due(rule, received, CALENDAR, SHANGHAI, schedule).due_at
        <= due(rule, received + later, CALENDAR, SHANGHAI, schedule).due_at
    )


@given(DAY_RULES, MOMENTS)
def test_the_explanation_of_a_count_of_days_adds_up_to_the_date(rule, received):
    rule = rule.model_copy(update={"convention": "end_of_day", "after_hours": "counts"})
    _assert_adds_up(due(rule, received, CALENDAR, SHANGHAI))


@given(DAY_RULES, MOMENTS, SCHEDULES)
def test_the_explanation_of_same_time_adds_up_to_the_moment(rule, received, schedule):
    found = due(rule.model_copy(update={"convention": "same_time"}), received, CALENDAR, SHANGHAI, schedule)
    by_kind = {kind: [s for s in found.explanation if s.kind is kind] for kind in StepKind}
    opening, rolled = by_kind[StepKind.AFTER_HOURS], by_kind[StepKind.ROLLED]
    start = opening[0].last if opening else found.received
    counted = sum(s.n for s in by_kind[StepKind.COUNTED])
    assert counted == rule.n
    assert start + (counted + sum(s.n for s in by_kind[StepKind.SKIPPED])) * DAY == found.unrolled
    assert abs(found.unrolled + timedelta(seconds=sum(s.n for s in rolled)) - found.due) <= timedelta(seconds=1)
    assert by_kind[StepKind.RESULT] == [found.explanation[-1]]


@given(TIME_RULES, MOMENTS, SCHEDULES)
def test_the_explanation_of_a_count_of_hours_adds_up_to_the_moment(rule, received, schedule):
    _assert_seconds_add_up(due(rule, received, CALENDAR, SHANGHAI, schedule))


@given(st.integers(1, 10), MOMENTS)
def test_same_time_agrees_with_a_second_simple_implementation(n, received):
    rule = SAME_TIME.model_copy(update={"n": n})
    moment = received.replace(microsecond=0)
    while not (CALENDAR.is_workday(moment.date()) and time(8, 30) <= moment.time() < time(17)):
        opens = moment.time() < time(8, 30)
        moment = datetime.combine(moment.date() + (timedelta(0) if opens else DAY), time(8, 30), SHANGHAI)
    left = n
    while left:
        moment += DAY
        left -= CALENDAR.is_workday(moment.date())
    assert due(rule, received.replace(microsecond=0), CALENDAR, SHANGHAI, OFFICE).due_at == moment


def test_summer_time_moves_the_clock_not_the_promise():
    berlin = ZoneInfo("Europe/Berlin")
    found = due(DeadlineRule(n=2, unit="hour"), at("2026-03-29T01:30", berlin), CALENDAR, berlin)
    assert found.due_text == "2026-03-29T04:30"
    same_time = due(NEXT_DAY_SAME_TIME, at("2026-03-28T02:30", berlin), CALENDAR, berlin)
    assert same_time.due_text == "2026-03-29T03:30"  # 02:30 does not exist that night


def _assert_adds_up(found: DueDate) -> None:
    """Every day from the receipt to the due date is accounted for exactly once, and counts as it says."""
    steps = list(found.explanation)
    assert (steps[0].kind, steps[-1].kind) == (StepKind.RECEIVED, StepKind.RESULT)
    total, cursor, start = 0, steps[0].first, steps[0].first
    moved = 0
    for step in steps[1:-1]:
        assert step.n == (step.last - step.first).days + 1
        working = [CALENDAR.is_workday(step.first + i * DAY) for i in range(step.n)]
        match step.kind:
            case StepKind.COUNTED:
                assert found.rule.unit == "natural_day" or all(working)
                total += step.n
            case StepKind.SKIPPED | StepKind.ROLLED:
                assert not any(working)
        if step.kind is StepKind.ROLLED:
            assert step.first == found.unrolled + moved * DAY
            moved += step.n
        else:
            assert step.first in (cursor + DAY, start)
            cursor = step.last
    assert total == found.rule.n
    assert found.unrolled + moved * DAY == found.due == steps[-1].first


def _assert_seconds_add_up(found: DueDate) -> None:
    steps = [s for s in found.explanation if s.n]
    unit = 3600 if found.rule.unit == "hour" else 60
    assert sum(s.n for s in steps if s.kind is StepKind.COUNTED) == found.rule.n * unit
    walked = found.received + timedelta(seconds=sum(s.n for s in steps))
    assert abs(walked - found.due_at) <= timedelta(seconds=len(steps))  # each span is rounded to a second
