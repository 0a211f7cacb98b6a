"""Format moments, lengths of time, names and numbers for a page."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask import Flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape

from ivr.cases.dates import due_words
from ivr.outages.notice import NOW
from store.read.outage_notices import standing
from web import labels
from web.config import Name
from web.db import config, now_ms
from web.language import chosen

PHRASE_SHOWN = 24  # characters
MOMENTS = {"full": "%Y-%m-%d %H:%M:%S", "minute": "%Y-%m-%d %H:%M", "clock": "%H:%M:%S", "day": "%Y-%m-%d"}
SOON_MS = 24 * 3_600_000  # a case due within a day is coloured


def local(ms: int) -> datetime:
    """The moment in the hotline's own time zone."""
    return datetime.fromtimestamp(ms / 1000, config().zone)


def today() -> date:
    """The hotline's local date."""
    return local(now_ms()).date()


def day_range(first: date, last: date | None = None) -> tuple[int, int]:
    """``[from, to)`` in UTC ms: from the first day's midnight to the end of the last one."""
    zone = config().zone
    start = datetime(first.year, first.month, first.day, tzinfo=zone)
    after = (last or first) + timedelta(days=1)
    end = datetime(after.year, after.month, after.day, tzinfo=zone)
    return int(start.timestamp() * 1000), int(end.timestamp() * 1000)


def moment(ms: int | None, style: str = "full") -> Markup:
    """A ``<time>`` element; ``style``: one of :data:`MOMENTS`."""
    if ms is None:
        return Markup('<span class="none">—</span>')
    at = local(ms)
    return Markup(f'<time datetime="{at.isoformat(timespec="milliseconds")}">{at.strftime(MOMENTS[style])}</time>')  # noqa: S704 - our own words


def written(ms: int, style: str = "clock") -> str:
    """A moment in words, without the element, for a sentence."""
    return local(ms).strftime(MOMENTS[style])


def ticking(since: int | None) -> Markup:
    """How long ago, as m:ss; the page's script keeps it going."""
    if since is None:
        return Markup("")
    return Markup(f'<time class="tick" data-since="{since:d}">{counter(now_ms() - since)}</time>')  # noqa: S704 - numbers


