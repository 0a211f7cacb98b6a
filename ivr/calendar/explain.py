"""Counting days, and saying how they were counted, in Chinese and English."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from ivr.calendar.tables import WORKDAY, Reason, WorkCalendar

_DAY = timedelta(days=1)
_NATURAL = Reason("自然日", "calendar day")
_WEEKDAYS_ZH = "一二三四五六日"
_WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class StepKind(StrEnum):
    """What happened to a span of days or of time."""

    RECEIVED = "received"
    AFTER_HOURS = "after_hours"
    COUNTED = "counted"
    SKIPPED = "skipped"
    ROLLED = "rolled"
    RESULT = "result"


class CountedSpan(NamedTuple):
    """A span from ``first`` to ``last`` with what it adds: ``n`` days (dates) or seconds (moments)."""

    kind: StepKind
    first: date
    last: date
    n: int
    reason: Reason


@dataclass(frozen=True, slots=True, eq=False)  # one object for each count of days: its lines are kept by it
class Days:
    """A count of days: the last day, the working day it moved to, and every span on the way."""

    unrolled: date
    due: date
    uncovered: tuple[int, ...]
    steps: tuple[CountedSpan, ...]


@lru_cache(maxsize=8192)  # a register has many cases and few (rule, day) pairs
def day_steps(unit: str, n: int, roll: bool, start: date, calendar: WorkCalendar) -> Days:
    """``n`` natural or working days after ``start``, which is not counted; with ``roll`` to a working day."""
    steps = [CountedSpan(StepKind.RECEIVED, start, start, 0, WORKDAY)]
    if unit == "natural_day":
        unrolled = start + n * _DAY
        if n:
            steps.append(CountedSpan(StepKind.COUNTED, start + _DAY, unrolled, n, _NATURAL))
        asked_from = unrolled
    else:
        unrolled = calendar.workday_after(start, n) if n else calendar.next_workday(start)
        first, last = (start + _DAY, unrolled) if n else (start, unrolled - _DAY)
        for begin, end, reason, working in _spans(first, last, calendar):
            kind = StepKind.COUNTED if working else StepKind.SKIPPED
            steps.append(CountedSpan(kind, begin, end, (end - begin).days + 1, reason))
        asked_from = start
    due = unrolled
    if roll:
        due = calendar.next_workday(unrolled)
        for begin, end, reason, _ in _spans(unrolled, due - _DAY, calendar):
            steps.append(CountedSpan(StepKind.ROLLED, begin, end, (end - begin).days + 1, reason))
    years = range(asked_from.year, due.year + 1) if unit == "workday" or roll else ()
    return Days(unrolled, due, tuple(y for y in years if y not in calendar.tables), tuple(steps))


def _spans(first: date, last: date, calendar: WorkCalendar) -> Iterator[tuple[date, date, Reason, bool]]:
    """The days from ``first`` to ``last`` in runs of one reason: (begin, end, reason, working)."""
    begin = first
    while begin <= last:
        reason, end = calendar.why(begin), begin
        while end < last and calendar.why(end + _DAY) == reason:
            end += _DAY
        yield begin, end, reason, calendar.is_workday(begin)
        begin = end + _DAY


# --- in words ------------------------------------------------------------------------------


def explain(steps: Sequence[CountedSpan], lang: str) -> list[str]:
    """One line per step, with the running total of what is counted."""
    lines, total, say = [], 0, _line_zh if lang == "zh-CN" else _line_en
    for step in steps:
        if step.kind is StepKind.COUNTED:
            total += step.n
        lines.append(say(step, total))
    return lines


@lru_cache(maxsize=8192)
def explain_days(days: Days, lang: str) -> tuple[str, ...]:
    """Explain a count of days; cached, for many cases share one."""
    return tuple(explain(days.steps, lang))


def warn(year: int, lang: str) -> str:
    """The warning for a year without a table."""
    if lang == "zh-CN":
        return f"{year}年的节假日安排尚未载入，只按周末推算，日期为暂定。"
    return f"There is no holiday table for {year}; only weekends were taken as off, so the date is provisional."


def _line_zh(step: CountedSpan, total: int) -> str:
    if step.kind is StepKind.AFTER_HOURS:
        return f"{_when(step.first, 'zh-CN')} {step.reason.zh}收到，从 {_when(step.last, 'zh-CN')} 起算"
    span = _span(step, " 至 ", "zh-CN")
    why, timed = step.reason.zh, isinstance(step.first, datetime)
    match step.kind:
        case StepKind.RECEIVED:
            return f"{span} 收到" if timed else f"{span} 起算，当天不计"
        case StepKind.COUNTED if timed:
            return f"{span} 计 {_length(step.n, 'zh-CN')}，累计 {_length(total, 'zh-CN')}"
        case StepKind.COUNTED:
            return f"{span} {why}，计 {step.n} 天，累计 {total} 天"
        case StepKind.SKIPPED:
            return f"{span} {why}，不计"
        case StepKind.ROLLED if timed:
            return f"{_when(step.first, 'zh-CN')} 是{why}，顺延到 {_when(step.last, 'zh-CN')}"
        case StepKind.ROLLED:
            return f"{span} {why}，期满日顺延 {step.n} 天"
        case _:
            return f"到期：{span}" + ("" if timed else " 24:00")


def _line_en(step: CountedSpan, total: int) -> str:
    if step.kind is StepKind.AFTER_HOURS:
        return f"{_when(step.first, 'en')}: {step.reason.en}, counted from {_when(step.last, 'en')}"
    span = _span(step, " to ", "en")
    why, timed = step.reason.en, isinstance(step.first, datetime)
    match step.kind:
        case StepKind.RECEIVED:
            return f"{span}: received" if timed else f"{span}: start, this day is not counted"
        case StepKind.COUNTED if timed:
            return f"{span}: {_length(step.n, 'en')} counted, total {_length(total, 'en')}"
        case StepKind.COUNTED:
            return f"{span}: {why}, {step.n} counted, total {total}"
        case StepKind.SKIPPED:
            return f"{span}: {why}, not counted"
        case StepKind.ROLLED if timed:
            return f"{_when(step.first, 'en')}: {why}, moved to {_when(step.last, 'en')}"
        case StepKind.ROLLED:
            return f"{span}: {why}, the last day moves by {step.n}"
        case _:
            return f"Due: {span}" + ("" if timed else " 24:00")


def _span(step: CountedSpan, to: str, lang: str) -> str:
    first = _when(step.first, lang)
    return first if step.first == step.last else f"{first}{to}{_when(step.last, lang)}"


def _when(at: date, lang: str) -> str:
    if isinstance(at, datetime):
        return f"{_day(at.date(), lang)} {at.hour:02}:{at.minute:02}"
    return _day(at, lang)


@lru_cache(maxsize=8192)
def _day(d: date, lang: str) -> str:
    named = f"周{_WEEKDAYS_ZH[d.weekday()]}" if lang == "zh-CN" else _WEEKDAYS_EN[d.weekday()]
    return f"{d.isoformat()} {named}"


def _length(seconds: int, lang: str) -> str:
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    units = ("小时", "分", "秒") if lang == "zh-CN" else (" h", " min", " s")
    said = [f"{n}{unit}" for n, unit in zip((hours, minutes, rest), units, strict=True) if n]
    return " ".join(said) or f"0{units[2]}"
