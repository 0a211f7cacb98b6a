"""Reports as pages: the month for the leaders, and the public page of promises. Figures and counts, no person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ivr.report import figures as said
from ivr.report.charts import Drawn, draw
from ivr.report.contents import Contents, kept
from ivr.report.registers import CHANNELS, kind

# What leaders look at first, and what the public is told; everything stands in the table.
HEADLINES = ("K1", "K2a-15", "K3", "K4", "K13-complaint", "K13-report", "K14", "K15", "K16")
PUBLIC = ("K14", "K13-complaint", "K13-report", "K12", "K18", "K15", "K1", "K2a-15", "K20")
Words = Callable[[str, str], str]


def summary(contents: Contents, title: str, unit: str, lang: str) -> str:
    """The summary of a period for the leaders (CMP-8), as one HTML page without anything from elsewhere."""
    return _page("summary.html", contents, title, unit, lang, charts=_charts(contents, lang))


def promises(contents: Contents, title: str, unit: str, lang: str) -> str:
    """The public page of promises (承诺兑现率, K14): no personal data, nothing about single cases."""
    return _page("promises.html", contents, title, unit, lang)


def write_pdf(html: str, path: Path) -> None:
    """Print a page as PDF. Raises :class:`OSError` when the system lacks pango, which draws its text."""
    from weasyprint import HTML  # slow to load, and needs libraries of the system

    HTML(string=html).write_pdf(path)


def _words(lang: str) -> Words:
    return (lambda zh, en: zh) if lang == "zh-CN" else (lambda zh, en: en)


def _page(template: str, contents: Contents, title: str, unit: str, lang: str, **more: Any) -> str:
    pages = Environment(loader=PackageLoader("ivr.report"), autoescape=True, undefined=StrictUndefined)
    by_id = {figure.id: figure for figure in contents.figures}
    made = datetime.fromtimestamp(contents.now_ms / 1000, UTC).astimezone(contents.span.zone)
    shown = {
        "c": contents,
        "title": title,
        "unit": unit,
        "lang": lang,
        "t": _words(lang),
        "said": said,
        "made": f"{made:%Y-%m-%d %H:%M}",
        "running": contents.now_ms < contents.span.to_ms,
        "headlines": [by_id[id_] for id_ in HEADLINES if id_ in by_id],
        "public": [by_id[id_] for id_ in PUBLIC if id_ in by_id],
        "received": _received(contents, lang),
        "due": [kept(id_, cases, contents.now_ms) for id_, cases in contents.due.items()],
        "kind": lambda id_: kind(id_, lang),
    }
    return pages.get_template(template).render(**shown, **more)


def _charts(contents: Contents, lang: str) -> dict[str, Drawn]:
    return {drawn.id: drawn for drawn in draw(contents.curves, lang)}


def _received(contents: Contents, lang: str) -> list[tuple[str, str, int]]:
    found = [
        (kind(id_, lang), CHANNELS.get(channel, channel) if lang == "zh-CN" else channel, count)
        for (id_, channel), count in contents.received.items()
    ]
    return sorted(found, key=lambda row: (-row[2], row[0], row[1]))
