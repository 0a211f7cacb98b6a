"""When the service is open: pure questions about a schedule, a calendar and a moment.

A span of the day is ``[begin, end)`` in local time; ``time.max`` stands for 24:00. Draining the
queue at closing time (S4-28) is not here: who already waits is served whatever these answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ivr.calendar.tables import WorkCalendar
from ivr.profile import Schedule

_DAY = timedelta(days=1)
SEARCH_DAYS = 400  # no service stays closed longer than a year


def is_open(schedule: Schedule, at: datetime, calendar: WorkCalendar, zone: ZoneInfo) -> bool:
    """Is the service open at ``at`` (aware)? For the ``hours`` step of a flow (A5.2 no. 12)."""
    local = at.astimezone(zone)
    if not open_on(schedule, local.date(), calendar):
        return False
    now = local.time()
    return any(begin <= now and (now < end or end == time.max) for begin, end in schedule.spans)


def open_on(schedule: Schedule, d: date, calendar: WorkCalendar) -> bool:
    """Does the service work at all on this day?"""
    return not schedule.workdays_only or calendar.is_workday(d)


def next_opening(schedule: Schedule, at: datetime, calendar: WorkCalendar, zone: ZoneInfo) -> datetime:
    """``at`` itself when the service is open then, else the next moment it opens (local, aware)."""
    local = at.astimezone(zone)
    begin, _ = next(open_spans(schedule, local, calendar, zone))
    return max(begin, local, key=_utc)


def open_spans(
    schedule: Schedule, at: datetime, calendar: WorkCalendar, zone: ZoneInfo
) -> Iterator[tuple[datetime, datetime]]:
    """The open spans that end after ``at``, in order, as aware local moments; the first may hold ``at``."""
    local = at.astimezone(zone)
    d, searched = local.date(), 0
    while searched < SEARCH_DAYS:
        searched += 1
        if open_on(schedule, d, calendar):
            for begin, end in schedule.spans:
                span = local_moment(d, begin, zone), local_moment(d, end, zone)
                if _utc(span[1]) > _utc(local):
                    yield span
                    searched = 0
        d += _DAY
    raise ValueError(f"the service does not open within {SEARCH_DAYS} days after {local:%Y-%m-%d}")


def local_moment(d: date, t: time, zone: ZoneInfo) -> datetime:
    """That time of that day in the zone; ``time.max`` is the end of the day, 24:00.

    A time that the clocks skip (summer time) is the moment after the gap.
    """
    if t == time.max:
        return datetime.combine(d + _DAY, time.min, zone)
    return datetime.combine(d, t, zone).astimezone(UTC).astimezone(zone)


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
