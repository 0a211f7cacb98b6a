"""``hotline due``: when is a case due, and why, for one case or a whole register. The hotline's own function."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from hotline.cli.common import FOUND, json_option, print_json, with_settings
from hotline.cli.registers import recompute
from hotline.config.settings import Settings
from hotline.process import factories
from ivr.calendar.due import DueDate
from ivr.calendar.hours import NeverOpen
from ivr.calendar.tables import WorkCalendar
from ivr.cases.promise import NoDueDate, due_for
from ivr.cases.register import NoRegister, Register
from ivr.profile import Profile
from ivr.spoken import LANGS


class Zone(click.ParamType):
    """An IANA time zone."""

    name = "zone"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> ZoneInfo:
        try:
            return ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.fail(f'"{value}" is no time zone; write one like Asia/Shanghai or America/Chicago', param, ctx)


@click.command()
@click.argument("kind", required=False)
@click.argument("received", required=False)
@click.option("--csv", "files", nargs=2, metavar="IN OUT", help="A register: kind,received[,channel]; - is a pipe.")
@click.option("--channel", default="phone", show_default=True, help="How it came in.")
@click.option(
    "--calendar",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="A table of working days of your own (repeatable).",
)
@click.option("--zone", type=Zone(), help="Another time zone than the hotline's.")
@click.option("--explain", is_flag=True, help="Show what was counted, what was skipped, and why.")
@click.option("--lang", type=click.Choice(LANGS), default=LANGS[0], show_default=True)
@json_option
@with_settings("profile")
def due(
    settings: Settings,
    kind: str | None,
    received: str | None,
    files: tuple[str, str] | None,
    channel: str,
    calendar: tuple[Path, ...],
    zone: ZoneInfo | None,
    explain: bool,
    lang: str,
    as_json: bool,
) -> None:
    """Say when a case of KIND (complaint, report, 投诉 …) RECEIVED then is due.

    RECEIVED is a local date or time (2026-09-24, 2026-09-24T16:30), one with an offset, or "now".

    \b
    Example: hotline due complaint 2026-09-24 --explain
             hotline due --csv register.csv due.csv --profile city.toml --calendar city-2026.toml
    """
    rules, days = factories.profile(settings), factories.known_calendar(settings, *calendar)
    zone = zone or ZoneInfo(settings.unit.zone)
    if files:
        if kind or explain or as_json:
            raise click.UsageError("--csv takes its cases from the file; leave out KIND, --explain and --json")
        _register(files, rules, days, zone, channel, lang)
        return
    if kind is None or received is None:
        raise click.UsageError("say which case: KIND RECEIVED, or --csv IN OUT")
    try:
        result = due_for(kind, datetime.now(zone) if received == "now" else received, rules, days, zone, channel)
    except (NoDueDate, NeverOpen) as error:
        raise click.UsageError(str(error)) from None
    for warning in result.warnings(lang):
        click.echo(warning, err=True)
    if as_json:
        print_json(_as_data(kind, channel, rules.name, result, lang))
    else:
        click.echo("\n".join(result.lines(lang)) if explain else _iso(result.due))


def _register(
    files: tuple[str, str], rules: Profile, days: WorkCalendar, zone: ZoneInfo, channel: str, lang: str
) -> None:
    """Recompute a register; exit code 1 when a row could not be."""
    try:
        rows, wrong = recompute(*files, lambda heading: Register(heading, rules, days, zone, channel, lang))
    except NoRegister as error:
        raise click.UsageError(f"{files[0]}: {error}") from None
    click.echo(f"{rows} rows, {wrong} could not be computed", err=True)
    if wrong:
        sys.exit(FOUND)


def _as_data(kind: str, channel: str, profile: str, result: DueDate, lang: str) -> dict[str, object]:
    return {
        "kind": kind,
        "channel": channel,
        "profile": profile,
        "rule": str(result.rule),
        "source": result.rule.source,
        "received": _iso(result.received),
        "due": _iso(result.due),
        "due_at": result.due_at.isoformat(timespec="seconds"),
        "unrolled": _iso(result.unrolled),
        "provisional": result.provisional,
        "warnings": result.warnings(lang),
        "explanation": result.lines(lang),
    }


def _iso(at: date) -> str:
    return at.isoformat(timespec="minutes") if isinstance(at, datetime) else at.isoformat()
