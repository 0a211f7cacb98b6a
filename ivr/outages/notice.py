"""The outage notice 停电公告: what must be said, how long ahead, and who of the key customers was told (PWR-2; pure).

S2-1 §10(二)10: a planned outage 计划检修 is announced ``outage_notice_days`` ahead (profile) with line, area, beginning
and end, and key customers 重要客户 are told; of a temporary one 临时检修 they are told in time; an emergency one
紧急停限电 is explained to whoever asks.

The lead, exactly: moments count to the minute, as they are written. A notice is in time when the outage begins at the
same time of day ``days`` days after the announcement, in the hotline's zone, or later: 7 d 0 min is, 6 d 23:59 is not.
A shorter one is only kept when the supervisor confirms it with a reason, and stays flagged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from ivr.cases.actions import LEADS, REASON_MIN, ActionRefused
from ivr.facts.outages import (
    OutageAnnounced,
    OutageCustomerNamed,
    OutageCustomerTold,
    OutageRestored,
    OutageWithdrawn,
)
from ivr.ledger import Fact

PLANNED, TEMPORARY, EMERGENCY = KINDS = ("planned", "temporary", "emergency")
HOWS = ("phone", "sms", "visit")
RESULTS = ("told", "no_answer", "failed")
AHEAD, NOW, OVER, WITHDRAWN = STATES = ("ahead", "now", "over", "withdrawn")

CUSTOMERS = "customers"  # the field of a form in which they are typed
LINE_MAX, AREA_MAX, REASON_MAX, NAME_MAX, CUSTOMERS_MAX = 120, 500, 500, 120, 200
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
LONGEST_DAYS, BACK_DAYS, FAR_DAYS = 31, 31, 366  # what lies outside is a slip of the pen


@dataclass(frozen=True, slots=True)
class By:
    """Who does it, by what role, and when (UTC ms)."""

    who: str
    role: str
    at: int


@dataclass(frozen=True, slots=True)
class NoticeDraft:
    """A notice as it was written down; moments in UTC ms. ``announced`` None: now.

    ``confirmed``: why a supervisor lets a planned outage be announced too late.
    """

    line: str
    area: str
    kind: str
    starts: int | None
    ends: int | None
    reason: str
    announced: int | None = None
    customers: tuple[str, ...] = ()
    confirmed: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a notice's next steps depend on."""

    starts: int
    customers: int = 0
    restored: int | None = None
    withdrawn: int | None = None

    def state(self, now: int) -> str:
        """``ahead``, ``now`` until somebody says that power is back, ``over``, or ``withdrawn``."""
        if self.withdrawn is not None:
            return WITHDRAWN
        if self.restored is not None:
            return OVER
        return AHEAD if now < self.starts else NOW


def in_time(announced: int, starts: int, days: int, zone: tzinfo) -> bool:
    """Is the lead long enough (see above)?"""
    told = datetime.fromtimestamp(minute(announced) / 1000, UTC).astimezone(zone)
    return minute(starts) >= round((told + timedelta(days=days)).timestamp() * 1000)  # the same time of day there


def tell_by(kind: str, starts: int, hours: int | None) -> int | None:
    """Return until when key customers are to be told of a temporary outage 临时检修 (UTC ms), ``hours`` ahead.

    None: the profile (``important_customer_notice_h``) or the kind sets no time; then they are told in time.
    """
    return starts - hours * HOUR_MS if hours is not None and kind == TEMPORARY else None


def minute(ms: int) -> int:
    """The moment without its seconds."""
    return ms - ms % MINUTE_MS


def announce(draft: NoticeDraft, by: By, days: int, zone: tzinfo) -> tuple[Fact, ...]:
    """The facts of a new notice, or :class:`ActionRefused` with what is wrong."""
    _may_write(by)
    line = _text("line", draft.line, LINE_MAX, "停电线路", "the line")
    area = _text("area", draft.area, AREA_MAX, "停电区域", "the area")
    reason = _text("reason", draft.reason, REASON_MAX, "停电原因", "the reason")
    if draft.kind not in KINDS:
        raise ActionRefused("请选择停电类型。", "choose the type of outage: planned, temporary or emergency", "kind")
    starts, ends, announced = _times(draft, by.at)
    late = draft.kind == PLANNED and not in_time(announced, starts, days, zone)
    confirmed = _short(draft, by, announced, starts, days) if late else ""
    said = OutageAnnounced(
        by.who, line, area, draft.kind, starts, ends, announced=announced, days=days, short=late, confirmed=confirmed
    )
    return (
        Fact(by.at, said, reason),
        *name_customers(Standing(starts), draft.customers, by),
    )


def name_customers(notice: Standing, names: Sequence[str], by: By) -> tuple[Fact, ...]:
    """Key customers 重要客户 who are to be told: organisations, numbered in their order."""
    _may_write(by)
    _stands(notice)
    wanted = [name for name in dict.fromkeys(name.strip() for name in names) if name]
    if notice.customers + len(wanted) > CUSTOMERS_MAX:
        raise ActionRefused(
            f"重要客户最多 {CUSTOMERS_MAX} 户。", f"at most {CUSTOMERS_MAX} key customers to a notice", CUSTOMERS
        )
    named = [_text(CUSTOMERS, name, NAME_MAX, "重要客户名称", "the key customer's name") for name in wanted]
    return tuple(
        Fact(by.at, OutageCustomerNamed(by.who, notice.customers + n, name)) for n, name in enumerate(named, start=1)
    )


