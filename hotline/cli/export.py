"""``hotline export calls|cases|figures``: files for a spreadsheet, numbers masked, every export in the audit log."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import click

from hotline.cli.common import with_settings
from hotline.cli.figures import DAYS_MAX, measured, period_options, span_of
from hotline.config.settings import Settings
from hotline.errors import CannotRun
from hotline.process import factories
from ivr.report import figures as said
from ivr.report import registers
from ivr.report.sheet import Sheet, write_csv, write_xlsx
from ivr.report.span import Span
from ivr.spoken import LANGS
from services import users
from store.engine import Session
from store.people.parties import Parties
from store.read import export as stored

BY = "hotline"  # who did it, in the audit log: whoever may run this command on the machine
ROLE = "supervisor"  # what is seen of a number


@click.group()
def export() -> None:
    """Write calls, cases or figures of a period as CSV (opens in Excel) or XLSX."""


def options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What every export takes."""
    for decorate in (
        with_settings("profile", "data"),
        click.option("--lang", type=click.Choice(LANGS), default=LANGS[0], show_default=True),
        click.option("--format", "form", type=click.Choice(["csv", "xlsx"]), help="Default: by the name of OUT."),
        period_options,
        click.argument("out", type=click.Path(dir_okay=False, path_type=Path)),
    ):
        function = decorate(function)
    return function


@export.command()
@options
def calls(settings: Settings, **asked: Any) -> None:
    """Export the calls that arrived in the period, with masked numbers.

    \b
    Example: hotline export calls november.xlsx --from 2026-11-01 --to 2026-11-30
    """

    def make(session: Session, span: Span, lang: str) -> Sheet:
        rows = stored.calls(session, Parties(factories.keys(settings)), span.from_ms, span.to_ms)
        return registers.calls(rows, span.zone, ROLE, lang)

    _export(settings, "calls", make, **asked)


@export.command()
@options
def cases(settings: Settings, **asked: Any) -> None:
    """Export the cases received in the period, with masked numbers; none for anonymous reports.

    \b
    Example: hotline export cases november.csv --from 2026-11-01 --to 2026-11-30
    """

    def make(session: Session, span: Span, lang: str) -> Sheet:
        rows = stored.cases(session, Parties(factories.keys(settings)), span.from_ms, span.to_ms)
        return registers.cases(rows, span.zone, ROLE, lang)

    _export(settings, "cases", make, **asked)


@export.command("figures")
@click.option("--by", type=click.Choice(["window", "hour", "day"]), help="Each window, hour or day for itself.")
@options
def figures_(settings: Settings, by: str | None, **asked: Any) -> None:
    """Export the figures of the period: formula, numerator, denominator, what was left out.

    \b
    Example: hotline export figures november.xlsx --from 2026-11-01 --to 2026-11-30 --by day
    """

    def make(session: Session, span: Span, lang: str) -> Sheet:
        if span.days > DAYS_MAX[by or ""]:
            raise click.UsageError(f"--by {by} takes at most {DAYS_MAX[by or '']} days at once")
        return said.sheet(measured(session, span, factories.profile(settings), by), span.zone, lang)

    _export(settings, "figures", make, **asked)


def _export(
    settings: Settings,
    what: str,
    make: Callable[[Session, Span, str], Sheet],
    out: Path,
    from_day: date | None,
    to_day: date | None,
    form: str | None,
    lang: str,
) -> None:
    """Write the sheet; the audit row is there before the file is."""
    form = form or out.suffix.lower().removeprefix(".")
    if form not in ("csv", "xlsx"):
        raise click.UsageError(f"{out}: name it .csv or .xlsx, or say --format csv or xlsx")
    span = span_of(settings, from_day, to_day)
    with factories.changing(settings) as session:
        detail = f"{span.first} to {span.last}, {form}"
        users.audit(session, at=time.time_ns() // 1_000_000, user=BY, action="export", target=what, detail=detail)
    with factories.looking(settings) as session:
        sheet = make(session, span, lang)
        try:
            if form == "xlsx":
                rows = write_xlsx(sheet, out)
            else:
                with out.open("w", encoding="utf-8", newline="") as file:
                    rows = write_csv(sheet, file)
        except OSError as error:
            raise CannotRun(f"cannot write {out}: {error.strerror}") from None
    click.echo(f"{rows} rows in {out}", err=True)
