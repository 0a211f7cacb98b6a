"""Calling people back: what an attempt leads to, when to try again, and when to leave them alone (pure; CBK, B12).

    data = after(callback, Attempt(...), rules)      # the fact: tried again at next_at, or closed with outcome

Calling hours are those of the profile (08:00-21:00), except for repairs and for a time the person chose; without
such a wish nobody is called more than three times.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from ivr.calendar.hours import local_moment
from ivr.cases.actions import ActionRefused
from ivr.cases.case import CallbackRow
from ivr.cases.deadlines import CasePolicy
from ivr.facts.callbacks import CallbackAttempted

RESULTS = ("reached", "no_answer", "busy", "wrong_number", "refused")
FINAL = {"reached": "reached", "wrong_number": "wrong_number", "refused": "refused"}
HOUR_MS = 3_600_000
# How long to wait after the first, the second ... vain attempt.
PAUSES_MS = {"busy": (15 * 60_000, HOUR_MS), "no_answer": (2 * HOUR_MS, 24 * HOUR_MS)}


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody was called at ``at`` (UTC ms). ``agreed``: when the person wants to be called again (UTC ms).

    ``worded``: whoever called insists on the words of ``text``.
    """

    who: str
    role: str
    at: int
    result: str
    agreed: int | None = None
    reason: str = ""
    solved: str = ""  # of a follow-up that reached the person: yes, no
    rating: str = ""
    text: str = ""  # of an answer that reached the person: what was answered
    call: str = ""  # the outgoing call, if the hotline made it
    worded: bool = False


def after(callback: CallbackRow, attempt: Attempt, rules: CasePolicy, *, urgent: bool = False) -> CallbackAttempted:
    """What the attempt means for this callback. Raises :class:`ActionRefused`. ``urgent``: a repair, at any hour."""
    if callback.state != "open":
        raise ActionRefused("这一条已经处理完毕。", "this entry is done already")
    if attempt.result not in RESULTS:
        raise ActionRefused(f"没有“{attempt.result}”这种结果。", f"the result is one of {', '.join(RESULTS)}", "result")
    told = CallbackAttempted(callback_id=callback.id, who=attempt.who, result=attempt.result, call=attempt.call)
    if attempt.agreed is not None:
        if attempt.agreed <= attempt.at:
            raise ActionRefused("约定的时间须晚于现在。", "the agreed time must be later than now", "agreed")
        if attempt.result != "wrong_number":
            return replace(told, next_at=attempt.agreed, agreed=True)
    if attempt.result in FINAL:
        return replace(told, outcome=FINAL[attempt.result])
    tries = callback.tries + 1
    if tries >= rules.profile.casework.tries_max:
        return replace(told, outcome="unreachable")
    pauses = PAUSES_MS[attempt.result]
    next_at = attempt.at + pauses[min(tries, len(pauses)) - 1]
    return replace(told, next_at=next_at if urgent else into_calling_hours(next_at, rules))


def may_call(next_at: int, agreed: bool, now: int, hours: bool, *, urgent: bool = False) -> bool:
    """May somebody who is to be called (from ``next_at`` on) be called now? ``hours``: are people called at this hour?

    ``agreed``: the person chose that time.
    """
    return now >= next_at and (urgent or agreed or hours)


def in_calling_hours(at: int, rules: CasePolicy) -> bool:
    """May people be called at that moment (UTC ms)?"""
    return into_calling_hours(at, rules) == at


def into_calling_hours(at: int, rules: CasePolicy) -> int:
    """``at`` when people may be called then, else the next moment they may (UTC ms)."""
    begin, end = rules.profile.casework.calling
    local = rules.local(at)
    if begin <= local.time() < end or (end == time.max and local.time() >= begin):
        return at
    day = local.date() if local.time() < begin else local.date() + timedelta(days=1)
    return _ms(local_moment(day, begin, rules.zone))


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
