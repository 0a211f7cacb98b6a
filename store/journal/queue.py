"""The queue in rows: places, and seats taken by compare-and-set (implements ``ivr/queue/port.py``).

Everything goes through the ledger, so that it is written in its order with the turns of calls. A place is served by
its owner while the lease lasts (:func:`renew`); a place to be called back, whose owner is gone, by whoever looks first.
While the database is away, what this process did itself is enough to go on (:class:`ivr.queue.local.LocalQueue`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache, partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    Table,
    bindparam,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)

from ivr.desk import states
from ivr.desk.states import OperatorRules, SeatRow
from ivr.queue.expected import LOOK_BACK_MS
from ivr.queue.local import LocalQueue
from ivr.queue.order import Place
from ivr.queue.port import SeatNow, Snapshot
from store import board, operators
from store.journal import entries
from store.sql import Row, insert_once, table

WAITING, LIVE, COMMANDS = table("waiting"), table("live_calls"), table("desk_commands")
CALLS, CALLBACKS, PARTIES = table("calls"), table("callbacks"), table("parties")
OUTGOING = table("outgoing_calls")
AT_WORK = (states.RINGING, states.TALKING, states.WRAPUP)  # will be ready again
ORPHANED_MS = 30_000  # a call takes its seat a moment before it is written
VAIN = 3  # seats that did not lift to call somebody back: then the list is for an operator
TALKS = 50  # of the last hour are enough to know how long one lasts

Ask = Callable[[Callable[[Connection], Any], Callable[[Any], None]], None]


class SqlQueue:
    """``ask``: a question to the ledger's connection, answered on the conductor's thread, also by an error."""

    def __init__(
        self, ask: Ask, owner: str, lease_ms: int, now_ms: Callable[[], int], rules: OperatorRules = board.USUAL
    ) -> None:
        self._ask, self._owner, self._lease_ms, self._now_ms, self._rules = ask, owner, lease_ms, now_ms, rules
        self._local = LocalQueue()

    def enter(self, place: Place, done: Callable[[bool | Exception], None]) -> None:
        self._local.enter(place, lambda entered: None)
        self._asked(partial(self._enter, place), True, done)

    def leave(self, call_id: str) -> None:
        self._local.leave(call_id)
        self._ask(lambda c: c.execute(_gone(), {"call": call_id}), _nobody_waits)

    def keep(self, call_id: str, callback_id: str, done: Callable[[bool | Exception], None]) -> None:
        self._local.leave(call_id)  # who is called back needs the database
        self._asked(partial(_keep, call_id, callback_id), True, done)

    def snapshot(self, done: Callable[[Snapshot | Exception], None]) -> None:
        self._asked(self._snapshot, self._local.now(), done)

    def talks(self, window: str, done: Callable[[tuple[int, ...] | Exception], None]) -> None:
        self._asked(partial(_talks, window, self._now_ms() - LOOK_BACK_MS), (), done)

    def take(self, seat: str, call_id: str, at: int, done: Callable[[bool | Exception], None]) -> None:
        alone = self._local.takes(seat, call_id)

        def taken(won: bool | Exception) -> None:
            if won is False:
                self._local.free(seat, call_id, at)
            done(won)

        self._asked(partial(self._take, seat, call_id, at), alone, taken)

    def free(self, seat: str, call_id: str, at: int, *, tried: bool = False, missed: bool = False) -> None:
        self._local.free(seat, call_id, at, tried=tried, missed=missed)
        self._ask(partial(self._free, seat, call_id, at, tried, missed), _nobody_waits)

    def _asked(self, question: Callable[[Connection], Any], alone: Any, done: Callable[[Any], None]) -> None:
        """Ask; ``alone`` is the answer of this process by itself while the database is away."""
        self._ask(question, lambda answer: done(alone if isinstance(answer, ConnectionError) else answer))

    # --- on the ledger's thread ---

    def _enter(self, place: Place, connection: Connection) -> bool:
        row = {
            "call_id": place.call_id, "window": place.window, "entered": place.entered, "bonus_ms": place.bonus_ms,
            "reason": place.reason, "callback_id": "", "seat": "", "offered": None, "tried": ",".join(place.tried),
            "owner": self._owner, "lease_until": self._now_ms() + self._lease_ms, "test": place.test,
        }  # fmt: skip
        if not insert_once(connection, "waiting", row, "call_id"):  # it has its place: we were started anew
            mine = update(WAITING).where(WAITING.c.call_id == place.call_id)
            connection.execute(mine.values(owner=self._owner, lease_until=row["lease_until"]))
        return True

    def _snapshot(self, connection: Connection) -> Snapshot:
        now = self._now_ms()
        self._adopt(connection, now)
        places = tuple(self._place(dict(row)) for row in connection.execute(_live(), self._mine(now)).mappings())
        busy = set(connection.scalars(_busy(), self._mine(now)))
        rows = [self._released(connection, row, busy, now) for row in operators.every(connection)]
        return Snapshot(places, tuple(self._seat(row, busy, now) for row in rows))

    def _released(self, connection: Connection, row: SeatRow, busy: Collection[str], now: int) -> SeatRow:
        """The row of a seat, without a call that is long over: its end came while the database was away."""
        if row.call_id is None or row.call_id in busy or now - row.since < ORPHANED_MS:
            return row
        held = operators.held(connection, {row.id})[row.id]
        if held.call_id != row.call_id:
            return held
        after = states.freed(held, now, self._rules)
        self._write(connection, held, after)
        return after

    def _seat(self, row: SeatRow, busy: Collection[str], now: int) -> SeatNow:
        ready = states.at_work(row, self._rules.sign_in, now)
        here = ready or (states.elapsed(row, now).state in AT_WORK and (bool(row.operator) or not self._rules.sign_in))
        return SeatNow(row.id, row.call_id if row.call_id and row.call_id in busy else "", ready, here)

    def _mine(self, now: int) -> dict[str, Any]:
        return {"now": now, "owner": self._owner}

    def _adopt(self, connection: Connection, now: int) -> None:
        """Places of people to call back, whose process is gone, become ours."""
        connection.execute(_adopted(), {"before": now, "by": self._owner, "until": now + self._lease_ms})

    def _place(self, row: Row) -> Place:
        tried = tuple(filter(None, row["tried"].split(",")))
        return Place(
            row["call_id"], row["window"], row["entered"], row["bonus_ms"], row["reason"], row["callback_id"],
            row["seat"], tried, row["owner"] == self._owner, row["test"],
        )  # fmt: skip

    def _take(self, seat: str, call_id: str, at: int, connection: Connection) -> bool:
        insert_once(connection, "seats", {"id": seat, "since": at}, "id")  # a row to hold, for who wants it at once
        row = operators.held(connection, {seat})[seat]
        if row.call_id not in (None, call_id) and row.call_id in connection.scalars(
            _busy(), self._mine(self._now_ms())
        ):
            return False
        self._write(connection, row, states.taken(row, call_id, at, self._owner))
        connection.execute(_offered(), {"rings": seat, "call": call_id, "at": at})
        return True

    def _free(self, seat: str, call_id: str, at: int, tried: bool, missed: bool, connection: Connection) -> None:
        row = operators.held(connection, {seat})[seat]
        if row.call_id == call_id:
            self._write(connection, row, states.freed(row, at, self._rules, missed=missed))
        connection.execute(_refused(tried), {"rang": seat, "call": call_id})

    def _write(self, connection: Connection, before: SeatRow, after: SeatRow) -> None:
        operators.write(connection, [after])
        entries.append_facts(connection, states.told(before, after))


def renew(connection: Connection, owner: str, until: int) -> None:
    """Keep the lease on this owner's places; one whose call is over (its end came while the database was away) goes."""
    over = WAITING.c.callback_id == "", WAITING.c.call_id.not_in(select(LIVE.c.call_id))
    connection.execute(delete(WAITING).where(WAITING.c.owner == owner, *over))
    connection.execute(update(WAITING).where(WAITING.c.owner == owner).values(lease_until=until))


