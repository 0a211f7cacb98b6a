"""Opening hours: pure questions about a schedule, a calendar and a moment.

A span of the day is ``[begin, end)`` in local time; ``time.max`` stands for 24:00. Draining the
queue at closing time (S4-28) is not here: who already waits is served whatever these answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from ivr.calendar.tables import WorkCalendar
from ivr.errors import IvrError
from ivr.profile import Schedule

_DAY = timedelta(days=1)
SEARCH_DAYS = 400  # no service stays closed longer than a year


class NeverOpen(IvrError, ValueError):
    """No opening hours were found within ``SEARCH_DAYS`` days."""


def is_open(schedule: Schedule, at: datetime, calendar: WorkCalendar, zone: ZoneInfo) -> bool:
    """Is the service open at ``at`` (aware)? For the ``hours`` step of a flow (A5.2 no. 12)."""
    local = at.astimezone(zone)
    if not open_on(schedule, local.date(), calendar):
        return False
    now = local.time()
    return any(begin <= now and (now < end or end == time.max) for begin, end in schedule.spans)


def in_break(schedule: Schedule, at: datetime, calendar: WorkCalendar, zone: ZoneInfo) -> bool:
    """Is it the break between two open spans of a day, the lunch break 午间 (STF-6)?"""
    local = at.astimezone(zone)
    if len(schedule.spans) < 2 or not open_on(schedule, local.date(), calendar):
        return False
    return schedule.spans[0][1] <= local.time() < schedule.spans[-1][0]


def in_words(schedule: Schedule, lang: str) -> str:
    """The hours as they are told to people: ``工作日08:30-12:00，13:30-17:30`` (read aloud by ``ivr/speech``)."""
    chinese = lang == "zh-CN"
    if schedule.kind == "always":
        return "全天二十四小时" if chinese else "24 hours a day"
    spans = [f"{begin:%H:%M}-{end:%H:%M}" for begin, end in schedule.spans]
    if chinese:
        return ("工作日" if schedule.workdays_only else "每天") + "，".join(spans)
    return " and ".join(spans) + (" on working days" if schedule.workdays_only else " every day")


def open_on(schedule: Schedule, d: date, calendar: WorkCalendar) -> bool:
    """Does the service work at all on this day?"""
    return not schedule.workdays_only or calendar.is_workday(d)


def next_opening(schedule: Schedule, at: datetime, calendar: WorkCalendar, zone: ZoneInfo) -> datetime:
    """``at`` itself when the service is open then, else the next moment it opens (local, aware)."""
    local, now = at.astimezone(zone), _utc(at)
    d = local.date()
    if open_on(schedule, d, calendar):
        for begin, _, begin_utc, end_utc in _spans_of_day(schedule.spans, d, zone):
            if now < end_utc:
                return begin if now < begin_utc else local
    return _first_opening(schedule, d + _DAY, calendar, zone)


def open_spans(
    schedule: Schedule, at: datetime, calendar: WorkCalendar, zone: ZoneInfo
) -> Iterator[tuple[datetime, datetime]]:
    """The open spans that end after ``at``, in order, as aware local moments; the first may hold ``at``."""
    after = _utc(at)
    d, searched = at.astimezone(zone).date(), 0
    while searched < SEARCH_DAYS:
        searched += 1
        if open_on(schedule, d, calendar):
            for begin, end, _, end_utc in _spans_of_day(schedule.spans, d, zone):
                if end_utc > after:
                    yield begin, end
                    searched = 0
        d += _DAY
    raise NeverOpen(f"the service does not open within {SEARCH_DAYS} days after {at:%Y-%m-%d}")


# A register has many rows on few days, so what a day decides is kept.


@lru_cache(maxsize=4096)
def _first_opening(schedule: Schedule, d: date, calendar: WorkCalendar, zone: ZoneInfo) -> datetime:
    begin, _ = next(open_spans(schedule, local_moment(d, time.min, zone), calendar, zone))
    return begin


@lru_cache(maxsize=4096)
def _spans_of_day(
    spans: tuple[tuple[time, time], ...], d: date, zone: ZoneInfo
) -> tuple[tuple[datetime, datetime, datetime, datetime], ...]:
    """Those spans of that day as local moments, each also in UTC."""
    local = [(local_moment(d, begin, zone), local_moment(d, end, zone)) for begin, end in spans]
    return tuple((begin, end, _utc(begin), _utc(end)) for begin, end in local)


def local_moment(d: date, t: time, zone: ZoneInfo) -> datetime:
    """That time of that day in the zone; ``time.max`` is the end of the day, 24:00.

    A time that the clocks skip (summer time) is the moment after the gap.
    """
    if t == time.max:
        return datetime.combine(d + _DAY, time.min, zone)
    return datetime.combine(d, t, zone).astimezone(UTC).astimezone(zone)


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
