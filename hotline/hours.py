"""Opening hours: ``"always"``, or days of the week (or working days 工作日) with open spans.

    [hours]
    hall = { days = "workday", open = ["08:30-12:00", "13:30-17:30"] }

``workday`` follows the working-day calendar, so a make-up Saturday 调休 is open and a public
holiday is closed; day names (``mon`` … ``sun``) ignore the calendar. Spans are local time in the
unit's zone; the end is exclusive; ``00:00-24:00`` is the whole day.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_PER_DAY = 24 * 60


def _days(value: object) -> object:
    """``"workday"``, ``"every_day"`` or a tuple of day names."""
    if value in ("workday", "every_day"):
        return value
    if isinstance(value, list | tuple) and value and all(day in DAY_NAMES for day in value):
        return tuple(value)
    raise ValueError(f'write "workday", "every_day" or days like ["mon", "tue"], not {value!r}')


def _span(value: object) -> tuple[int, int]:
    """``"08:30-12:00"`` as minutes since midnight."""
    if isinstance(value, tuple):
        return value
    match = re.fullmatch(r"(\d\d):(\d\d)-(\d\d):(\d\d)", str(value))
    if match:
        h1, m1, h2, m2 = (int(part) for part in match.groups())
        start, end = h1 * 60 + m1, h2 * 60 + m2
        if m1 < 60 and m2 < 60 and start < end <= MINUTES_PER_DAY:
            return start, end
    raise ValueError(
        'write a span within one day, like "08:30-12:00" (a night in two: "22:00-24:00", "00:00-06:00")'
    )


Days = Annotated[str | tuple[str, ...], BeforeValidator(_days)]
Span = Annotated[tuple[int, int], BeforeValidator(_span)]


class Schedule(BaseModel):
    """When something is open: days and spans of local time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: Days = "workday"
    open: tuple[Span, ...] = Field(min_length=1)

    def is_open(self, local: datetime, *, workday: bool) -> bool:
        """Is ``local`` (a moment in the unit's zone) within the hours? ``workday``: is that date one?"""
        if self.days == "workday":
            if not workday:
                return False
        elif self.days != "every_day" and DAY_NAMES[local.weekday()] not in self.days:
            return False
        minute = local.hour * 60 + local.minute
        return any(start <= minute < end for start, end in self.open)


# A text is "always", a table is a schedule: each gets its own, single error message.
Hours = Annotated[
    Annotated[Literal["always"], Tag("text")] | Annotated[Schedule, Tag("table")],
    Discriminator(lambda value: "text" if isinstance(value, str) else "table"),
]


def is_open(hours: Literal["always"] | Schedule, local: datetime, *, workday: bool) -> bool:
    """Is it open at ``local``? ``"always"`` always is (ANS-5: 24小时不间断)."""
    return hours == "always" or hours.is_open(local, workday=workday)
