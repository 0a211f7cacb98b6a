"""Periods of whole local days, and their hours, days and weeks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """From the beginning of day ``first`` to the end of day ``last``, in the hotline's zone."""

    first: date
    last: date
    zone: ZoneInfo

    @classmethod
    def month(cls, year: int, month: int, zone: ZoneInfo) -> Span:
        """A calendar month."""
        after = date(year + month // 12, month % 12 + 1, 1)
        return cls(date(year, month, 1), after - _DAY, zone)

    @property
    def from_ms(self) -> int:
        """Where it begins (UTC ms)."""
        return _midnight(self.first, self.zone)

    @property
    def to_ms(self) -> int:
        """Where it ends (UTC ms); this moment is no longer in it."""
        return _midnight(self.last + _DAY, self.zone)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def by_day(self) -> Iterator[tuple[str, int, int]]:
        """(name, from, to) of every day."""
        for n in range(self.days):
            day = self.first + n * _DAY
            yield day.isoformat(), _midnight(day, self.zone), _midnight(day + _DAY, self.zone)

    def by_hour(self) -> Iterator[tuple[str, int, int]]:
        """(name, from, to) of every hour; a day of summer time's change has 23 or 25."""
        at = self.from_ms
        while at < self.to_ms:
            local = datetime.fromtimestamp(at / 1000, UTC).astimezone(self.zone)
            yield local.isoformat(" ", "minutes")[:16], at, at + 3_600_000
            at += 3_600_000


def _midnight(day: date, zone: ZoneInfo) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)