def tell(notice: Standing, n: int, how: str, result: str, told: int | None, by: By) -> Fact:
    """A key customer was told, or could not be. Of several attempts the last one counts; the journal keeps all."""
    _may_write(by)
    _stands(notice)
    if how not in HOWS or result not in RESULTS:
        field = "how" if how not in HOWS else "result"
        raise ActionRefused("请选择通知方式和结果。", "choose how they were told and what came of it", field)
    moment = _past("told", told, by.at, "通知时间", "when they were told")
    return Fact(by.at, OutageCustomerTold(by.who, n, how, result, moment))


def restore(notice: Standing, restored: int | None, by: By) -> Fact:
    """Power is back 恢复供电."""
    _may_write(by)
    _stands(notice)
    if notice.restored is not None:
        raise ActionRefused("已经登记恢复供电。", "power was noted as back already")
    moment = _past("restored", restored, by.at, "恢复供电时间", "when power came back")
    if moment < notice.starts:
        raise ActionRefused("恢复供电不能早于停电开始。", "power cannot be back before the outage began", "restored")
    return Fact(by.at, OutageRestored(by.who, moment))


def withdraw(notice: Standing, reason: str, by: By) -> Fact:
    """Take a notice back. Once it has begun only the supervisor may: it leaves the figure K19."""
    _may_write(by)
    if notice.withdrawn is not None:
        raise ActionRefused("公告已经撤回。", "the notice was withdrawn already")
    if by.at >= notice.starts and by.role != "supervisor":
        raise ActionRefused(
            "停电已经开始，只有督导可以撤回公告。", "the outage has begun; only a supervisor may withdraw its notice"
        )
    why = _text("reason", reason, REASON_MAX, "撤回原因", "why")
    return Fact(by.at, OutageWithdrawn(by.who), why)


def _times(draft: NoticeDraft, now: int) -> tuple[int, int, int]:
    """Beginning, end and announcement, to the minute."""
    if draft.starts is None or draft.ends is None:
        raise ActionRefused(
            "请填写停电开始和结束时间，如 2026-12-05 08:00。",
            "write when the outage begins and ends, like 2026-12-05 08:00",
            "starts" if draft.starts is None else "ends",
        )
    starts, ends = minute(draft.starts), minute(draft.ends)
    if ends <= starts:
        raise ActionRefused("结束时间须晚于开始时间。", "the end must be after the beginning", "ends")
    if ends - starts > LONGEST_DAYS * DAY_MS:
        raise ActionRefused(
            f"停电不能超过 {LONGEST_DAYS} 天，请检查日期。",
            f"an outage of more than {LONGEST_DAYS} days: check the dates",
            "ends",
        )
    if draft.kind == PLANNED and starts <= now:
        raise ActionRefused(
            "计划检修须在停电开始前公告；已经开始的请登记为临时检修或紧急停限电。",
            "a planned outage is announced before it begins; one that has begun is temporary or an emergency",
            "starts",
        )
    if not now - BACK_DAYS * DAY_MS <= starts <= now + FAR_DAYS * DAY_MS:
        raise ActionRefused(
            "开始时间离现在太远，请检查日期。", "the beginning is too far from today: check the date", "starts"
        )
    announced = _past("announced", draft.announced, now, "公告时间", "when it was announced")
    if announced < now - FAR_DAYS * DAY_MS:
        raise ActionRefused(
            "公告时间离现在太远，请检查日期。", "the announcement is too long ago: check the date", "announced"
        )
    return starts, ends, announced


def _short(draft: NoticeDraft, by: By, announced: int, starts: int, days: int) -> str:
    """The supervisor's reason for announcing too late; without it the notice is not kept."""
    lead = max(0, starts - announced) // MINUTE_MS
    whole, rest = divmod(lead, 1440)
    zh = f"只提前 {whole} 天 {rest // 60} 小时 {rest % 60} 分公告，计划检修须提前 {days} 天"
    en = f"announced only {whole} d {rest // 60} h {rest % 60} min ahead; a planned outage needs {days} days"
    if by.role != "supervisor":
        raise TooShort(
            f"{zh}。请改期，或由督导写明原因确认。",
            f"{en}: move it, or let a supervisor confirm with a reason",
            "starts",
        )
    if len(draft.confirmed.strip()) < REASON_MIN:
        raise TooShort(f"{zh}。请改期，或写明原因确认。", f"{en}: move it, or confirm with a reason", "confirmed")
    return _text("confirmed", draft.confirmed, REASON_MAX, "确认原因", "the reason for confirming")


class TooShort(ActionRefused):
    """The lead is too short, and nobody has confirmed it."""


def _may_write(by: By) -> None:
    if by.role not in LEADS:
        raise ActionRefused("只有班长和督导可以发布和更改停电公告。", "only leads and supervisors write outage notices")


def _stands(notice: Standing) -> None:
    if notice.withdrawn is not None:
        raise ActionRefused("公告已经撤回。", "the notice was withdrawn")


def _past(field: str, moment: int | None, now: int, zh: str, en: str) -> int:
    """The stated moment, which cannot lie ahead; now when none is stated."""
    if moment is not None and moment > now:
        raise ActionRefused(f"{zh}不能晚于现在。", f"{en} cannot lie in the future", field)
    return minute(now if moment is None else moment)


def _text(field: str, text: str, longest: int, zh: str, en: str) -> str:
    text = " ".join(text.split())
    if len(text) < REASON_MIN:
        raise ActionRefused(f"请填写{zh}。", f"write {en}", field)
    if len(text) > longest:
        raise ActionRefused(
            f"{zh}最多 {longest} 字，现有 {len(text)} 字。",
            f"{en} has {len(text)} characters, at most {longest}",
            field,
        )
    return text
