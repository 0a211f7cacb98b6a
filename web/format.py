"""How moments, lengths of time, names and numbers look on a page."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask import Flask
from flask_babel import gettext as _
from markupsafe import Markup, escape

from ivr.outages.notice import NOW
from ivr.store.outages import standing
from web import labels
from web.config import Name
from web.db import config, now_ms
from web.language import chosen

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
    """A ``<time>`` element; ``style``: ``full``, ``minute``, ``clock`` (time of day) or ``day``."""
    if ms is None:
        return Markup('<span class="none">—</span>')
    at = local(ms)
    pattern = {"full": "%Y-%m-%d %H:%M:%S", "minute": "%Y-%m-%d %H:%M", "clock": "%H:%M:%S", "day": "%Y-%m-%d"}
    text = at.strftime(pattern[style])
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(timespec="milliseconds"), text)


def ticking(since: int | None) -> Markup:
    """How long ago, as m:ss; the page's script keeps it going."""
    if since is None:
        return Markup("")
    return Markup('<time class="tick" data-since="{}">{}</time>').format(since, counter(now_ms() - since))


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


def due_text(value: str) -> str:
    """A stored local due date or date-time, without the seconds and the offset."""
    return value.replace("T", " ")[:16]


def dotted(number: str) -> Markup:
    """A masked number whose dots are not read out one by one."""
    if not number:
        return Markup('<span class="none">{}</span>').format(_("无号码"))
    shown = number.lstrip("•")
    spoken = _("尾号 %(digits)s", digits=shown) if shown else _("号码已隐藏")
    return Markup('<span class="number"><span aria-hidden="true">{}</span><span class="sr">{}</span></span>').format(
        escape(number), spoken
    )


def init(app: Flask) -> None:
    app.jinja_env.filters.update(
        moment=moment, ticking=ticking, span=span, remaining=remaining, window=window_name, seat=seat_name,
        due=due_text, dotted=dotted, outage_state=outage_state,
    )  # fmt: skip
    app.jinja_env.globals.update(label=labels.label, labels=labels, unit_name=unit_name, today=today)
