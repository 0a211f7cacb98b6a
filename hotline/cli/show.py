"""``hotline show calls|cases|journal``: what the store remembers, without personal data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from hotline.cli.common import json_option, looking
from hotline.cli.rows import print_rows
from hotline.config.settings import Settings
from hotline.process import factories
from store.journal import entries as journal_rows
from store.read import queries
from store.sql import values

HIDDEN = frozenset({"party_id", "query_hash", "command_id"})  # inner names that help nobody
MOMENTS = frozenset(
    {"arrived", "answered", "human_requested", "agent_ring", "agent_answered", "agent_left", "ended", "at"}
    | {"received", "due_ms", "unrolled_ms", "replied"}
)

PIPE_WIDTH = 240

_limit = click.option("-n", "limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many.")


@click.group()
def show() -> None:
    """Show calls, cases or the journal; newest first, without personal data."""


@show.command()
@_limit
@json_option
@looking
def calls(settings: Settings, limit: int, as_json: bool) -> None:
    """Show the latest calls.

    \b
    Example: hotline show calls -n 5
    """
    with factories.looking(settings) as session:
        rows = [_row(row, settings) for row in queries.calls(session, queries.CallFilter(), limit=limit).rows]
    columns = (
        "arrived",
        "called",
        "flow",
        "last_step",
        "keys",
        "window",
        "seat",
        "human_wait",
        "outcome",
        "cause",
    )
    _print(rows, columns, as_json, "no calls yet; try `hotline dial`")


@show.command()
@_limit
@json_option
@looking
def cases(settings: Settings, limit: int, as_json: bool) -> None:
    """Show the latest cases with their due dates.

    \b
    Example: hotline show cases --json
    """
    with factories.looking(settings) as session:
        rows = [_row(row, settings) for row in queries.cases(session, queries.CaseFilter(), limit=limit).rows]
    for row in rows:
        row["explanation"] = json.loads(row["explanation"])
    columns = ("number", "kind", "category", "received", "due", "unrolled", "provisional", "status")
    _print(rows, columns, as_json, "no cases yet; call and choose complaint 投诉")


@show.command()
@click.option("--call", "call_id", default="", help="Only this call (its id or SIP Call-ID).")
@_limit
@json_option
@looking
def journal(settings: Settings, limit: int, as_json: bool, call_id: str) -> None:
    """Show the latest journal rows, oldest of them first.

    \b
    Example: hotline show journal -n 50
    """
    with factories.looking(settings) as session:
        rows = [_row(row, settings) for row in journal_rows.latest(session, limit, call_id)]
    for row in rows:
        row["data"] = json.loads(row["data"])
    _print(rows, ("at", "call_id", "kind", "name", "data", "reason"), as_json, "the journal is empty")


def _row(row: Any, settings: Settings) -> dict[str, Any]:
    """A row as plain data; moments in the unit's zone."""
    zone = ZoneInfo(settings.unit.zone)
    return {
        key: datetime.fromtimestamp(value / 1000, zone).isoformat(timespec="milliseconds")
        if key in MOMENTS and value is not None
        else value
        for key, value in values(row).items()
        if key not in HIDDEN
    }


def _print(rows: list[dict[str, Any]], columns: Sequence[str], as_json: bool, nothing: str) -> None:
    print_rows(rows, as_json, nothing, columns, _short, PIPE_WIDTH)


def _short(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return " ".join(f"{key}={item}" for key, item in value.items() if item not in ("", None))
    text = str(value)
    return text[:19].replace("T", " ") if text[4:5] == "-" and text[10:11] == "T" else text