def crowds(connection: Connection, alarm: int, now: int) -> list[tuple[str, int, int]]:
    """Return the windows at which more than ``alarm`` callers wait on the line: (window, how many, since: UTC ms)."""
    waiting = WAITING.c.callback_id == "", WAITING.c.lease_until >= now
    many = select(WAITING.c.window, func.count(), func.min(WAITING.c.entered)).where(*waiting)
    found = connection.execute(many.group_by(WAITING.c.window).having(func.count() > alarm))
    return [(window, count, since) for window, count, since in found]


def places(connection: Connection, now: int) -> list[Row]:
    """Return who waits, in turn, as rows of ``waiting``."""
    served = select(WAITING).where(or_(WAITING.c.lease_until >= now, WAITING.c.callback_id != ""))
    order = WAITING.c.entered - WAITING.c.bonus_ms, WAITING.c.call_id
    return [dict(row) for row in connection.execute(served.order_by(*order)).mappings()]


def prefer(connection: Connection, call_id: str, bonus_ms: int, reason: str) -> bool:
    """Serve a caller before others by so much waited time; False: the call does not wait (any more)."""
    mine = update(WAITING).where(WAITING.c.call_id == call_id)
    return connection.execute(mine.values(bonus_ms=bonus_ms, reason=reason)).rowcount == 1


def ring(connection: Connection, call_id: str, seat: str, at: int) -> bool:
    """A seat is rung to call somebody back in this place; False: another process was quicker."""
    mine = update(WAITING).where(WAITING.c.call_id == call_id, WAITING.c.seat == "")
    return connection.execute(mine.values(seat=seat, offered=at)).rowcount == 1


def called_back(connection: Connection) -> bool:
    """Is anybody being called back in their place? A look before :func:`settle`."""
    return connection.scalar(select(WAITING.c.call_id).where(*_RINGS).limit(1)) is not None


