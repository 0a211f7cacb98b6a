"""``hotline report``: the month for the leaders, and the public page of promises."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from hotline import parts
from hotline.cli.common import with_settings
from hotline.errors import CannotRun
from hotline.settings import Settings
from ivr.report import page
from ivr.report.contents import Contents
from ivr.report.span import Span
from ivr.spoken import LANGS
from ivr.store.monthly import contents

PANGO = "libpango-1.0-0 libpangoft2-1.0-0"


@click.group()
def report() -> None:
    """Reports 报表: figures and counts of a month, without personal data."""


class Month(click.ParamType):
    """A calendar month."""

    name = "month"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        found = re.fullmatch(r"(2\d{3})-(0[1-9]|1[0-2])", value)
        if not found:
            self.fail(f'"{value}" is no month; write 2026-10', param, ctx)
        return int(found[1]), int(found[2])


def options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What every report takes."""
    for decorate in (
        with_settings("profile", "data"),
        click.option("--lang", type=click.Choice(LANGS), default=LANGS[0], show_default=True),
        click.option(
            "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("."), help="Folder [default: here]."
        ),
        click.option("--month", type=Month(), metavar="YYYY-MM", help="Default: the last whole month."),
    ):
        function = decorate(function)
    return function


@report.command()
@click.option("--html-only", is_flag=True, help="No PDF.")
@options
def monthly(settings: Settings, html_only: bool, **asked: Any) -> None:
    """Write the monthly summary: figures, complaint kinds, due dates, charts, definitions; HTML and PDF.

    \b
    Example: hotline report monthly --month 2026-10 --out reports
    """
    _write(settings, "monthly", page.monthly, not html_only, **asked)


@report.command()
@options
def promises(settings: Settings, **asked: Any) -> None:
    """Write the public page of promises: totals only, for the web site.

    \b
    Example: hotline report promises --month 2026-10 --out public
    """
    _write(settings, "promises", page.promises, False, **asked)


def _write(
    settings: Settings,
    name: str,
    render: Callable[[Contents, str, str], str],
    pdf: bool,
    month: tuple[int, int] | None,
    out: Path,
    lang: str,
) -> None:
    zone = ZoneInfo(settings.unit.zone)
    year, number = month or _last_month(datetime.now(zone).date())
    span = Span.month(year, number, zone)
    with parts.looking(settings) as session:
        found = contents(session, span, parts.profile(settings), time.time_ns() // 1_000_000)
    unit = settings.unit.name if lang == "zh-CN" else settings.unit.name_en or settings.unit.name
    html = render(found, unit, lang)
    target = out / f"{name}-{year}-{number:02}.html"
    try:
        out.mkdir(parents=True, exist_ok=True)
        target.write_text(html, encoding="utf-8")
    except OSError as error:
        raise CannotRun(f"cannot write {target}: {error.strerror}") from None
    click.echo(str(target))
    if pdf:
        try:
            page.write_pdf(html, target.with_suffix(".pdf"))
        except (OSError, ImportError) as error:
            raise CannotRun(f"no PDF ({error}); install {PANGO}, or use --html-only") from None
        click.echo(str(target.with_suffix(".pdf")))


def _last_month(today: date) -> tuple[int, int]:
    last = today.replace(day=1) - timedelta(days=1)
    return last.year, last.month
