"""``hotline callbacks``: whom to call, and what came of it, by the same rules as in the panel."""

from __future__ import annotations

import click

from hotline.cli.acting import as_option, casework_as, worded_option
from hotline.cli.common import json_option, looking
from hotline.cli.rows import print_rows
from hotline.config.settings import Settings
from hotline.process import factories
from hotline.process.sweep import known_rules, now_ms
from ivr.cases.worklist import RESULTS, Attempt
from services import users
from store.read import worklists


@click.group()
def callbacks() -> None:
    """Whom to call: list them, record what came of a call."""


@callbacks.command("list")
@click.argument("worklist", type=click.Choice(worklists.KINDS))
@json_option
@looking
def list_callbacks(settings: Settings, worklist: str, as_json: bool) -> None:
    """List whom to call: due answers, missed calls, follow-ups. One entry per number, numbers not shown.

    \b
    Example: hotline callbacks list missed
    """
    house = known_rules(settings)
    with factories.looking(settings) as session:
        connection = session.connection()
        found = worklists.described(connection, worklists.entries(connection, worklist, now_ms(), house))
    rows = [
        {
            "callback": entry.first["id"], "cases": " ".join(row["number"] or "" for row in entry.callbacks).strip(),
            "calls": len(entry.callbacks), "due": house.written(entry.due), "not_before": house.written(entry.next_at),
            "tries": entry.tries, "last": entry.last_result, "may_call": entry.may_call,
        }
        for entry in found
    ]  # fmt: skip
    print_rows(rows, as_json, "nobody is to be called")


@callbacks.command()
@click.argument("callback")
@click.argument("result", type=click.Choice(RESULTS))
@click.option("--reason", default="", help="What was said.")
@click.option("--text", default="", help="The answer that was given (answer calls).")
@click.option("--solved", type=click.Choice(("yes", "no")), help="What the citizen says (follow-ups).")
@click.option("--rating", type=click.Choice(tuple("12345")), help="1 very satisfied … 5 very dissatisfied.")
@worded_option
@as_option
@looking
def record(
    settings: Settings, callback: str, result: str, reason: str, text: str, solved: str | None, rating: str | None,
    worded: bool, who: str,
) -> None:  # fmt: skip
    """Record what came of calling somebody.

    \b
    Example: hotline callbacks record 0195… no_answer --as li.na
    """
    with casework_as(settings, who) as (session, desk, role):
        attempt = Attempt(
            who,
            role,
            now_ms(),
            result,
            reason=reason,
            text=text,
            solved=solved or "",
            rating=rating or "",
            worded=worded,
        )
        row = desk.attempt(session.connection(), callback, attempt)
        users.audit(session, at=now_ms(), user=who, action="callback.attempt", target=callback, detail=result)
    again = f"again from {known_rules(settings).written(row.next_at)}" if row.state == "open" else row.outcome
    click.echo(f"{result}: {again}")