def settle(connection: Connection) -> None:
    """Places of those who are being called back: gone when the citizen was rung, kept when the seat did not lift."""
    for row in connection.execute(select(WAITING).where(*_RINGS)).mappings().all():
        newest = COMMANDS.c.callback_id == row["callback_id"]
        query = select(COMMANDS.c.state, COMMANDS.c.result).where(newest).order_by(COMMANDS.c.at.desc()).limit(1)
        state, result = connection.execute(query).one_or_none() or ("refused", "")
        if state in ("queued", "taken"):
            continue
        caused = select(OUTGOING.c.cause).where(OUTGOING.c.callback_id == row["callback_id"])
        busy = connection.scalar(caused.order_by(OUTGOING.c.started.desc()).limit(1)) == "busy"  # just hanging up
        tried = row["tried"] if busy else ",".join(filter(None, (row["tried"], row["seat"])))
        if (state == "refused" or result == "seat_failed") and tried.count(",") < VAIN - 1:
            again = update(WAITING).where(WAITING.c.call_id == row["call_id"])
            connection.execute(again.values(seat="", offered=None, tried=tried))
        else:
            drop(connection, row["call_id"])


def drop(connection: Connection, call_id: str) -> bool:
    """Give up the place of somebody who is called back now; False: another process was quicker."""
    return connection.execute(_gone(), {"call": call_id}).rowcount == 1


_RINGS = WAITING.c.callback_id != "", WAITING.c.seat != ""


def _nobody_waits(answer: Any) -> None:
    """What was written needs no answer; while the database is away this process goes by what it knows itself."""


def _keep(call_id: str, callback_id: str, connection: Connection) -> bool:
    mine = {"call": call_id, "callback": callback_id}
    if connection.scalar(_same_number(), mine):  # one place for a number: the one it has is before this one
        connection.execute(_gone(), {"call": call_id})
        return True
    return connection.execute(_kept(), mine).rowcount == 1


def _talks(window: str, since: int, connection: Connection) -> tuple[int, ...]:
    return tuple(connection.scalars(_lengths(), {"window": window, "since": since}))


# --- statements, built once ---


def _served(rows: Table) -> ColumnElement[bool]:
    """Rows whose process lives: ours, and those of others while their lease lasts."""
    return or_(rows.c.owner == bindparam("owner"), rows.c.lease_until >= bindparam("now"))


@cache
def _live() -> Executable:
    return select(WAITING).where(_served(WAITING))


@cache
def _busy() -> Executable:
    """Calls that have an end of their own: those that are up, and those that are being placed."""
    up = select(LIVE.c.call_id).where(_served(LIVE))
    return up.union_all(select(COMMANDS.c.id).where(COMMANDS.c.state == "taken"))


@cache
def _offered() -> Executable:
    mine = update(WAITING).where(WAITING.c.call_id == bindparam("call"))
    return mine.values(seat=bindparam("rings"), offered=bindparam("at"))


@cache
def _refused(tried: bool) -> Executable:
    mine = update(WAITING).where(WAITING.c.call_id == bindparam("call"), WAITING.c.seat == bindparam("rang"))
    known = WAITING.c.tried + literal(",") + bindparam("rang")
    return mine.values(seat="", offered=None, **({"tried": known} if tried else {}))


@cache
def _gone() -> Executable:
    return delete(WAITING).where(WAITING.c.call_id == bindparam("call"))


@cache
def _kept() -> Executable:
    mine = update(WAITING).where(WAITING.c.call_id == bindparam("call"), WAITING.c.callback_id == "")
    return mine.values(callback_id=bindparam("callback"), seat="", offered=None)


@cache
def _adopted() -> Executable:
    lost = update(WAITING).where(WAITING.c.callback_id != "", WAITING.c.lease_until < bindparam("before"))
    return lost.values(owner=bindparam("by"), lease_until=bindparam("until"))


@cache
def _same_number() -> Executable:
    """The place of another caller with the number that is to be called back by ``callback``."""
    wanted = (
        select(PARTIES.c.number_hmac)
        .join(CALLBACKS, CALLBACKS.c.party_id == PARTIES.c.id)
        .where(CALLBACKS.c.id == bindparam("callback"))
    )
    return (
        select(WAITING.c.call_id)
        .join(CALLBACKS, CALLBACKS.c.id == WAITING.c.callback_id)
        .join(PARTIES, PARTIES.c.id == CALLBACKS.c.party_id)
        .where(PARTIES.c.number_hmac.in_(wanted), WAITING.c.call_id != bindparam("call"))
        .limit(1)
    )


@cache
def _lengths() -> Executable:
    talked = func.coalesce(CALLS.c.agent_left, CALLS.c.ended) - CALLS.c.agent_answered
    ended = CALLS.c.window == bindparam("window"), CALLS.c.arrived >= bindparam("since"), CALLS.c.ended.is_not(None)
    return (
        select(talked).where(*ended, CALLS.c.agent_answered.is_not(None)).order_by(CALLS.c.arrived.desc()).limit(TALKS)
    )
