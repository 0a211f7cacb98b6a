"""``hotline due``: when is a case due, and why. The same function as the hotline itself uses."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from hotline import parts
from hotline.cli.common import json_option, print_json, with_settings
from hotline.settings import Settings
from ivr.calendar.due import DueDate
from ivr.calendar.due import due as due_date
from ivr.spoken import LANGS


@click.command()
@click.argument("kind")
@click.argument("received")
@click.option("--channel", default="phone", show_default=True, help="How it came in.")
@click.option(
    "--calendar",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="A table of working days of your own (repeatable).",
)
@click.option("--explain", is_flag=True, help="Show what was counted, what was skipped, and why.")
@click.option("--lang", type=click.Choice(LANGS), default=LANGS[0], show_default=True)
@json_option
@with_settings("profile")
def due(
    settings: Settings,
    kind: str,
    received: str,
    channel: str,
    calendar: tuple[Path, ...],
    explain: bool,
    lang: str,
    as_json: bool,
) -> None:
    """Say when a case of KIND (complaint, report …) RECEIVED then is due.

    RECEIVED is a local date or time (2026-09-24, 2026-09-24T16:30), one with an offset, or "now".

    \b
    Example: hotline due complaint 2026-09-24 --explain
    """
    rules = parts.profile(settings)
    rule = rules.deadline(kind, channel)
    if rule is None:
        known = ", ".join(sorted(rules.deadlines))
        raise click.UsageError(f'{rules.name} promises nothing for "{kind}"; it has rules for: {known}')
    zone = ZoneInfo(settings.unit.zone)
    result = due_date(rule, _moment(received, zone), parts.calendar(settings, *calendar), zone, rules.hours)
    for warning in result.warnings(lang):
        click.echo(warning, err=True)
    if as_json:
        print_json(_as_data(kind, channel, rules.name, result, lang))
    else:
        click.echo("\n".join(result.lines(lang)) if explain else _iso(result.due))


def _moment(text: str, zone: ZoneInfo) -> datetime:
    """The moment that was typed; without an offset it is local, a date alone is its beginning."""
    if text == "now":
        return datetime.now(zone)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f'"{text}" is no date; write 2026-09-24, 2026-09-24T16:30 or now') from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


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
