"""``hotline seat``: operators at their seats, by the rules of the panel: sign in, be ready, pause, sign out."""

from __future__ import annotations

import sys
import time

import click

from hotline.cli.acting import acting, as_option
from hotline.cli.common import FOUND, json_option, looking
from hotline.cli.rows import print_rows
from hotline.config.settings import Settings
from hotline.process import factories
from hotline.process.sweep import known_rules, now_ms
from ivr.desk.states import CHOSEN, REASONS, STATES, SeatRow, StateAct, elapsed
from services import operators as at_seats
from services import seat_acts, shifts
from services.operators import Doer
from services.seat_acts import ACTS, SeatWish
from store import operators
from store.ids import uuid7
from store.sql import Row

LOOK_S = 0.1
seat_argument = click.argument("seat")


@click.group()
def seat() -> None:
    """Operators at their seats: list them, sign in, be ready, pause, sign out."""


@seat.command("list")
@json_option
@looking
def list_seats(settings: Settings, as_json: bool) -> None:
    """List the seats: is the phone registered, who is there, what do they do and since when.

    \b
    Example: hotline seat list
    """
    house, now = known_rules(settings), now_ms()
    with factories.looking(settings) as session:
        shift = shifts.today(session.connection(), house, now)
        known = {row.id: elapsed(row, now) for row in operators.every(session.connection())}

    def moment(ms: int | None) -> str:
        return house.written(ms) if ms else ""

    every = [known.get(name, SeatRow(name)) for name in sorted({*settings.seats, *known})]
    rows = [
        {
            "seat": row.id, "phone": "registered" if row.reachable else "not registered", "operator": row.operator,
            "state": row.state, "since": moment(row.state_since), "reason": row.reason,
            "where_to": row.where_to, "until": moment(row.until), "call": row.call_id or "",
            "not_ready": shift.missing.get(row.id, ""), "late_min": -(-shift.late.get(row.id, 0) // 60_000) or "",
        }
        for row in every
    ]  # fmt: skip
    print_rows(rows, as_json, "there are no seats; add [seats.NAME] to hotline.toml")


@seat.command("sign-in")
@seat_argument
@click.option("--user", required=True, metavar="NAME", help="The account of who works here from now on.")
@click.option("--as", "who", metavar="NAME", help="The lead in whose name it is done; otherwise the operator's own.")
@looking
def sign_in(settings: Settings, seat: str, user: str, who: str | None) -> None:
    """Sign an operator in 签入 at a seat: one operator a seat, one seat an operator.

    \b
    Example: hotline seat sign-in 101 --user li.na
    """
    _do(settings, seat, StateAct("sign_in", now_ms(), operator=user), who or user)


@seat.command()
@seat_argument
@as_option
@looking
def ready(settings: Settings, seat: str, who: str) -> None:
    """Be ready 就绪 for calls again, after a pause or after-call work.

    \b
    Example: hotline seat ready 101 --as li.na
    """
    _do(settings, seat, StateAct("ready", now_ms()), who)


@seat.command()
@seat_argument
@click.option("--reason", required=True, type=click.Choice(CHOSEN), help="Why.")
@click.option("--where", default="", help="Where to 说明去向: without it the lead hears of a long pause.")
@as_option
@looking
def pause(settings: Settings, seat: str, reason: str, where: str, who: str) -> None:
    """Pause 暂停服务; during a call: after it.

    \b
    Example: hotline seat pause 101 --reason meal --as li.na
    """
    _do(settings, seat, StateAct("pause", now_ms(), reason=reason, where_to=where), who)


@seat.command("wrap-up")
@seat_argument
@as_option
@looking
def wrap_up(settings: Settings, seat: str, who: str) -> None:
    """Prolong the after-call work 整理.

    \b
    Example: hotline seat wrap-up 101 --as li.na
    """
    _do(settings, seat, StateAct("wrap_up", now_ms()), who)


@seat.command("act")
@seat_argument
@click.argument("act", type=click.Choice(tuple(ACTS)))
@click.argument("target", default="")
@as_option
@looking
def do_act(settings: Settings, seat: str, act: str, target: str, who: str) -> None:
    """Do something in the talk at a seat, as by a key code there: hold, consult 102, leave, blind window:repair …

    \b
    Example: hotline seat act 101 consult 102 --as li.na
    """
    wish = SeatWish(str(uuid7()), seat, act, target, now_ms())
    with acting(settings, who) as (session, role):
        seat_acts.ask(session, wish, Doer(who, role), list(settings.seats))
    row: Row | None = {"state": "queued"}
    while row is not None and row["state"] in ("queued", "taken"):
        time.sleep(LOOK_S)
        with factories.looking(settings) as session:
            row = seat_acts.outcome(session.connection(), wish.id, now_ms())
    if row is None or row["state"] == "refused":
        why = seat_acts.REASONS[row["reason"] if row else "not_running"]
        click.echo(f"Refused: {why.zh} {why.en}", err=True)
        sys.exit(FOUND)
    click.echo(f"{seat}: {act} {target}".rstrip())


@seat.command("sign-out")
@seat_argument
@as_option
@looking
def sign_out(settings: Settings, seat: str, who: str) -> None:
    """Sign out 签出; not while there is a call.

    \b
    Example: hotline seat sign-out 101 --as li.na
    """
    _do(settings, seat, StateAct("sign_out", now_ms()), who)


def _do(settings: Settings, seat: str, what: StateAct, who: str) -> None:
    with acting(settings, who) as (session, role):
        row = at_seats.do(session, seat, what, Doer(who, role), settings.operators.rules, list(settings.seats))
    state = STATES[row.state].en if row.state else "as its phone is"
    reason = f" ({REASONS[row.reason].en})" if row.reason in REASONS else ""
    click.echo(f"{row.id}: {state}{reason}{f', {row.operator}' if row.operator else ''}")
