"""Calls that operators ask for (``desk_commands``): exactly one process carries each out.

Each function works inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from ivr.projections.rows import OutgoingCallRow
from store import derived
from store.sql import Row, first, table

COMMANDS, CALLS = table("desk_commands"), table("outgoing_calls")
LIVE = ("queued", "taken")


@dataclass(frozen=True, slots=True)
class Counts:
    """What other commands there are that one more must be weighed against."""

    unnoted: int  # of the same entry, that ended and of which nobody wrote down what came
    number_live: int  # to the same number, not over
    seat_live: int  # from the same telephone, not over
    minute: int  # placed in the last minute
    minute_operator: int  # and by the same operator
    day_number: int  # placed to the same number in the last day


def add(connection: Connection, row: Row) -> bool:
    """Queue a command; False: in the same moment another was queued for its number or telephone.

    Then the transaction is lost.
    """
    try:
        connection.execute(insert(COMMANDS), row)
    except IntegrityError:
        return False
    return True


def command(connection: Connection, command_id: str) -> Row | None:
    """The command of that id."""
    return first(connection, select(COMMANDS).where(COMMANDS.c.id == command_id))


def call(connection: Connection, call_id: str) -> Row | None:
    """How far a command's call got."""
    return first(connection, select(CALLS).where(CALLS.c.id == call_id))


def unsettled(connection: Connection, callback_ids: Collection[str]) -> dict[str, Row]:
    """By entry: the command that is up or whose result is still to be written down."""
    open_ = COMMANDS.c.state.in_(LIVE) | ((COMMANDS.c.state == "done") & COMMANDS.c.noted.is_(None))
    query = select(COMMANDS).where(open_, COMMANDS.c.callback_id.in_(list(callback_ids))).order_by(COMMANDS.c.id)
    return {row["callback_id"]: dict(row) for row in connection.execute(query).mappings()}


def note(connection: Connection, callback_id: str, at: int) -> None:
    """Somebody wrote down what came of the entry's calls."""
    waiting = update(COMMANDS).where(COMMANDS.c.callback_id == callback_id, COMMANDS.c.noted.is_(None))
    connection.execute(waiting.where(COMMANDS.c.state == "done").values(noted=at))


def anything_to_do(connection: Connection) -> bool:
    """Is a command queued, or has the call of one that was taken ended? A look that holds up nobody."""
    ended = CALLS.c.ended.is_not(None)
    taken = select(COMMANDS.c.id).join(CALLS, CALLS.c.id == COMMANDS.c.id).where(COMMANDS.c.state == "taken", ended)
    queued = select(COMMANDS.c.id).where(COMMANDS.c.state == "queued")
    return connection.scalar(queued.limit(1)) is not None or connection.scalar(taken.limit(1)) is not None


def oldest(connection: Connection) -> Row | None:
    """The command that was queued first."""
    query = select(COMMANDS).where(COMMANDS.c.state == "queued").order_by(COMMANDS.c.id)
    return first(connection, query.limit(1))


def take(connection: Connection, command_id: str, owner: str, now: int) -> bool:
    """It is ours from now on; False: another process was quicker."""
    mine = update(COMMANDS).where(COMMANDS.c.id == command_id, COMMANDS.c.state == "queued")
    return bool(connection.execute(mine.values(state="taken", owner=owner, taken=now)).rowcount)


def refuse(connection: Connection, command_id: str, at: int, reason: str) -> None:
    """It is not carried out."""
    connection.execute(update(COMMANDS).where(COMMANDS.c.id == command_id).values(_over("refused", at, reason=reason)))


def expire(connection: Connection, before: int, now: int, reason: str) -> int:
    """Refuse what was queued before then and nobody took; how many."""
    old = update(COMMANDS).where(COMMANDS.c.state == "queued", COMMANDS.c.at <= before)
    return connection.execute(old.values(_over("refused", now, reason=reason))).rowcount


def ended(connection: Connection) -> list[Row]:
    """Commands that were taken and whose call is over: with ``came`` (its result) and ``over`` (when, UTC ms)."""
    query = (
        select(COMMANDS, CALLS.c.result.label("came"), CALLS.c.ended.label("over"))
        .join(CALLS, CALLS.c.id == COMMANDS.c.id)
        .where(COMMANDS.c.state == "taken", CALLS.c.ended.is_not(None))
        .order_by(COMMANDS.c.id)
    )
    return [dict(found) for found in connection.execute(query).mappings()]


def done(connection: Connection, command: Row, noted: int | None) -> bool:
    """One of :func:`ended` is done; False: another process was quicker."""
    mine = update(COMMANDS).where(COMMANDS.c.id == command["id"], COMMANDS.c.state == "taken")
    return bool(connection.execute(mine.values(_over("done", command["over"], command["came"], noted))).rowcount)


def calls_without_end(connection: Connection, owner: str) -> list[OutgoingCallRow]:
    """Calls of this process that have no end."""
    mine = derived.query(OutgoingCallRow).where(CALLS.c.ended.is_(None), CALLS.c.owner == owner)
    return derived.found(connection, OutgoingCallRow, mine.order_by(CALLS.c.id))


def counts(connection: Connection, command: Row, minute: int, day: int) -> Counts:
    """The others beside ``command`` (a row of which id, who, seat, number and entry count); the last minute and day
    begin at ``minute`` and ``day`` (UTC ms)."""
    others = select(func.count()).where(COMMANDS.c.id != command["id"])
    placed, live = others.where(COMMANDS.c.state != "refused"), others.where(COMMANDS.c.state.in_(LIVE))
    hmac = command["number_hmac"]

    def count(query: Select[Any]) -> int:
        return int(connection.scalar(query) or 0)

    lately = placed.where(COMMANDS.c.at > minute)
    unnoted = others.where(COMMANDS.c.callback_id == command["callback_id"], COMMANDS.c.state == "done")
    return Counts(
        unnoted=count(unnoted.where(COMMANDS.c.noted.is_(None))),
        number_live=count(live.where(COMMANDS.c.live_number == hmac)) if hmac else 0,
        seat_live=count(live.where(COMMANDS.c.live_seat == command["seat"])),
        minute=count(lately),
        minute_operator=count(lately.where(COMMANDS.c.who == command["who"])),
        day_number=count(placed.where(COMMANDS.c.at > day, COMMANDS.c.number_hmac == hmac)),
    )


def _over(state: str, at: int, result: str = "", noted: int | None = None, reason: str = "") -> Row:
    """What a command is when it is over; number and seat are free again."""
    said: Row = {"state": state, "ended": at, "result": result, "noted": noted, "reason": reason}
    return {**said, "live_number": None, "live_seat": None}
