"""The registers of calls and cases as tables: numbers masked for the role that asks, codes in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ivr.cases.kinds import COMPLAINT_CATEGORIES, KINDS
from ivr.cases.names import STATES
from ivr.masking import mask
from ivr.report.sheet import Cell, Sheet

CALL_HEADS = {
    "zh-CN": (
        "到达时间", "来电号码", "被叫", "结果", "窗口", "座席", "系统应答秒", "等候人工秒", "座席振铃秒", "通话秒",
        "先挂机方", "原因", "致歉", "工单数", "流程", "版本", "规则", "测试", "标识",
    ),
    "en": (
        "arrived", "number", "called", "outcome", "window", "seat", "network_wait_s", "human_wait_s", "ring_s",
        "talk_s", "released_by", "cause", "apology", "cases", "flow", "version", "profile", "test", "id",
    ),
}  # fmt: skip
CASE_HEADS = {
    "zh-CN": (
        "编号", "类别", "事由", "渠道", "状态", "受理时间", "期限", "未顺延期限", "暂定", "答复时间", "办结时间",
        "窗口", "责任人", "联系号码", "匿名", "期限规则", "规则", "来电标识",
    ),
    "en": (
        "number", "kind", "category", "channel", "status", "received", "due", "unrolled", "provisional", "replied",
        "closed", "window", "owner", "caller", "anonymous", "rule", "profile", "call_id",
    ),
}  # fmt: skip
OUTCOMES = {
    "live": "通话中",
    "answered": "人工已接听",
    "abandoned": "等候中放弃",
    "callback": "已留言或约定回电",
    "unanswered": "未接通",
    "failed": "系统失败",
    "self": "自助完成",
    "hung_up": "未找人工即挂机",
    "fax": "传真机来电",
}
RELEASED_BY = {"caller": "来电人", "us": "我方", "failure": "故障"}
CHANNELS = {"phone": "电话", "letter": "信函", "visit": "来访", "counter": "窗口", "web": "网络"}


def calls(rows: Iterable[tuple[Any, str]], zone: ZoneInfo, role: str, lang: str) -> Sheet:
    """``rows``: calls with their numbers in the clear (``store.read.export.calls``)."""
    return Sheet("来电" if lang == "zh-CN" else "calls", CALL_HEADS[lang], _calls(rows, zone, role, lang))


def cases(rows: Iterable[tuple[Any, str]], zone: ZoneInfo, role: str, lang: str) -> Sheet:
    """``rows``: cases with their numbers in the clear (``store.read.export.cases``)."""
    return Sheet("工单" if lang == "zh-CN" else "cases", CASE_HEADS[lang], _cases(rows, zone, role, lang))


def _calls(rows: Iterable[tuple[Any, str]], zone: ZoneInfo, role: str, lang: str) -> Iterator[list[Cell]]:
    for call, number in rows:
        talk = None if None in (call.agent_left, call.agent_answered) else call.agent_left - call.agent_answered
        yield [
            _local(call.arrived, zone), mask(number, role), call.called, _word(OUTCOMES, call.outcome, lang),
            call.window, call.seat, _seconds(call.network_wait), _seconds(call.human_wait),
            _seconds(call.agent_ring_wait), _seconds(talk), _word(RELEASED_BY, call.released_by, lang), call.cause,
            call.late_apology, call.cases, call.flow, call.version, call.profile, call.test, call.id,
        ]  # fmt: skip


def _cases(rows: Iterable[tuple[Any, str]], zone: ZoneInfo, role: str, lang: str) -> Iterator[list[Cell]]:
    for case, number in rows:
        yield [
            case.number, kind(case.kind, lang), category(case.category, lang), _word(CHANNELS, case.channel, lang),
            _state(case.status, lang), _local(case.received, zone), case.due, case.unrolled,
            case.provisional, _local(case.replied, zone), _local(case.closed, zone), case.window, case.owner,
            mask(number, role, anonymous=case.anonymous), case.anonymous, case.rule, case.profile, case.call_id,
        ]  # fmt: skip


def kind(id_: str, lang: str) -> str:
    """A kind of case in words."""
    known = KINDS.get(id_)
    return id_ if known is None else known.zh if lang == "zh-CN" else known.en


def _state(id_: str, lang: str) -> str:
    return STATES[id_].zh if lang == "zh-CN" and id_ in STATES else id_


def category(id_: str, lang: str) -> str:
    """A complaint kind in the words of S3, or in English."""
    known = COMPLAINT_CATEGORIES.get(id_)
    return id_ if known is None else known.verbatim if lang == "zh-CN" else known.en


def _word(words: Any, code: str, lang: str) -> str:
    return str(words.get(code, code)) if lang == "zh-CN" else code


def _local(ms: int | None, zone: ZoneInfo) -> datetime | None:
    """Local time without a zone: what spreadsheets know."""
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone).replace(tzinfo=None)


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000
