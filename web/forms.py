"""What comes in addresses and forms is read here and nowhere else: bounded, then read, or refused with the remedy.

What cannot be used is answered 400: a page says it in the reader's language, the API in English. Nothing is
guessed, and nothing is so long, so deep or so far away that reading it holds anybody up.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Container, Iterable, Mapping
from datetime import date, timedelta
from typing import IO, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Flask, abort, request, url_for
from flask import Request as FlaskRequest
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from werkzeug.formparser import FormDataParser

from ivr.cases.promise import YEARS, parse_received
from web.errors import WebError

FIRST, LAST = date(YEARS[0], 1, 1), date(YEARS[1], 12, 31)
DAYS_MAX = 366  # the longest period that is counted at once
WORD_MAX = 80  # characters of a word of a filter
VALUE_MAX, VALUES_MAX = 2000, 60  # characters of a parameter, and parameters of an address
PART_MAX = 120  # characters of a part of the path
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
WHOLE = re.compile(r"[0-9]{1,9}")


class Wrong(WebError):
    """A parameter that cannot be used: its name, and what to write instead."""

    def __init__(self, name: str, remedy: Any) -> None:
        super().__init__(name)
        self.name, self.remedy = name, remedy

    def __str__(self) -> str:
        return f"{self.name}: {self.remedy}"


# --- addresses -----------------------------------------------------------------------------


def day(name: str) -> date | None:
    """A date ``YYYY-MM-DD`` of the years 2000–2099, or None when none is given."""
    text = _value(name)
    if not text:
        return None
    try:
        found = date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None or not FIRST <= found <= LAST:
        raise Wrong(name, _l("请写 2000 至 2099 年的日期，如 2026-11-26。"))
    return found


def word(name: str, allowed: Iterable[str] | None = None) -> str:
    """A short value, one of the allowed ones where they are given; empty when none is given."""
    text = _value(name)
    if not text:
        return ""
    known = None if allowed is None else list(allowed)
    if known is not None and text not in known:
        raise Wrong(name, _l("请用其中之一：%(words)s。", words=", ".join(known)))
    if len(text) > WORD_MAX:
        raise Wrong(name, _l("最多 %(n)s 个字。", n=WORD_MAX))
    return text


def hint(name: str, known: Container[str]) -> str:
    """How a page is to be shown (its order, its part); links keep it from page to page, so an unknown one is none."""
    text = _value(name)
    return text if text in known else ""


def whole(name: str, least: int, most: int, default: int) -> int:
    """A whole number in ASCII digits from ``least`` to ``most``; ``default`` when none is given."""
    text = _value(name)
    if not text:
        return default
    if not WHOLE.fullmatch(text) or not least <= int(text) <= most:
        raise Wrong(name, _l("请写 %(least)s 至 %(most)s 的整数。", least=least, most=most))
    return int(text)


def period(first: date | None, last: date | None) -> None:
    """Refuse days that run backwards, and more than a year of them."""
    if first is None or last is None:
        return
    if last < first:
        raise Wrong("to", _l("不能早于 from。"))
    if last - first >= timedelta(days=DAYS_MAX):
        raise Wrong("to", _l("一次最多 %(n)s 天，请缩短时段。", n=DAYS_MAX))


def cursor(name: str = "before") -> str | None:
    """Where a list goes on, as the page before gave it; the store reads it (``BadCursor``)."""
    return _value(name) or None


def named(known: Collection[str]) -> None:
    """For programs: refuse a parameter nobody knows, one that says nothing, and one that is there twice."""
    for name, values in request.args.lists():
        if name not in known:
            raise Wrong(name, _l("没有这个参数，只有：%(words)s。", words=", ".join(known) or "—"))
        if len(values) > 1 or not values[0]:
            raise Wrong(name, _l("请只写一次并写上值，或者不写。"))


def _value(name: str) -> str:
    return request.args.get(name, "").strip()


def with_args(endpoint: str | None = None, values: Mapping[str, Any] | None = None, **changes: Any) -> str:
    """This page's address (or another's, made with ``values``) with its filters, some changed; None takes one away."""
    kept = {key: value for key, value in request.args.items() if value and key != "lang"}
    kept.update({key: value for key, value in changes.items() if value is not None})
    for key, value in changes.items():
        if value is None:
            kept.pop(key, None)
    path = url_for(endpoint, **(values or {})) if endpoint else request.script_root + request.path
    return path + ("?" + urlencode(kept) if kept else "")


def document(*known: str) -> dict[str, str]:
    """For programs: the fields of the JSON document that was sent, all short texts; only ``known`` ones."""
    given = request.get_json(silent=True)
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise Wrong("body", _l("请发送 JSON 对象，值都是文字。"))
    for name, value in given.items():
        if name not in known:
            raise Wrong(name, _l("没有这个参数，只有：%(words)s。", words=", ".join(known)))
        if odd(value, WORD_MAX):
            raise Wrong(name, _l("太长，或含有控制字符。"))
    return given


# --- forms ---------------------------------------------------------------------------------


def typed() -> dict[str, str]:
    """All fields of the form as they came, to stand in it again; bounded by the size of a request."""
    return {name: value for name, value in request.form.items() if name != "csrf_token"}


def field(name: str, most: int = WORD_MAX) -> str:
    """A field without spaces around it, cut to what it may hold."""
    return request.form.get(name, "").strip()[:most]


def number(text: str, most: int = 10**9) -> int | None:
    """A whole number in ASCII digits up to ``most``; None for anything else."""
    return int(text) if WHOLE.fullmatch(text) and int(text) <= most else None


def moment(text: str, zone: ZoneInfo) -> int | None:
    """UTC ms of a local time as a browser sends it (``2026-11-26T17:30``); None for what is no moment of 2000–2099."""
    try:
        return round(parse_received(text, zone).timestamp() * 1000)
    except ValueError:
        return None


def plain(text: str) -> str:
    """The text without characters that nobody types and no database takes: controls but tab and line ends."""
    if text.isprintable():
        return text
    return "".join(c for c in text if c in "\t\r\n" or unicodedata.category(c) not in ("Cc", "Cs"))


class _Forms(FormDataParser):
    """Forms as people mean them: :func:`plain`."""

    def parse(self, *args: Any, **more: Any) -> tuple[IO[bytes], MultiDict[str, str], MultiDict[str, Any]]:
        stream, form, files = super().parse(*args, **more)
        kept = MultiDict((plain(name), plain(value)) for name, value in form.items(multi=True))
        return stream, kept, files


class PanelRequest(FlaskRequest):
    """A request whose forms are read by :class:`_Forms`."""

    form_data_parser_class = _Forms


def init(app: Flask) -> None:
    app.request_class = PanelRequest

    @app.before_request
    def bounded() -> None:
        """What no filter of ours can be is refused before anything looks at it."""
        if any(odd(part, PART_MAX) for part in (request.view_args or {}).values()):
            abort(404)
        if len(request.args) > VALUES_MAX:
            raise Wrong("?", _l("参数太多。"))
        for name, value in request.args.items(multi=True):
            if odd(name, WORD_MAX):
                raise Wrong("?", _l("参数名无效。"))
            if odd(value, VALUE_MAX):
                raise Wrong(name, _l("太长，或含有控制字符。"))


def odd(value: Any, most: int) -> bool:
    """A text that is too long, or holds what :func:`plain` takes out."""
    return isinstance(value, str) and (len(value) > most or plain(value) != value)
