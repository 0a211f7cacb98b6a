"""Whether a callback may be called now, by this operator (pure; B12). Asked twice: by the panel, and before dialling.

number = may_place(Asked(...), rules, limits)     # the digits to dial, or NotAllowed with the reason
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ivr.cases.case import CallbackRow
from ivr.cases.deadlines import CasePolicy
from ivr.cases.worklist import in_calling_hours, into_calling_hours, may_call
from ivr.outgoing.numbers import NotAllowed, NumberRules, dialled

MINUTE_MS, DAY_MS = 60_000, 86_400_000


@dataclass(frozen=True, slots=True)
class OutgoingLimits:
    """What keeps a stolen password or a script from running up a bill. Counts are of calls asked for.

    ``per_minute``: of the whole hotline; ``per_minute_operator``: of one account; ``per_day_number``: to one number
    within 24 hours.
    """

    numbers: NumberRules = field(default_factory=NumberRules)
    per_minute: int = 20
    per_minute_operator: int = 4
    per_day_number: int = 6
    trunk: bool = True  # is there a line to call over?


@dataclass(frozen=True, slots=True)
class Asked:
    """One wish to call: the entry, the number as it is stored, and what was called lately.

    ``number`` None: withheld, anonymous, or erased. ``waiting``: the last call's result is not written down yet.
    """

    callback: CallbackRow
    number: str | None
    seat: str
    at: int  # UTC ms
    urgent: bool = False  # a repair
    waiting: bool = False
    number_live: bool = False
    seat_live: bool = False
    last_minute: int = 0
    last_minute_operator: int = 0
    last_day_number: int = 0


def may_place(asked: Asked, rules: CasePolicy, limits: OutgoingLimits) -> str:
    """The digits to dial. Raises :class:`NotAllowed`."""
    if not limits.trunk:
        raise NotAllowed("no_trunk", "没有外线（[trunk]），不能外呼。", "there is no [trunk], so nobody can be called")
    if not asked.seat:
        raise NotAllowed("no_seat", "您的账号没有座席话机，不能外呼。", "your account has no seat to call from")
    callback = asked.callback
    if callback.state != "open":
        raise NotAllowed("done", "这一条已经处理完毕。", "this entry is done already")
    if not asked.number:
        raise NotAllowed("no_number", "没有可拨打的号码。", "there is no number to call")
    number = dialled(asked.number, limits.numbers)
    if asked.waiting:
        raise NotAllowed("result_first", "请先记录上一次通话的结果。", "write down the result of the last call first")
    if asked.number_live:
        raise NotAllowed("number_live", "正在拨打这个号码。", "this number is being called just now")
    if asked.seat_live:
        raise NotAllowed("seat_live", "您的话机正在外呼。", "your phone is placing a call just now")
    if callback.tries >= rules.profile.casework.tries_max and not callback.agreed:
        raise NotAllowed("tries", "已达最多拨打次数。", "it was tried as often as is allowed without consent")
    hours = in_calling_hours(asked.at, rules)
    if not may_call(callback.next_at, callback.agreed, asked.at, hours, urgent=asked.urgent):
        _say_when(callback, asked, rules)
    _rates(asked, limits)
    return number


def _say_when(callback: CallbackRow, asked: Asked, rules: CasePolicy) -> None:
    if asked.at < callback.next_at:
        when = f"{rules.local(callback.next_at):%m-%d %H:%M}"
        raise NotAllowed("too_early", f"{when} 后再拨。", f"not before {when}")
    when = f"{rules.local(into_calling_hours(asked.at, rules)):%m-%d %H:%M}"
    raise NotAllowed("hours", f"现在不在回拨时段，{when} 起可拨。", f"outside calling hours, which begin {when}")


def _rates(asked: Asked, limits: OutgoingLimits) -> None:
    for count, most, code in (
        (asked.last_minute_operator, limits.per_minute_operator, "rate_operator"),
        (asked.last_minute, limits.per_minute, "rate"),
    ):
        if count >= most:
            raise NotAllowed(code, "外呼过于频繁，请稍后再拨。", "too many calls within a minute; wait a little")
    if asked.last_day_number >= limits.per_day_number:
        raise NotAllowed("rate_number", "今天拨打这个号码的次数已达上限。", "this number was called often enough today")
