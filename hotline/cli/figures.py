"""``hotline figures``: every figure by its formula, the same as on the board, in reports and in the API."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table

from hotline.cli.common import json_option, print_json, with_settings
from hotline.config.settings import Settings
from hotline.errors import CannotRun
from hotline.process import factories
from ivr.kpi.records import Figure
from ivr.profile import Profile
from ivr.report import figures as said
from ivr.report.figures import FiguresPart
from ivr.report.sheet import write_csv
from ivr.report.span import Span
from ivr.spoken import LANGS
from store.engine import Session
from store.figures.figures import figures as stored
from store.read import call_counts

PIPE_WIDTH = 200
DAYS_MAX = {"": 3660, "window": 3660, "day": 400, "hour": 31}  # more parts than that nobody reads
HEADLINES = ("K1", "K2a", "K3", "K4", "K5", "K14", "K15")  # columns when there are many parts


class Day(click.ParamType):
    """A date."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f'"{value}" is no day; write 2026-11-21', param, ctx)


def period_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--from`` and ``--to``: local days, both included; today when neither is given."""
    for name, text in (("to", "Last day."), ("from", "First day (default: the last one, else today).")):
        function = click.option(f"--{name}", f"{name}_day", type=Day(), metavar="DAY", help=text)(function)
    return function


def span_of(settings: Settings, from_day: date | None, to_day: date | None) -> Span:
    """The period that was asked for."""
    zone = ZoneInfo(settings.unit.zone)
    last = to_day or from_day or datetime.now(zone).date()
    first = from_day or last
    if last < first:
        raise click.UsageError(f"--to {last} is before --from {first}")
    return Span(first, last, zone)


@click.command()
@period_options
@click.option("--by", type=click.Choice(["window", "hour", "day"]), help="Each window, hour or day for itself.")
@click.option("--csv", "csv_file", type=click.Path(dir_okay=False, path_type=Path), help="Write a CSV file.")
@click.option("--prometheus", is_flag=True, help="Print the text format of Prometheus.")
@click.option("--lang", type=click.Choice(LANGS), default=LANGS[0], show_default=True)
@json_option
@with_settings("profile", "data")
def figures(
    settings: Settings,
    from_day: date | None,
    to_day: date | None,
    by: str | None,
    csv_file: Path | None,
    prometheus: bool,
    lang: str,
    as_json: bool,
) -> None:
    """Show the figures of a period: formula, numerator, denominator, what was left out.

    \b
    Example: hotline figures --from 2026-11-01 --to 2026-11-30 --by day --csv november.csv
    """
    span, profile = span_of(settings, from_day, to_day), factories.profile(settings)
    if span.days > DAYS_MAX[by or ""]:
        raise click.UsageError(f"--by {by} takes at most {DAYS_MAX[by or '']} days at once")
    with factories.looking(settings) as session:
        found = list(measured(session, span, profile, by))
    if csv_file:
        try:
            with csv_file.open("w", encoding="utf-8", newline="") as file:
                rows = write_csv(said.sheet(found, span.zone, lang), file)
        except OSError as error:
            raise CannotRun(f"cannot write {csv_file}: {error.strerror}") from None
        click.echo(f"{rows} rows in {csv_file}", err=True)
    if prometheus:
        from ivr.report.prometheus import exposition

        if by:
            raise click.UsageError("--prometheus is for the whole period; leave out --by")
        period = f"{span.first}/{span.last}" if from_day or to_day else "today"
        click.echo(exposition(found[0].figures, period), nl=False)
    elif as_json:
        print_json(_document(found, span, by))
    elif not csv_file:
        _print(found, lang)


def measured(session: Session, span: Span, profile: Profile, by: str | None) -> Iterator[FiguresPart]:
    """The figures of the whole period, or of each of its parts that had a call or a promise."""
    now = time.time_ns() // 1_000_000
    if by is None:
        yield FiguresPart("", stored(session, span.from_ms, span.to_ms, profile, now))
        return
    if by == "window":
        for window in call_counts.windows(session, span.from_ms, span.to_ms):
            yield FiguresPart(window, stored(session, span.from_ms, span.to_ms, profile, now, window))
        return
    for name, start, end in span.by_hour() if by == "hour" else span.by_day():
        part = FiguresPart(name, stored(session, start, end, profile, now))
        if any(figure.denominator for figure in part.figures if figure.id != "K1g"):
            yield part


def _document(found: list[FiguresPart], span: Span, by: str | None) -> dict[str, Any]:
    period = {"from": span.first.isoformat(), "to": span.last.isoformat(), "zone": str(span.zone)}
    if by is None:
        return {"period": period, "items": [said.as_data(figure) for figure in found[0].figures]}
    every = [{by: part.name, "items": [said.as_data(figure) for figure in part.figures]} for part in found]
    return {"period": period, "by": by, "parts": every}


def _print(found: list[FiguresPart], lang: str) -> None:
    if not found:
        click.echo("no calls and no promises in this period")
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    if len(found) == 1 and not found[0].name:
        _columns(table, ("id", "figure 指标", "value 数值", "n", "left out 不计入"))
        for f in found[0].figures:
            table.add_row(f.id, said.name(f, lang), said.shown(f), _counts(f), said.left_out(f, lang))
    else:
        heads = [f for f in found[0].figures if f.id in HEADLINES or f.id.startswith("K2a-")]
        _columns(table, ("", "O", *(f"{f.id} {said.name(f, lang)}" for f in heads)))
        for part in found:
            by_id = {f.id: f for f in part.figures}
            table.add_row(part.name or "—", str(by_id["K1"].denominator), *(said.shown(by_id[f.id]) for f in heads))
    Console(width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table, highlight=False)


def _columns(table: Table, names: tuple[str, ...]) -> None:
    for name in names:
        table.add_column(name, overflow="fold")


def _counts(figure: Figure) -> str:
    if figure.unit == "ratio" and figure.value is not None:
        return f"{figure.numerator} / {figure.denominator}"
    return str(figure.denominator)
