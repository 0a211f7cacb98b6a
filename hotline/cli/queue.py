"""``hotline queue``: who waits for a person, and a lead who has somebody served before others."""

from __future__ import annotations

import click

from hotline.cli.acting import acting, as_option
from hotline.cli.common import json_option, looking
from hotline.cli.rows import print_rows
from hotline.config.settings import Settings
from hotline.process import factories
from hotline.process.sweep import known_rules, now_ms
from ivr.queue.order import REASONS
from services.operators import Doer
from services.queue import prefer
from store.journal.queue import places


@click.group()
def queue() -> None:
    """Callers who wait for a person: list them, have one served before others."""


@queue.command("list")
@json_option
@looking
def list_queue(settings: Settings, as_json: bool) -> None:
    """List who waits, in the order in which they are served; no numbers.

    \b
    Example: hotline queue list
    """
    house, now = known_rules(settings), now_ms()
    with factories.looking(settings) as session:
        found = places(session.connection(), now)
    rows = [
        {
            "call": row["call_id"], "window": row["window"], "since": house.written(row["entered"]),
            "waited_s": (now - row["entered"]) // 1000, "before_others": row["reason"], "rings": row["seat"],
            "called_back": "yes" if row["callback_id"] else "",
        }
        for row in found
    ]  # fmt: skip
    print_rows(rows, as_json, "nobody waits")


@queue.command("prefer")
@click.argument("call")
@click.option("--reason", required=True, type=click.Choice(REASONS), help="Why: it is in the audit log.")
@as_option
@looking
def prefer_call(settings: Settings, call: str, reason: str, who: str) -> None:
    """Have the caller of CALL served as if they had waited two minutes more 绿色通道; leads and supervisors.

    \b
    Example: hotline queue prefer 0198c2f1-… --reason disabled --as wang.li
    """
    with acting(settings, who) as (session, role):
        prefer(session, call, reason, Doer(who, role), now_ms())
    click.echo("served as if they had waited two minutes more")
