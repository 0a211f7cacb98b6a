"""The due date of a case after it was taken: extended, paused and resumed, recomputed. Every change explains itself.

Pure: what comes back is the new due date, its explanation in Chinese (the register's
language) beginning with why, the old date kept in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ivr.calendar.due import due
from ivr.calendar.hours import local_moment, open_spans
from ivr.calendar.tables import WorkCalendar
from ivr.cases.case import CaseRow
from ivr.facts.cases import DueChange
from ivr.profile import DeadlineRule, Profile

UNITS = {"natural_day": "天", "workday": "个工作日", "hour": "小时", "minute": "分钟"}


@dataclass(frozen=True)
class CasePolicy:
    """What decisions on cases need besides the case: the profile, the working days, the zone."""

    profile: Profile
    calendar: WorkCalendar
    zone: ZoneInfo

    @property
    def signature(self) -> str:
        """What due dates follow from: changes with the profile's deadlines and hours, and with the calendar."""
        told = self.profile.model_dump_json(include={"name", "deadlines", "hours", "onsite_min"})
        return hashlib.sha256(f"{told} {self.calendar.digest} {self.zone}".encode()).hexdigest()

    def rule(self, case: CaseRow) -> DeadlineRule | None:
        """Return the deadline rule of the case's kind, channel and (for a repair) area."""
        return self.profile.deadline(case.kind, case.channel, case.category)

    def local(self, ms: int) -> datetime:
        """That moment in the hotline's zone."""
        return datetime.fromtimestamp(ms / 1000, UTC).astimezone(self.zone)

    def written(self, ms: int) -> str:
        """That moment as it stands in explanations."""
        return f"{self.local(ms):%Y-%m-%d %H:%M}"


def promised(case: CaseRow, at: int, rules: CasePolicy, why: str) -> DueChange:
    """The promise counted from ``at`` by today's rule and calendar; nothing is promised without a rule."""
    rule = rules.rule(case)
    if rule is None:
        return DueChange("", None, "", None, False, (why,))
    return _due(rule, rules.local(at), rules, [why])


def extended(case: CaseRow, n: int, rules: CasePolicy) -> DueChange:
    """``n`` units of the kind's rule after the present due date (延期)."""
    rule = rules.rule(case) or DeadlineRule(n=n, unit="natural_day")
    why = f"原期限 {_text(case)}，经批准延期 {n} {UNITS[rule.unit]}"
    return _later(case, rule, n, rules, why)


def resumed(case: CaseRow, at: int, rules: CasePolicy) -> DueChange | None:
    """What was left when the clock was paused, counted from the day (or moment) it runs again; None: the same date."""
    rule, since = rules.rule(case), case.paused
    if rule is None or since is None or case.due_ms is None or at <= since:
        return None
    paused, runs = rules.local(since), rules.local(at)
    if rule.unit in ("hour", "minute"):
        rest, start = _minutes(rule, paused, rules.local(case.due_ms), rules), runs
        rule = rule.model_copy(update={"unit": "minute"})
    else:
        rest, start = _days(rule, paused.date(), case.unrolled or case.due, rules), _same_time(case, runs, rules)
    why = (
        f"原期限 {_text(case)}，计时自 {paused:%Y-%m-%d %H:%M} 暂停至 {runs:%Y-%m-%d %H:%M}，"
        f"余下 {rest} {UNITS[rule.unit]} 从恢复之日起算"
    )
    counted = _due(rule.model_copy(update={"n": rest, "after_hours": "counts"}), start, rules, [why])
    # The stricter date moves on too when the rolled one stays on its working day.
    later = (counted.due_ms or 0, counted.unrolled_ms or 0) > (case.due_ms, case.unrolled_ms or 0)
    return counted if later else None


def _days(rule: DeadlineRule, paused: date, end: str, rules: CasePolicy) -> int:
    """Days of the rule that were left after the day of the pause."""
    last = date.fromisoformat(end[:10])
    if rule.unit == "workday":
        return rules.calendar.workdays_between(paused + timedelta(days=1), last)
    return max(0, (last - paused).days)


def _same_time(case: CaseRow, day: datetime, rules: CasePolicy) -> datetime:
    """That day, at the due moment's time of day; a due date has none, so noon."""
    at = rules.local(case.due_ms).time() if case.due_ms is not None and "T" in case.due else time(12)
    return local_moment(day.date(), at, rules.zone)


def _later(case: CaseRow, rule: DeadlineRule, n: int, rules: CasePolicy, why: str) -> DueChange:
    """``n`` units after the due date: from the day itself when it is a date, else from the moment."""
    text = case.due
    moved = rule.model_copy(update={"n": n})
    if "T" in text and case.due_ms is not None:
        return _due(moved, rules.local(case.due_ms), rules, [why])
    start = local_moment(date.fromisoformat(text), time(12), rules.zone)  # the day itself is not counted
    return _due(moved.model_copy(update={"after_hours": "counts"}), start, rules, [why])


def _due(rule: DeadlineRule, start: datetime, rules: CasePolicy, why: Sequence[str]) -> DueChange:
    promise = due(rule, start, rules.calendar, rules.zone, rules.profile.hours)
    return DueChange(
        promise.due_text,
        _ms(promise.due_at),
        promise.unrolled_text,
        _ms(promise.unrolled_at),
        promise.provisional,
        (*why, *promise.lines(), *promise.warnings()),
    )


def _minutes(rule: DeadlineRule, first: datetime, last: datetime, rules: CasePolicy) -> int:
    """Minutes between the two that count by the rule."""
    if not rule.within_service_hours:
        return round((last - first).total_seconds()) // 60
    total = timedelta()
    for begin, end in open_spans(rules.profile.hours, first, rules.calendar, rules.zone):
        if begin >= last:
            break
        total += min(end, last) - max(begin, first)
    return round(total.total_seconds()) // 60


def _ms(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1000)


def _text(case: CaseRow) -> str:
    return case.due.replace("T", " ")