def counter(ms: int) -> str:
    """Minutes and seconds, ``0:43``; hours when there are some, ``1:02:09``."""
    seconds = max(0, ms) // 1000
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def span(ms: int | None) -> str:
    """A length of time in words: ``0.8 秒``, ``43 秒``, ``2 分 05 秒``, ``3 天 4 小时``."""
    if ms is None:
        return "—"
    if ms < 10_000:
        return _("%(n)s 秒", n=f"{ms / 1000:.1f}")
    seconds = round(ms / 1000)
    if seconds < 60:
        return _("%(n)s 秒", n=seconds)
    if seconds < 3600:
        return _("%(m)s 分 %(s)s 秒", m=seconds // 60, s=f"{seconds % 60:02}")
    minutes = seconds // 60
    if minutes < 1440:
        return _("%(h)s 小时 %(m)s 分", h=minutes // 60, m=f"{minutes % 60:02}")
    return _("%(d)s 天 %(h)s 小时", d=minutes // 1440, h=minutes % 1440 // 60)


def talk(call: Any) -> int | None:
    """How long caller and operator spoke (ms), held time included; None: they did not, or still do."""
    end = call.agent_left or call.ended
    return None if call.agent_answered is None or end is None else end - call.agent_answered


def remaining(case: Any) -> tuple[str, str]:
    """How much time a case has left: a state (``done``, ``late``, ``soon``, ``ok``, ``none``) and words."""
    if case.due_ms is None:
        return "none", _("无期限")
    if case.replied is not None:
        if case.replied <= case.due_ms:
            return "done", _("按时答复，提前 %(time)s", time=span(case.due_ms - case.replied))
        return "late", _("答复超期 %(time)s", time=span(case.replied - case.due_ms))
    left = case.due_ms - now_ms()
    if left < 0:
        return "late", _("已超期 %(time)s", time=span(-left))
    return ("soon" if left < SOON_MS else "ok"), _("还剩 %(time)s", time=span(left))


def outage_state(notice: Any) -> tuple[str, str]:
    """How an outage notice stands: a state (``late``: power should be back, and nobody said so) and words."""
    state = standing(notice).state(now_ms())
    if state == NOW and notice.ends < now_ms():
        return "late", _("停电中，已过预计恢复时间")
    return state, str(labels.OUTAGE_STATES[state])


def called_name(name: Name | None, code: str) -> str:
    """The name of a window or seat in the page's language, or its id."""
    if name is None:
        return code
    return (name.en or name.zh) if chosen() == "en" else name.zh


def window_name(code: str) -> str:
    return called_name(config().windows.get(code), code)


def seat_name(code: str) -> str:
    """A seat's number and name: ``101 一号座席``."""
    name = called_name(config().seats.get(code), "")
    return f"{code} {name}".strip()


def unit_name() -> str:
    return called_name(config().unit, "")


def due_text(value: str | int | None) -> str:
    """A due date as it is written everywhere (``ivr/cases/dates.py``): the stored text, or its moment in UTC ms."""
    return due_words(local(value) if isinstance(value, int) else value)


UNITS = {
    "natural_day": _l("%(n)s 个自然日"),
    "workday": _l("%(n)s 个工作日"),
    "hour": _l("%(n)s 小时"),
    "minute": _l("%(n)s 分钟"),
}
TURNS = {
    "roll=next_workday": _l("遇休息日顺延到工作日"),
    "same_time": _l("到期日的同一时刻"),
    "after_hours=next_opening": _l("非工作时间受理的从下次开门起算"),
    "within_service_hours": _l("只计工作时间"),
}


def rule_words(rule: str) -> str:
    """A stored deadline rule (``5 natural_day roll=next_workday``) in words."""
    n, _space, rest = rule.partition(" ")
    unit, *turns = rest.split() or [""]
    if unit not in UNITS:
        return _("本规则没有期限") if not rule else _("其他规则")
    comma = ", " if chosen() == "en" else "，"
    return comma.join([str(UNITS[unit]) % {"n": n}, *(str(TURNS[turn]) for turn in turns if turn in TURNS)])


def profile_name(code: str) -> str:
    """What a profile is called; one that is not in force by its id."""
    profile = config().profile
    return profile.titled("en" if chosen() == "en" else "zh-CN") if code == profile.name else code


def step_words(step: str) -> str:
    """Where in its flow a call is: a window's name, a step all flows have, or that it is one of this flow's own."""
    if step in labels.STEPS:
        return str(labels.STEPS[step])
    return window_name(step) if step in config().windows else _("本流程的一步")


def phrase_words(key: str) -> str:
    """What was said, its beginning."""
    if not config().phrases.has(key):
        return _("其他提示")
    text = config().phrases.get(key).without_placeholders("en" if chosen() == "en" else "zh-CN")
    return text if len(text) <= PHRASE_SHOWN else text[:PHRASE_SHOWN] + "…"


def dotted(number: str) -> Markup:
    """A masked number whose dots are not read out one by one."""
    if not number:
        return Markup('<span class="none">{}</span>').format(_("无号码"))
    shown = number.lstrip("•")
    spoken = _("尾号 %(digits)s", digits=shown) if shown else _("号码已隐藏")
    return Markup(  # noqa: S704 - escaped
        f'<span class="number"><span aria-hidden="true">{escape(number)}</span>'
        f'<span class="sr">{escape(spoken)}</span></span>'
    )


def init(app: Flask) -> None:
    app.jinja_env.filters.update(
        moment=moment, ticking=ticking, span=span, remaining=remaining, window=window_name, seat=seat_name,
        due=due_text, dotted=dotted, outage_state=outage_state, rule=rule_words, talk=talk, profile=profile_name,
        step=step_words, written=written,
    )  # fmt: skip
    app.jinja_env.globals.update(label=labels.label, labels=labels, unit_name=unit_name, today=today)
