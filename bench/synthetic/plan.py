"""What year is wanted."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from ivr.calendar.hours import local_moment

# 154 has been given to no operator: nobody has such a number.
NUMBER_RANGE = "154"


@dataclass(frozen=True)
class Plan:
    """``calls`` and ``cases`` of ``days`` local days; nothing is told of what comes after ``until_ms`` (UTC ms)."""

    first: date
    days: int
    calls: int
    cases: int
    seed: int = 1
    until_ms: int | None = None
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))

    @cached_property
    def from_ms(self) -> int:
        return _ms(local_moment(self.first, time.min, self.zone))

    @cached_property
    def to_ms(self) -> int:
        """The end of the last day, or ``until_ms`` when that comes first."""
        end = _ms(local_moment(self.first + timedelta(days=self.days), time.min, self.zone))
        return end if self.until_ms is None else min(end, self.until_ms)

    def every_day(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range(self.days)]


class Ids:
    """Ids that sort by time like UUIDv7 and follow from the dice alone."""

    def __init__(self, dice: random.Random) -> None:
        self._bits = dice.getrandbits

    def __call__(self, at_ms: int) -> str:
        """A new id for that moment."""
        bits = self._bits
        text = f"{at_ms:012x}7{bits(12):03x}{0x8000000000000000 | bits(62):016x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
