"""A call's journal as a story: what happened, when, how long after the start, and why.

Only the facts that ``ivr/ledger.py`` lists have a sentence here; everything else the journal holds
is kept for the technical list below the story, so that nothing is lost and nothing is noise.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _

from store.schema import Journal
from web.case_views import CHOICES
from web.format import due_text, phrase_words, seat_name, span, step_words, window_name
from web.labels import CAUSES, ENDS, LEVELS, REASONS, RELEASED_BY, TIMERS, WHYS, label

Data = dict[str, Any]


@dataclass
class Moment:
    """One line of the story. ``who``: caller, system, seat, case or end; keys pressed in a row are one line."""

    at: int
    after: int  # ms since the call arrived
    who: str
    text: str
    why: str = ""
    keys: list[str] = field(default_factory=list)


def read(row: Journal) -> Data:
    """The row's data; a row that cannot be read shows no data rather than no page."""
    try:
        data = json.loads(row.data)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _offered(data: Data) -> str:
    called = data.get("called") or "—"
    if data.get("caller_known"):
        return _("来电，被叫 %(called)s", called=called)
    return _("来电，被叫 %(called)s，未显示主叫号码", called=called)


def _dialled(data: Data) -> str:
    text = _("呼叫座席 %(seat)s", seat=seat_name(str(data.get("seat", ""))))
    where = [str(label(LEVELS, data.get("level"))), window_name(str(data.get("window", "")))]
    return " · ".join(filter(None, [text, *where]))


def _failed(data: Data) -> str:
    seat = seat_name(str(data.get("seat", "")))
    return _("座席 %(seat)s 未接：%(reason)s", seat=seat, reason=label(REASONS, data.get("reason")))


def _ended(data: Data) -> str:
    by = str(label(RELEASED_BY, data.get("released_by")))
    cause = str(label(CAUSES, data.get("cause")))
    if data.get("cause") in ("", None, "caller_left"):
        return _("通话结束，%(by)s先挂机", by=by)
    return _("通话结束，%(by)s先挂机：%(cause)s", by=by, cause=cause)


def _recorded(data: Data) -> str:
    length = span(int(data.get("ms") or 0))
    return _("录下来电人的陈述，时长 %(length)s,%(end)s", length=length, end=label(ENDS, data.get("end")))


def _opened(data: Data) -> str:
    due = due_text(str(data.get("due") or ""))
    if not due:
        return _("立案，编号 %(number)s", number=data.get("number", ""))
    return _("立案，编号 %(number)s，期限 %(due)s", number=data.get("number", ""), due=due)


def _nobody(data: Data) -> str:
    return _("%(window)s窗口没有可呼叫的座席", window=window_name(str(data.get("window", ""))))


def _said(data: Data) -> str:
    return _("播放：%(phrases)s", phrases=" · ".join(phrase_words(str(key)) for key in data.get("say") or ()))


def _held(data: Data) -> str:
    return _("来电人保持通话") if data.get("held") else _("来电人恢复通话")


def _handed(data: Data) -> str:
    seat, target = (seat_name(str(data.get(end, ""))) for end in ("seat", "target"))
    return _("座席 %(seat)s 将来电转交 %(target)s", seat=seat, target=target)


def _sounded(data: Data) -> str:
    return _(
        "线路结束：收到 %(received)s 个语音包，丢失 %(lost)s 个", received=data.get("received"), lost=data.get("lost")
    )


def why_words(reason: str) -> str:
    """A reason in words: the machine's by what they mean, of seats each with its own (``101 in a call, 102 …``).

    A sentence of people stands as it is; a word of the machine that has no meaning here is left out.
    """
    if whole := WHYS.get(reason) or CAUSES.get(reason):
        return str(whole)
    parts = [part.partition(" ") for part in reason.split(", ")]
    told = [f"{seat_name(seat)} {WHYS[why]}" for seat, _space, why in parts if why in WHYS]
    return "、".join(told) or ("" if reason.isascii() else reason)


def _seat(text: Callable[[str], str]) -> Callable[[Data], str]:
    return lambda data: text(seat_name(str(data.get("seat", ""))))


STORY: dict[str, tuple[str, Callable[[Data], str]]] = {
    "offered": ("caller", _offered),
    "answered": ("system", lambda _d: _("系统应答")),
    "step": ("system", lambda d: _("进入步骤 %(step)s", step=step_words(str(d.get("step", ""))))),
    "play": ("system", _said),
    "time_up": ("system", lambda d: str(label(TIMERS, d.get("timer")))),
    "nobody_free": ("seat", _nobody),
    "held": ("caller", _held),
    "fax_heard": ("caller", lambda _d: _("听到传真机的呼叫音")),
    "digit": ("caller", lambda d: str(d.get("key", ""))),
    "human_requested": ("caller", lambda d: _("请求人工：%(window)s", window=window_name(d.get("window") or ""))),
    "late_apology": ("system", lambda _d: _("因等候超时，先致歉")),
    "dial_seat": ("seat", _dialled),
    "seat_ringing": ("seat", _seat(lambda seat: _("座席 %(seat)s 振铃", seat=seat))),
    "seat_answered": ("seat", _seat(lambda seat: _("座席 %(seat)s 接听", seat=seat))),
    "seat_failed": ("seat", _failed),
    "drop_seat": ("seat", _seat(lambda seat: _("停止呼叫座席 %(seat)s", seat=seat))),
    "enqueue": ("system", lambda _d: _("进入排队")),
    "keep_place": ("caller", lambda _d: _("请我们回电，保留排队次序")),
    "bridge": ("seat", _seat(lambda seat: _("与座席 %(seat)s 接通", seat=seat))),
    "handed_over": ("seat", _handed),
    "seat_left": ("seat", _seat(lambda seat: _("座席 %(seat)s 挂机", seat=seat))),
    "recorded": ("case", _recorded),
    "recording_pruned": ("case", lambda _d: _("录音已按保存期限删除")),
    "case_opened": ("case", _opened),
    "rating_invited": ("system", lambda _d: _("邀请来电人评价")),
    "rated": ("caller", lambda d: _("评价：%(rating)s", rating=label(CHOICES["rating"], d.get("rating")))),
    "party_sealed": ("case", lambda _d: _("匿名举报：来电号码已销毁")),
    "line_quality": ("system", _sounded),
    "call_ended": ("end", _ended),
}  # fmt: skip


def story(journal: Sequence[Journal], arrived: int) -> list[Moment]:
    """The journal's rows that have a sentence, key presses of one step joined."""
    moments: list[Moment] = []
    for row in journal:
        if row.name not in STORY:
            continue
        who, sentence = STORY[row.name]
        data = read(row)
        if row.name == "time_up" and data.get("timer") not in TIMERS:
            continue
        if row.name == "digit" and moments and moments[-1].keys:
            moments[-1].keys.append(str(data.get("key", "")))
            continue
        try:
            line = Moment(row.at, row.at - arrived, who, sentence(data), why_words(row.reason))
        except (TypeError, ValueError):  # of another version: it stands in the technical record alone
            continue
        if row.name == "digit":
            line.keys.append(line.text)
        moments.append(line)
    for line in moments:
        if line.keys:
            line.text = _("按键 %(keys)s", keys=" ".join(line.keys))
    return moments
