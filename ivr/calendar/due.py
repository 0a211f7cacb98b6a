"""The due date and why: one pure function from (rule, received, calendar, zone, service hours).

    due(rule, received, calendar, zone, schedule).lines("zh-CN")

The default convention is the Civil Code's (201, 203): the first day is not counted, the last day
ends at 24:00, and a last day off moves to the next working day. The explanation is data: spans of
days (or seconds) that were counted, skipped or added by the roll; they add up to the date.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ivr.calendar.explain import CountedSpan, Days, StepKind, day_steps, explain, explain_days, warn
from ivr.calendar.hours import local_moment, next_opening, open_spans
from ivr.calendar.tables import WORKDAY, Reason, WorkCalendar
from ivr.profile import DeadlineRule, Schedule

_DAY = timedelta(days=1)
_ALWAYS = Schedule()
_CLOSED = Reason("非工作时间", "outside service hours")
_SECONDS = {"hour": 3600, "minute": 60}


@dataclass(frozen=True, slots=True, eq=False)  # by identity: its lines are kept by it
class CountedDue:
    """What follows from the start alone: shared by everything that starts alike.

    ``due``: the local date, or the local moment for hours, minutes and ``same_time``; ``due_at``: the
    UTC moment it ends (a date ends at 24:00). ``unrolled``/``unrolled_at``: the same before the last day
    moved to a working day. ``uncovered``: years without a table that were met. The steps: ``days``, then ``after``.
    """

    due: date
    due_at: datetime
    unrolled: date
    unrolled_at: datetime
    uncovered: tuple[int, ...]
    days: Days | None
    after: tuple[CountedSpan, ...]


class DueDate(NamedTuple):
    """When something is due, and the arithmetic (a tuple: quickly made, for registers of many rows).

    ``before``: what happened between receipt and the start that was counted from. ``unrolled`` is the stricter
    date staff see. ``provisional``: a year without a table was met (``uncovered``); then only weekends were off.
    """

    rule: DeadlineRule
    received: datetime
    before: tuple[CountedSpan, ...]
    counted: CountedDue

    @property
    def due(self) -> date:
        return self.counted.due

    @property
    def due_at(self) -> datetime:
        return self.counted.due_at

    @property
    def unrolled(self) -> date:
        return self.counted.unrolled

    @property
    def unrolled_at(self) -> datetime:
        return self.counted.unrolled_at

    @property
    def uncovered(self) -> tuple[int, ...]:
        return self.counted.uncovered

    @property
    def explanation(self) -> tuple[CountedSpan, ...]:
        """Every step in order."""
        days = self.counted.days
        return (*self.before, *(days.steps if days else ()), *self.counted.after)

    @property
    def provisional(self) -> bool:
        return bool(self.counted.uncovered)

    @property
    def due_text(self) -> str:
        """ISO local date, or date and time to the minute, as it is stored and spoken."""
        return _iso(self.counted.due)

    @property
    def unrolled_text(self) -> str:
        """Return ``unrolled`` as an ISO local date or date-time."""
        return _iso(self.counted.unrolled)

    def lines(self, lang: str = "zh-CN") -> list[str]:
        """The explanation, one line per step; the last one is the result."""
        return [*explain(self.before, lang), *_lines(self.counted, lang)]

    def warnings(self, lang: str = "zh-CN") -> list[str]:
        """What a person should know before relying on the date."""
        return [warn(year, lang) for year in self.counted.uncovered]


@lru_cache(maxsize=8192)
def _lines(counted: CountedDue, lang: str) -> tuple[str, ...]:
    days = explain_days(counted.days, lang) if counted.days else ()
    return (*days, *explain(counted.after, lang))


def due(
    rule: DeadlineRule,
    received: datetime,
    calendar: WorkCalendar,
    zone: ZoneInfo,
    schedule: Schedule = _ALWAYS,
) -> DueDate:
    """When what was ``received`` (aware) is due by ``rule``; ``schedule``: the service hours."""
    if received.tzinfo is None:
        raise ValueError(f"the time of receipt {received} has no time zone")
    local = received.astimezone(zone)
    if rule.unit in _SECONDS:
        return _timed(rule, local, calendar, zone, schedule)
    if rule.convention == "same_time":
        return _same_time(rule, local, calendar, zone, schedule)
    return _end_of_day(rule, local, calendar, zone, schedule)


def _end_of_day(
    rule: DeadlineRule, local: datetime, calendar: WorkCalendar, zone: ZoneInfo, schedule: Schedule
) -> DueDate:
    steps: tuple[CountedSpan, ...] = ()
    start = local
    if rule.after_hours == "next_opening":
        start = next_opening(schedule, local, calendar, zone)
        steps = _opening_step(local, start)
    roll = rule.roll == "next_workday"
    return DueDate(rule, local, steps, _count_days(rule.unit, rule.n, roll, start.date(), calendar, zone))


@lru_cache(maxsize=4096)  # a register has many rows on few days
def _count_days(unit: str, n: int, roll: bool, start: date, calendar: WorkCalendar, zone: ZoneInfo) -> CountedDue:
    days = day_steps(unit, n, roll, start, calendar)
    end, unrolled_end = (local_moment(d, time.max, zone).astimezone(UTC) for d in (days.due, days.unrolled))
    after = (CountedSpan(StepKind.RESULT, days.due, days.due, 0, WORKDAY),)
    return CountedDue(days.due, end, days.unrolled, unrolled_end, days.uncovered, days, after)


def _same_time(
    rule: DeadlineRule, local: datetime, calendar: WorkCalendar, zone: ZoneInfo, schedule: Schedule
) -> DueDate:
    start = local
    if rule.after_hours == "next_opening":
        start = next_opening(schedule, local, calendar, zone)
    if rule.unit == "workday" and not calendar.is_workday(start.date()):
        # Counting from a day off begins when the next working day does, else Sunday 9:00 would be due
        # before Saturday 10:00.
        first = schedule.spans[0][0] if rule.after_hours == "next_opening" else time.min
        start = local_moment(calendar.next_workday(start.date()), first, zone)
    # What arrives while closed counts from an opening, and of those there are few.
    count = _count_same_time if start == local else _count_from_opening
    return DueDate(rule, local, _opening_step(local, start), count(rule, start, calendar, zone, schedule))


def _count_same_time(
    rule: DeadlineRule, start: datetime, calendar: WorkCalendar, zone: ZoneInfo, schedule: Schedule
) -> CountedDue:
    days = day_steps(rule.unit, rule.n, False, start.date(), calendar)
    unrolled = local_moment(days.unrolled, start.time(), zone)
    moved, uncovered = unrolled, days.uncovered
    rolled: tuple[CountedSpan, ...] = ()
    if rule.roll == "next_workday":
        moved = _next_working_moment(unrolled, calendar, zone, schedule)
        uncovered = tuple(sorted({*uncovered, *_uncovered(calendar, unrolled.date(), moved.date())}))
        if moved != unrolled:
            off = not calendar.is_workday(unrolled.date())
            reason = calendar.why(unrolled.date()) if off else _CLOSED
            rolled = (CountedSpan(StepKind.ROLLED, unrolled, moved, _seconds(unrolled, moved), reason),)
    end, unrolled_end = moved.astimezone(UTC), unrolled.astimezone(UTC)
    after = (*rolled, CountedSpan(StepKind.RESULT, moved, moved, 0, WORKDAY))
    return CountedDue(moved, end, unrolled, unrolled_end, uncovered, days, after)


_count_from_opening = lru_cache(maxsize=4096)(_count_same_time)


def _timed(rule: DeadlineRule, local: datetime, calendar: WorkCalendar, zone: ZoneInfo, schedule: Schedule) -> DueDate:
    """Hours and minutes: as they pass, or only while the service is open."""
    left = timedelta(seconds=rule.n * _SECONDS[rule.unit])
    start = local
    if rule.after_hours == "next_opening" or rule.within_service_hours:
        start = next_opening(schedule, local, calendar, zone)
    steps = [CountedSpan(StepKind.RECEIVED, local, local, 0, WORKDAY), *_opening_step(local, start)]
    at = start
    if rule.within_service_hours:
        for begin, end in open_spans(schedule, start, calendar, zone):
            begin = max(begin, at, key=datetime.timestamp)
            if _seconds(at, begin):
                steps.append(CountedSpan(StepKind.SKIPPED, at, begin, _seconds(at, begin), _CLOSED))
            at = begin
            piece = min(left, end.astimezone(UTC) - begin.astimezone(UTC))
            if piece:
                at = _later(begin, piece, zone)
                steps.append(CountedSpan(StepKind.COUNTED, begin, at, _seconds(begin, at), WORKDAY))
            left -= piece
            if not left:
                break
    else:
        at = _later(start, left, zone)
        steps.append(CountedSpan(StepKind.COUNTED, start, at, _seconds(start, at), WORKDAY))
    steps.append(CountedSpan(StepKind.RESULT, at, at, 0, WORKDAY))
    asks_calendar = schedule.workdays_only and (rule.within_service_hours or start != local)
    uncovered = _uncovered(calendar, local.date(), at.date()) if asks_calendar else ()
    end_at = at.astimezone(UTC)
    return DueDate(rule, local, (), CountedDue(at, end_at, at, end_at, uncovered, None, tuple(steps)))


def _next_working_moment(at: datetime, calendar: WorkCalendar, zone: ZoneInfo, schedule: Schedule) -> datetime:
    """``at`` when it is in service hours of a working day, else when the next such span begins."""
    for begin, _ in open_spans(schedule, at, calendar, zone):
        moment = max(begin, at, key=datetime.timestamp)
        if calendar.is_workday(moment.date()):
            return moment
    raise AssertionError("open_spans never ends")


def _opening_step(received: datetime, start: datetime) -> tuple[CountedSpan, ...]:
    if start == received:
        return ()
    return (CountedSpan(StepKind.AFTER_HOURS, received, start, _seconds(received, start), _CLOSED),)


def _later(at: datetime, by: timedelta, zone: ZoneInfo) -> datetime:
    return (at.astimezone(UTC) + by).astimezone(zone)


def _seconds(first: datetime, last: datetime) -> int:
    return round((last.astimezone(UTC) - first.astimezone(UTC)).total_seconds())


def _iso(at: date) -> str:
    if isinstance(at, datetime):
        return f"{at.date().isoformat()}T{at.hour:02}:{at.minute:02}"
    return at.isoformat()


def _uncovered(calendar: WorkCalendar, first: date, last: date) -> tuple[int, ...]:
    return tuple(year for year in range(first.year, last.year + 1) if year not in calendar.tables)
