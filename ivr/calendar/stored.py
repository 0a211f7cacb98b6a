"""Explanations of due dates, as they were stored, in the reader's language.

The register keeps each step as a Chinese line (``explain``, and what begins a changed date in
:mod:`ivr.cases.deadlines` and :mod:`ivr.cases.effects`). Those lines have a fixed form, so each is read back into what
it says and said in English: profile and working days of today are not asked, they may have changed since.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ivr.calendar.explain import _WEEKDAYS_EN, _WEEKDAYS_ZH
from ivr.calendar.tables import WEEKEND, WORKDAY, YearTable

DAY = rf"\d{{4}}-\d\d-\d\d 周[{_WEEKDAYS_ZH}](?: \d\d:\d\d)?"
SPAN = rf"({DAY}(?: 至 {DAY})?)"
LENGTH = r"((?:\d+(?:小时|分|秒) ?)+)"
OLD = r"原期限 (\d{4}-\d\d-\d\d(?: \d\d:\d\d)?(?::\d\d\S*)?|无)，"
STAMP = r"(\d{4}-\d\d-\d\d \d\d:\d\d)"
REST = r"(\d+) (天|个工作日|小时|分钟)"
NAMES = {
    WORKDAY.zh: WORKDAY.en, WEEKEND.zh: WEEKEND.en, "自然日": "calendar day", "非工作时间": "outside service hours",
    "天": "days", "个工作日": "working days", "小时": "hours", "分钟": "minutes", "无": "none",
}  # fmt: skip
LINES = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (rf"({DAY}) (.+)收到，从 ({DAY}) 起算", "{}: {}, counted from {}"),
        (rf"{SPAN} 收到", "{}: received"),
        (rf"{SPAN} 起算，当天不计", "{}: start, this day is not counted"),
        (rf"{SPAN} 计 {LENGTH}，累计 {LENGTH}", "{}: {} counted, total {}"),
        (rf"{SPAN} (.+)，计 (\d+) 天，累计 (\d+) 天", "{}: {}, {} counted, total {}"),
        (rf"{SPAN} (.+)，不计", "{}: {}, not counted"),
        (rf"({DAY}) 是(.+)，顺延到 ({DAY})", "{}: {}, moved to {}"),
        (rf"{SPAN} (.+)，期满日顺延 (\d+) 天", "{}: {}, the last day moves by {}"),
        (rf"到期：{SPAN}( 24:00)?", "Due: {}{}"),
        (
            r"(\d{4})年的节假日安排尚未载入，只按周末推算，日期为暂定。",
            "There is no holiday table for {}; only weekends were taken as off, so the date is provisional.",
        ),
        (rf"{OLD}经批准延期 {REST}", "Old due date {}; an extension of {} {} was approved"),
        (
            rf"{OLD}计时自 {STAMP} 暂停至 {STAMP}，余下 {REST} 从恢复之日起算",
            "Old due date {}; the clock stood from {} to {}, the remaining {} {} count from the day it ran again",
        ),
        (rf"{OLD}{STAMP} 按报修区域重算", "Old due date {}; {} counted anew for the area"),
        (rf"{OLD}{STAMP} 重开，重新计算", "Old due date {}; {} reopened, counted anew"),
        (
            rf"{OLD}{STAMP} 按现行规则和工作日历重算",
            "Old due date {}; {} counted anew by the rules and working days in force",
        ),
    )
)


def english(line: str, tables: Mapping[int, YearTable]) -> str:
    """A stored line in English; one of another form (a version to come) as it stands. ``tables``: name holidays."""
    names = _names(tables.values())
    for pattern, said in LINES:
        if found := pattern.fullmatch(line):
            return said.format(*(_word(part or "", names) for part in found.groups()))
    return line


def _word(part: str, names: Mapping[str, str]) -> str:
    """A day or span, a length of time, or a name in English; what is the same in both languages stays."""
    if part in names:
        return names[part]
    if re.fullmatch(LENGTH, part):
        return part.replace("小时", " h").replace("分", " min").replace("秒", " s").strip()
    part = re.sub(rf"周([{_WEEKDAYS_ZH}])", lambda found: _WEEKDAYS_EN[_WEEKDAYS_ZH.index(found[1])], part)
    return part.replace(" 至 ", " to ")


def _names(tables: Iterable[YearTable]) -> dict[str, str]:
    reasons = (why for table in tables for days in (table.off, table.works) for why in days.values())
    return NAMES | {why.zh: why.en for why in reasons}
