"""The technical record of a call in words: what each row of the journal is called, and what it says, for people.

A page shows no code of the machine; the file of the record (CSV, XLSX) has the rows as they are stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from store.schema import Journal
from web.case_views import CHOICES, RESULTS, step_name
from web.format import phrase_words, profile_name, seat_name, span, step_words, window_name
from web.journey import read, why_words
from web.labels import CAUSES, CHANNELS, ENDS, KINDS, LEVELS, NOT_CALLED, OUTAGE_STEPS, REASONS, RELEASED_BY, TIMERS
from web.language import chosen

SORTS = {
    "event": _l("事件"),
    "command": _l("指令"),
    "case": _l("工单"),
    "outage": _l("停电"),
    "seat": _l("座席"),
    "system": _l("系统"),
}
FACTS: Mapping[str, Any] = {
    "offered": _l("来电到达"), "answered": _l("系统应答"), "ring": _l("让线路振铃"), "answer": _l("让线路应答"),
    "human_requested": _l("请求人工"), "late_apology": _l("致歉"), "step": _l("进入步骤"), "digit": _l("按键"),
    "time_up": _l("等候时间到"), "play": _l("开始播放"), "stop_play": _l("停止播放"), "play_done": _l("播放完毕"),
    "record": _l("开始录音"), "stop_record": _l("停止录音"), "record_done": _l("录音结束"),
    "recorded": _l("录音已保存"),
    "recording_pruned": _l("录音已按保存期限删除"), "find_seats": _l("查找座席"), "seats_found": _l("找到座席"),
    "nobody_free": _l("没有可呼叫的座席"), "dial_seat": _l("呼叫座席"), "seat_ringing": _l("座席振铃"),
    "seat_answered": _l("座席接听"), "seat_failed": _l("座席未接"), "drop_seat": _l("停止呼叫座席"),
    "bridge": _l("与座席接通"), "seat_left": _l("座席挂机"), "fax_heard": _l("听到传真机的呼叫音"),
    "duty_rung": _l("呼叫值班电话"), "duty_taken": _l("值班人员已确认"), "duty_nobody": _l("值班电话无人确认"),
    "held": _l("来电人话机保持或恢复"), "seat_held": _l("座席话机保持或恢复"), "hold": _l("保持或恢复通话"),
    "open_case": _l("请求立案"), "case_stored": _l("已立案"), "case_failed": _l("立案未成"),
    "ask_rating": _l("询问可否请来电人评价"), "rating_asked": _l("可否请来电人评价"),
    "rating_invited": _l("邀请来电人评价"), "rated": _l("来电人评价"), "find_case": _l("查找工单"),
    "case_found": _l("查找工单的结果"), "case_queried": _l("来电人查询进度"),
    "query_code_noted": _l("举报人已记下查询码"), "caller_left": _l("来电人挂机"), "resumed": _l("程序重启后接续"),
    "hangup": _l("让线路结束"), "line_quality": _l("线路质量"), "party_sealed": _l("来电号码已销毁"),
    "call_ended": _l("来电结束"), "outgoing_started": _l("开始回拨"), "outgoing_seat_rings": _l("座席话机振铃"),
    "outgoing_seat_up": _l("座席摘机"), "outgoing_dialled": _l("拨叫对方"), "outgoing_rings": _l("对方振铃"),
    "outgoing_speaks": _l("网络播放提示"), "outgoing_up": _l("对方接听"), "outgoing_joined": _l("双方接通"),
    "outgoing_held": _l("保持或恢复通话"), "case_code_rekeyed": _l("查询码改用新密钥"),
    "outgoing_ended": _l("回拨结束"), "case_renumbered": _l("工单改号"), "case_warned": _l("期限提醒"),
    "case_asked_about": _l("查询工单进度"), "callback_attempted": _l("记录回电"), "callback_ended": _l("回电任务结束"),
    "callback_refused": _l("不允许的回拨"), "identity_sealed": _l("密封举报人身份"),
    "identity_asked": _l("申请开启密封身份"), "identity_opened": _l("开启密封身份"),
    "identity_declined": _l("不予开启密封身份"), "trunk_state": _l("线路登记状态"), "refused": _l("拒绝来电"),
    "seat_asked": _l("座席的操作"), "seat_brought": _l("座席带入另一座席"), "part": _l("暂时分开通话"),
    "join": _l("合并通话"), "mute": _l("静音或取消静音"), "play_seat": _l("向座席播放"),
    "transfer_begun": _l("开始咨询或转接"), "transfer_ended": _l("咨询或转接结束"), "handed_over": _l("来电已转交"),
    "enqueue": _l("进入排队"), "queued": _l("排队次序"), "queue_told": _l("告知次序和等候时间"),
    "look_queue": _l("再查次序"), "seat_offered": _l("轮到此来电"), "leave_queue": _l("离开排队"),
    "keep_place": _l("请求保留次序回电"), "place_kept": _l("次序已保留"),
    "door_set": _l("接听范围已设定"), "operator_state": _l("座席状态"),
    "shift_tested": _l("班前自检"), "seat_late": _l("座席迟到"), **OUTAGE_STEPS,
}  # fmt: skip
FOUND = {"found": _l("找到"), "unknown": _l("没有"), "later": _l("稍后再查"), **RESULTS}


def _of(names: Mapping[str, Any]) -> Callable[[Any], str]:
    """The words for a code; a code without words is not shown."""
    return lambda code: str(names.get(str(code), ""))


def _each(words: Callable[[str], str]) -> Callable[[Any], str]:
    return lambda codes: "、".join(words(str(code)) for code in codes)


def _micro(us: Any) -> str:
    return _("%(n)s 毫秒", n=f"{us / 1000:.1f}")


def _yes(said: Any) -> str:
    return _("是") if said else _("否")


# What is said of each: its name, and how its value is put into words. What is not named here (ids, hashes, paths) is
# in the file alone.
SAID: Mapping[str, tuple[Any, Callable[[Any], str]]] = {
    "called": (_l("被叫"), str), "caller_known": (_l("显示主叫号码"), _yes), "profile": (_l("规则"), profile_name),
    "test": (_l("测试来电"), _yes), "window": (_l("窗口"), window_name), "step": (_l("步骤"), step_words),
    "key": (_l("键"), str), "timer": (_l("等候"), _of(TIMERS)), "say": (_l("内容"), _each(phrase_words)),
    "max_s": (_l("最长"), lambda s: span(round(s * 1000))), "silence_s": (_l("静音"), lambda s: span(round(s * 1000))),
    "ms": (_l("时长"), span), "end": (_l("结束原因"), _of(ENDS)), "level": (_l("范围"), _of(LEVELS)),
    "exclude": (_l("除外"), _each(seat_name)), "seats": (_l("座席"), _each(seat_name)),
    "seat": (_l("座席"), seat_name), "ring_ms": (_l("最长振铃"), span), "reason": (_l("原因"), _of(REASONS)),
    "code": (_l("应答码"), str), "round": (_l("轮次"), str), "held": (_l("保持"), _yes),
    "kind": (_l("类别"), _of(KINDS)),
    "anonymous": (_l("匿名"), _yes), "callback": (_l("要求回电"), _yes), "complete": (_l("说完"), _yes),
    "number": (_l("编号"), str), "allowed": (_l("可以"), _yes), "rating": (_l("评价"), _of(CHOICES["rating"])),
    "result": (_l("结果"), _of(FOUND)), "cause": (_l("原因"), _of(CAUSES)),
    "released_by": (_l("先挂机方"), _of(RELEASED_BY)), "nobody": (_l("座席均未接"), _yes),
    "closed": (_l("非工作时间"), _yes), "channel": (_l("渠道"), _of(CHANNELS)), "who": (_l("经办人"), str),
    "received": (_l("收到的语音包"), str), "lost": (_l("丢失"), str), "sent": (_l("发出的语音包"), str),
    "far_lost": (_l("对方丢失"), str), "jitter_us": (_l("抖动"), _micro), "far_jitter_us": (_l("对方抖动"), _micro),
    "rtt_us": (_l("往返"), _micro),
}  # fmt: skip


def sort(row: Journal) -> str:
    """What sort of fact it is."""
    return str(SORTS.get(row.kind, _("其他")))


def name(row: Journal) -> str:
    """What the fact is called."""
    return str(FACTS.get(row.name) or (step_name(row.name) if row.name.startswith("case_") else _("其他")))


def details(row: Journal) -> str:
    """What it says, as far as it can be said in words."""
    found = [
        _detail(*SAID[key], value) for key, value in read(row).items() if key in SAID and value not in (None, "", [])
    ]
    return ("; " if chosen() == "en" else "；").join(filter(None, found))


def _detail(title: Any, words: Callable[[Any], str], value: Any) -> str:
    """A name and its value; nothing for a value of another kind than today's (a fact of another version)."""
    try:
        said = words(value)
    except (TypeError, ValueError, ArithmeticError):
        return ""
    return _("%(name)s：%(value)s", name=title, value=said) if said else ""


def why(row: Journal) -> str:
    """Its reason: what a person wrote as it is, what the machine notes in words."""
    if row.name == "callback_refused":
        return str(NOT_CALLED.get(row.reason, _("其他")))
    return why_words(row.reason) if row.kind in ("event", "command") else row.reason
