"""``hotline report``: the month, week or day for the leaders, and the public page of promises."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from hotline.cli.common import with_settings
from hotline.cli.figures import Day
from hotline.config.settings import Settings
from hotline.errors import CannotRun
from hotline.process import factories
from hotline.process.reports import unit_name
from ivr.report import page, periods
from ivr.report.contents import Contents
from ivr.report.periods import ReportDue
from ivr.report.span import Span
from ivr.spoken import LANGS
from store.figures.report import contents

PANGO = "libpango-1.0-0 libpangoft2-1.0-0"


@click.group()
def report() -> None:
    """Reports 报表: figures and counts of a month, week or day, without personal data."""


class Month(click.ParamType):
    """A calendar month."""

    name = "month"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        found = re.fullmatch(r"(2\d{3})-(0[1-9]|1[0-2])", value)
        if not found:
            self.fail(f'"{value}" is no month; write 2026-10', param, ctx)
        return date(int(found[1]), int(found[2]), 1)


class IsoWeek(click.ParamType):
    """A week by ISO 8601, Monday to Sunday; its first day."""

    name = "week"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        found = re.fullmatch(r"(2\d{3})-W(\d\d)", value)
        try:
            if found:
                return date.fromisocalendar(int(found[1]), int(found[2]), 1)
        except ValueError:
            pass
        self.fail(f'"{value}" is no week; write 2026-W40', param, ctx)


month_option = click.option("--month", type=Month(), metavar="YYYY-MM", help="Default: the last whole month.")


def options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What every report takes."""
    for decorate in (
        with_settings("profile", "data"),
        click.option("--lang", type=click.Choice(LANGS), default=LANGS[0], show_default=True),
        click.option(
            "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("."), help="Folder [default: here]."
        ),
    ):
        function = decorate(function)
    return function


html_only_option = click.option("--html-only", is_flag=True, help="No PDF.")


@report.command()
@month_option
@html_only_option
@options
def monthly(settings: Settings, month: date | None, html_only: bool, **asked: Any) -> None:
    """Write the month's summary: figures, complaint kinds, due dates, charts, definitions; HTML and PDF.

    \b
    Example: hotline report monthly --month 2026-10 --out reports
    """
    span, name = _month(settings, month)
    _write(settings, "monthly", name, span, page.summary, not html_only, **asked)


@report.command()
@click.option("--week", type=IsoWeek(), metavar="YYYY-Www", help="Monday to Sunday; default: the last whole week.")
@html_only_option
@options
def weekly(settings: Settings, week: date | None, html_only: bool, **asked: Any) -> None:
    """Write the week's summary; the same page as the month's.

    \b
    Example: hotline report weekly --week 2026-W40 --out reports
    """
    today = _today(settings)
    first = week or today - timedelta(days=today.weekday() + 7)
    span, name = periods.week_of(first, ZoneInfo(settings.unit.zone))
    _write(settings, "weekly", name, span, page.summary, not html_only, **asked)


@report.command()
@click.option("--day", type=Day(), metavar="DAY", help="Default: yesterday.")
@html_only_option
@options
def daily(settings: Settings, day: date | None, html_only: bool, **asked: Any) -> None:
    """Write the day's summary; the same page as the month's.

    \b
    Example: hotline report daily --day 2026-10-08 --out reports
    """
    day = day or _today(settings) - timedelta(days=1)
    span = Span(day, day, ZoneInfo(settings.unit.zone))
    _write(settings, "daily", day.isoformat(), span, page.summary, not html_only, **asked)


@report.command()
@month_option
@options
def promises(settings: Settings, month: date | None, **asked: Any) -> None:
    """Write the public page of promises: totals only, for the web site.

    \b
    Example: hotline report promises --month 2026-10 --out public
    """
    span, name = _month(settings, month)
    _write(settings, "promises", name, span, page.promises, False, **asked)


def _write(
    settings: Settings,
    report_name: str,
    period: str,
    span: Span,
    render: Callable[[Contents, str, str, str], str],
    pdf: bool,
    out: Path,
    lang: str,
) -> None:
    with factories.looking(settings) as session:
        found = contents(session, span, factories.profile(settings), time.time_ns() // 1_000_000)
    title = ReportDue(report_name, period, span, 0).title(lang)
    html = render(found, title, unit_name(settings, lang), lang)
    target = out / f"{report_name}-{period}.html"
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


def _month(settings: Settings, first: date | None) -> tuple[Span, str]:
    """The month that was asked for, or the last whole one; and its name."""
    zone = ZoneInfo(settings.unit.zone)
    if first is None:
        return periods.month(_today(settings), zone)
    return Span.month(first.year, first.month, zone), f"{first:%Y-%m}"


def _today(settings: Settings) -> date:
    return datetime.now(ZoneInfo(settings.unit.zone)).date()
