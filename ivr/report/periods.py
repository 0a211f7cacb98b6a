"""Which period a report is about, and when it is to be sent (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ivr.calendar.hours import local_moment
from ivr.report.span import Span

_DAY = timedelta(days=1)
TITLES: Mapping[str, tuple[str, str]] = {
    "monthly": ("热线月报", "Hotline, month"),
    "weekly": ("热线周报", "Hotline, week"),
    "daily": ("热线日报", "Hotline, day"),
    "promises": ("服务承诺兑现情况", "Our promises, and how we kept them"),
}


@dataclass(frozen=True, slots=True)
class ReportDue:
    """A report that is to be sent: ``key`` names its period for ever (``monthly:2026-10``); ``at``: since when (ms)."""

    kind: str
    name: str
    span: Span
    at: int

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.name}"

    def title(self, lang: str) -> str:
        """What the report is called."""
        return f"{TITLES[self.kind][0 if lang == 'zh-CN' else 1]} {self.name}"


def month(today: date, zone: ZoneInfo) -> tuple[Span, str]:
    """The last whole month."""
    last = today.replace(day=1) - _DAY
    return Span.month(last.year, last.month, zone), f"{last:%Y-%m}"


def week(today: date, zone: ZoneInfo) -> tuple[Span, str]:
    """The last whole week, Monday to Sunday, by ISO 8601."""
    return week_of(today - timedelta(days=today.weekday() + 7), zone)


def week_of(monday: date, zone: ZoneInfo) -> tuple[Span, str]:
    """The week that begins with this day."""
    year, number, _ = monday.isocalendar()
    return Span(monday, monday + 6 * _DAY, zone), f"{year}-W{number:02}"


def day(today: date, zone: ZoneInfo) -> tuple[Span, str]:
    """Yesterday."""
    return Span(today - _DAY, today - _DAY, zone), (today - _DAY).isoformat()


LAST: Mapping[str, Callable[[date, ZoneInfo], tuple[Span, str]]] = {"daily": day, "weekly": week, "monthly": month}


def due(kind: str, now_ms: int, at: time, zone: ZoneInfo) -> ReportDue | None:
    """The last whole period's report, once its time of day has come on the day after the period; before that None."""
    today = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone).date()
    span, name = LAST[kind](today, zone)
    moment = round(local_moment(span.last + _DAY, at, zone).timestamp() * 1000)
    return ReportDue(kind, name, span, moment) if moment <= now_ms else None
