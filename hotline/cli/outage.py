"""``hotline outage``: outage notices 停电公告 from the terminal, by the same rules as in the panel (PWR-2)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click

from hotline.cli.acting import acting, as_option
from hotline.cli.common import json_option, looking
from hotline.cli.rows import print_rows
from hotline.config.settings import Settings
from hotline.process import factories
from hotline.process.sweep import now_ms
from ivr.outages.notice import HOWS, KINDS, PLANNED, RESULTS, STATES, By, NoticeDraft
from ivr.projections.rows import OutageRow
from ivr.scrubbing import without_numbers
from services import outages, users
from store.engine import Connection, Session
from store.ids import uuid7
from store.read import outage_notices
from store.read.outage_notices import OutageFilter
from store.schema import Outage
from store.sql import Row

LIST_MAX = 200
_at = click.option("--at", "at", default="", metavar="TIME", help="When it was; now when left out.")


@click.group()
def outage() -> None:
    """Outage notices 停电公告: announced in time, key customers told, power back."""


@outage.command()
@click.option("--kind", type=click.Choice(KINDS), default=PLANNED, show_default=True, help="Planned, temporary …")
@click.option("--line", required=True, help="The line that is cut.")
@click.option("--area", required=True, help="The area without power.")
@click.option("--from", "starts", required=True, metavar="TIME", help="Local time it begins, 2026-12-05T08:00.")
@click.option("--to", "ends", required=True, metavar="TIME", help="Local time power is expected back.")
@click.option("--reason", required=True, help="Why power is cut.")
@click.option("--announced", default="", metavar="TIME", help="When the public was told; now when left out.")
@click.option("--customer", "customers", multiple=True, help="A key customer to be told (repeatable).")
@click.option("--confirmed", default="", help="Why it is announced too late (supervisors).")
@as_option
@looking
def add(
    settings: Settings, kind: str, line: str, area: str, starts: str, ends: str, reason: str, announced: str,
    customers: tuple[str, ...], confirmed: str, who: str,
) -> None:  # fmt: skip
    """Publish a notice; prints its id. A planned outage announced too late is refused unless a supervisor confirms it.

    \b
    Example: hotline outage add --line 10千伏城东线 --area "人民路 1—99 号" --from 2026-12-05T08:00
             --to 2026-12-05T17:00 --reason 更换变压器 --customer 市第一医院 --as wang.fang
    """
    moments = _moment(settings, starts), _moment(settings, ends)
    draft = NoticeDraft(line, area, kind, *moments, reason, _moment(settings, announced), customers, confirmed)
    days, outage_id = factories.profile(settings).outage_notice_days, uuid7()
    with _writing(settings, who, "add", confirmed) as (connection, by, done):
        row = outages.announce(connection, outage_id, draft, by, days, _zone(settings))
        assert row is not None, "an id of its own"
        done.append(row)
    click.echo(outage_id + ("  announced too late 提前不足" if row.short else ""))


@outage.command("list")
@click.option(
    "--state", type=click.Choice((*STATES, outage_notices.SHORT)), default=None, help="Only those; short: too late."
)
@click.option("-n", "limit", type=click.IntRange(1, LIST_MAX), default=20, show_default=True, help="How many.")
@json_option
@looking
def list_notices(settings: Settings, state: str | None, limit: int, as_json: bool) -> None:
    """List notices, the latest beginning first, and of whose key customers how many were told.

    \b
    Example: hotline outage list --state now
    """
    zone, now = _zone(settings), now_ms()
    with factories.looking(settings) as session:
        found = outage_notices.listed(session, OutageFilter(state or ""), now, limit=limit).rows
        rows = [_shown(session, row, now, zone, as_json) for row in found]
    print_rows(rows, as_json, "no such outage notices")


@outage.command()
@click.argument("notice")
@click.argument("customer")
@click.argument("how", type=click.Choice(HOWS))
@click.argument("result", type=click.Choice(RESULTS))
@_at
@as_option
@looking
def record(settings: Settings, notice: str, customer: str, how: str, result: str, at: str, who: str) -> None:
    """Record what came of notifying a key customer of NOTICE (its id), by the customer's name.

    \b
    Example: hotline outage record 0195… 市第一医院 phone told --as wang.fang
    """
    moment = _moment(settings, at)
    with _writing(settings, who, "tell", result) as (connection, by, done):
        named = outage_notices.customer_numbers(connection, notice)
        customer = without_numbers(customer)  # as its name was kept
        if named and customer not in named:
            raise click.UsageError(f"{customer} is not among its key customers: {', '.join(named)}")
        done.append(outages.tell(connection, notice, named.get(customer, 0), how, result, moment, by))
    click.echo(f"{customer}: {result}")


@outage.command()
@click.argument("notice")
@_at
@as_option
@looking
def restore(settings: Settings, notice: str, at: str, who: str) -> None:
    """Note that power is back 恢复供电.

    \b
    Example: hotline outage restore 0195… --at 2026-12-05T16:40 --as wang.fang
    """
    moment = _moment(settings, at)
    with _writing(settings, who, "restore") as (connection, by, done):
        done.append(outages.restore(connection, notice, moment, by))
    click.echo("power is back")


@outage.command()
@click.argument("notice")
@click.option("--reason", required=True, help="Why it is taken back.")
@as_option
@looking
def withdraw(settings: Settings, notice: str, reason: str, who: str) -> None:
    """Take a notice back; it stays in the list. Once the outage has begun only a supervisor may.

    \b
    Example: hotline outage withdraw 0195… --reason 改期 --as wang.fang
    """
    with _writing(settings, who, "withdraw", reason) as (connection, by, done):
        done.append(outages.withdraw(connection, notice, reason, by))
    click.echo("withdrawn")


@contextmanager
def _writing(
    settings: Settings, who: str, action: str, detail: str = ""
) -> Iterator[tuple[Connection, By, list[OutageRow]]]:
    """A transaction in the account's name, with its audit row.

    What is put into the list is the notice it was done to.
    """
    done: list[OutageRow] = []
    with acting(settings, who) as (session, role):
        by = By(who, role, now_ms())
        yield session.connection(), by, done
        target = outage_notices.named(done[0], _zone(settings))
        users.audit(session, at=by.at, user=who, action=f"outage.{action}", target=target, detail=detail[:200])


def _moment(settings: Settings, text: str) -> int | None:
    """UTC ms of a local time; None for nothing."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f'"{text}" is no time; write one like 2026-12-05T08:00') from None
    return round((at if at.tzinfo else at.replace(tzinfo=_zone(settings))).timestamp() * 1000)


def _zone(settings: Settings) -> ZoneInfo:
    return ZoneInfo(settings.unit.zone)


def _shown(session: Session, row: Outage, now: int, zone: ZoneInfo, whole: bool) -> Row:
    """A notice in words; ``whole``: with everything there is of it."""

    def local(ms: int | None) -> str | None:
        return None if ms is None else f"{datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone):%Y-%m-%dT%H:%M}"

    state = outage_notices.standing(row).state(now)
    shown: Row = {"id": row.id, "kind": row.kind, "state": state, "line": row.line, "area": row.area}
    shown |= {"from": local(row.starts), "to": local(row.ends), "announced": local(row.announced), "short": row.short}
    if not whole:
        return shown | {"told": f"{row.told}/{row.customers}"}
    shown |= {"reason": row.reason, "confirmed": row.confirmed, "restored": local(row.restored)}
    shown |= {"withdrawn": local(row.withdrawn), "withdrawn_why": row.withdrawn_why}
    customers = [
        {name: getattr(one, name) for name in ("name", "how", "result", "tries", "who")} | {"told": local(one.told)}
        for one in outage_notices.customers(session, row.id)
    ]
    return shown | {"customers": customers}
