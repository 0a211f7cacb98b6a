"""Callbacks by one click: what operators ask for, what became of it, and what of it is written down by itself.

    desk = Calling(casework, parties, limits)
    desk.ask(connection, Wish(...))           # panel: a queued command, or NotAllowed
    order = desk.take(connection, owner, now) # calls process: exactly one process gets each command
    desk.settle(connection, now)              # calls that ended: the attempt, as far as the network said it

Everything works inside the caller's transaction. ``desk_commands`` is the truth; the rules
(:mod:`ivr.outgoing.allow`) are asked twice, when it is asked for and again before it is dialled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from ivr.cases.actions import Refused
from ivr.cases.kinds import of
from ivr.cases.worklist import Attempt
from ivr.facts.callbacks import CallbackRefused
from ivr.facts.outgoing import OutgoingHeld, OutgoingStarted
from ivr.ledger import Fact
from ivr.outgoing.allow import DAY_MS, MINUTE_MS, Asked, Limits, may_place
from ivr.outgoing.numbers import NotAllowed
from services.casework import Casework
from store.journal import entries
from store.people.parties import Parties
from store.sql import Row, table

COMMANDS, CALLS, CALLBACKS, CASES = (table(n) for n in ("desk_commands", "outgoing_calls", "callbacks", "cases"))
CALL_BACK = "call_back"
EXPIRES_MS = 30_000  # a command nobody took: the operator has turned to something else
LIVE = ("queued", "taken")
# What the network says of the citizen and is an attempt without anybody's word. Everything else that reached the
# citizen is for the operator to say: a machine closes nobody's entry.
CERTAIN = {"busy": "busy", "no_answer": "no_answer", "unavailable": "no_answer", "network": "no_answer"}
TO_BE_NOTED = ("reached", "declined", "not_in_use")


class AlreadyAsked(Exception):
    """Somebody else asked for this number or this telephone in the same moment; the transaction is lost."""


@dataclass(frozen=True, slots=True)
class Wish:
    """An operator's click. ``id``: of the form, so that a form sent twice is one call."""

    id: str
    callback_id: str
    who: str
    role: str
    seat: str
    at: int


@dataclass(frozen=True, slots=True)
class Order:
    """A command that is ours to carry out. ``number``: the digits to dial."""

    id: str
    callback_id: str
    case_id: str | None
    party_id: str
    who: str
    seat: str
    number: str


class Calling:
    """Works inside the caller's transaction."""

    def __init__(self, casework: Casework, parties: Parties, limits: Limits) -> None:
        self.limits = limits
        self._casework, self._parties = casework, parties

    # --- the panel --------------------------------------------------------------------------

    def ask(self, connection: Connection, wish: Wish) -> Row:
        """Queue the call; the command's row (that of the first time, when it is asked again).

        Raises NotAllowed, AlreadyAsked.
        """
        known = self.command(connection, wish.id)
        if known is not None:
            return known
        self.expire(connection, wish.at)
        callback = self._callback(connection, wish.callback_id)
        number = self._number(connection, callback)
        hmac = self._parties.number_hmac(number) if number else ""
        self._check(connection, callback, number, hmac, wish)
        row = {
            "id": wish.id, "at": wish.at, "who": wish.who, "role": wish.role, "seat": wish.seat, "kind": CALL_BACK,
            "callback_id": wish.callback_id, "number_hmac": hmac, "state": "queued", "reason": "", "owner": "",
            "taken": None, "ended": None, "result": "", "noted": None, "live_number": hmac, "live_seat": wish.seat,
        }  # fmt: skip
        try:
            connection.execute(insert(COMMANDS), row)
        except IntegrityError as error:
            raise AlreadyAsked(wish.callback_id) from error
        return row

    def refused(self, connection: Connection, wish: Wish, why: NotAllowed) -> None:
        """Journal that somebody was not allowed to call (of the entry's case or call; no number)."""
        callback = self._callback(connection, wish.callback_id)
        self._journal_refusal(connection, callback, wish.who, wish.at, why.code)

    def why_not(self, connection: Connection, callback: Row, who: str, seat: str, at: int) -> NotAllowed | None:
        """Why this entry cannot be called by this operator now; None: it can."""
        number = self._number(connection, callback)
        hmac = self._parties.number_hmac(number) if number else ""
        try:
            self._check(connection, callback, number, hmac, Wish("", callback["id"], who, "", seat, at))
        except NotAllowed as why:
            return why
        return None

    def noted(self, connection: Connection, callback_id: str, at: int) -> None:
        """Somebody wrote down what came of the call."""
        waiting = update(COMMANDS).where(COMMANDS.c.callback_id == callback_id, COMMANDS.c.noted.is_(None))
        connection.execute(waiting.where(COMMANDS.c.state == "done").values(noted=at))

    def command(self, connection: Connection, command_id: str) -> Row | None:
        """The command's row."""
        return _first(connection, select(COMMANDS).where(COMMANDS.c.id == command_id))

    def call(self, connection: Connection, call_id: str) -> Row | None:
        """How far its call got."""
        return _first(connection, select(CALLS).where(CALLS.c.id == call_id))

    def waiting(self, connection: Connection, callback_ids: list[str]) -> dict[str, Row]:
        """By entry: the call that is up or whose result is still to be written down."""
        unsettled = COMMANDS.c.state.in_(LIVE) | ((COMMANDS.c.state == "done") & COMMANDS.c.noted.is_(None))
        query = select(COMMANDS).where(unsettled, COMMANDS.c.callback_id.in_(callback_ids)).order_by(COMMANDS.c.id)
        return {row["callback_id"]: dict(row) for row in connection.execute(query).mappings()}

    def expire(self, connection: Connection, now: int) -> int:
        """Commands nobody took in time are refused: the calls process does not run. How many."""
        old = update(COMMANDS).where(COMMANDS.c.state == "queued", COMMANDS.c.at <= now - EXPIRES_MS)
        return connection.execute(old.values(_ended("refused", now, reason="not_running"))).rowcount

    # --- the calls process ------------------------------------------------------------------

    def look(self, connection: Connection) -> bool:
        """Is there anything to do? A look that holds up nobody."""
        ended = CALLS.c.ended.is_not(None)
        taken = select(COMMANDS.c.id).join(CALLS, CALLS.c.id == COMMANDS.c.id).where(COMMANDS.c.state == "taken", ended)
        queued = select(COMMANDS.c.id).where(COMMANDS.c.state == "queued")
        return connection.scalar(queued.limit(1)) is not None or connection.scalar(taken.limit(1)) is not None

    def take(self, connection: Connection, owner: str, now: int) -> Order | None:
        """The oldest command that may be carried out, from now on ours alone; its call is journaled as begun."""
        self.expire(connection, now)
        while row := _first(
            connection, select(COMMANDS).where(COMMANDS.c.state == "queued").order_by(COMMANDS.c.id).limit(1)
        ):
            mine = update(COMMANDS).where(COMMANDS.c.id == row["id"], COMMANDS.c.state == "queued")
            if not connection.execute(mine.values(state="taken", owner=owner, taken=now)).rowcount:
                continue  # another process was quicker
            callback = self._callback(connection, row["callback_id"])
            number = self._number(connection, callback)
            wish = Wish(row["id"], row["callback_id"], row["who"], row["role"], row["seat"], now)
            try:
                digits = self._check(connection, callback, number, row["number_hmac"], wish)
            except NotAllowed as why:
                connection.execute(_of(row["id"]).values(_ended("refused", now, reason=why.code)))
                self._journal_refusal(connection, callback, row["who"], now, why.code)
                continue
            return self._begin(connection, callback, wish, owner, digits)
        return None

    def settle(self, connection: Connection, now: int) -> int:
        """Calls that ended: what is certain becomes an attempt; the rest waits for the operator's word. How many."""
        query = (
            select(COMMANDS, CALLS.c.result.label("came"), CALLS.c.ended.label("over"))
            .join(CALLS, CALLS.c.id == COMMANDS.c.id)
            .where(COMMANDS.c.state == "taken", CALLS.c.ended.is_not(None))
            .order_by(COMMANDS.c.id)
        )
        settled = 0
        for row in [dict(found) for found in connection.execute(query).mappings()]:
            noted = None if row["came"] in TO_BE_NOTED else now
            done = _of(row["id"]).where(COMMANDS.c.state == "taken")
            if not connection.execute(done.values(_ended("done", row["over"], row["came"], noted))).rowcount:
                continue
            settled += 1
            if row["came"] in CERTAIN:
                self._attempt(connection, row, CERTAIN[row["came"]])
        return settled

    def unfinished(self, connection: Connection, owner: str) -> list[Row]:
        """Calls of this owner that have no end: its process died in them. ``held``: the operator's phone held."""
        query = select(CALLS).where(CALLS.c.ended.is_(None), CALLS.c.owner == owner).order_by(CALLS.c.id)
        rows = [dict(row) for row in connection.execute(query).mappings()]
        return [row | {"held": _held(connection, row["id"])} for row in rows]

    # --- within -----------------------------------------------------------------------------

    def _begin(self, connection: Connection, callback: Row, wish: Wish, owner: str, digits: str) -> Order:
        party_id = str(callback["party_id"])
        started = OutgoingStarted(callback["id"], callback["case_id"], party_id, wish.who, wish.seat, owner)
        entries.append_facts(connection, [Fact(wish.at, started)], call_id=wish.id)
        return Order(wish.id, callback["id"], callback["case_id"], party_id, wish.who, wish.seat, digits)

    def _attempt(self, connection: Connection, command: Row, result: str) -> None:
        attempt = Attempt(command["who"], command["role"], command["over"], result, call=command["id"])
        try:
            self._casework.attempt(connection, command["callback_id"], attempt)
        except Refused:  # somebody closed the entry meanwhile (the citizen called in): the call's row tells it
            return

    def _check(self, connection: Connection, callback: Row, number: str, hmac: str, wish: Wish) -> str:
        urgent = False
        if callback["case_id"]:
            kind = connection.scalar(select(CASES.c.kind).where(CASES.c.id == callback["case_id"]))
            urgent = of(kind).urgent
        others = select(func.count()).where(COMMANDS.c.id != wish.id)
        placed = others.where(COMMANDS.c.state != "refused")
        live = others.where(COMMANDS.c.state.in_(LIVE))
        unnoted = others.where(COMMANDS.c.callback_id == callback["id"], COMMANDS.c.state == "done")

        def count(query: Any) -> int:
            return int(connection.scalar(query) or 0)

        minute, day = COMMANDS.c.at > wish.at - MINUTE_MS, COMMANDS.c.at > wish.at - DAY_MS
        asked = Asked(
            callback, number or None, wish.seat, wish.at, urgent,
            waiting=count(unnoted.where(COMMANDS.c.noted.is_(None))) > 0,
            number_live=bool(hmac) and count(live.where(COMMANDS.c.live_number == hmac)) > 0,
            seat_live=count(live.where(COMMANDS.c.live_seat == wish.seat)) > 0,
            last_minute=count(placed.where(minute)),
            last_minute_operator=count(placed.where(minute, COMMANDS.c.who == wish.who)),
            last_day_number=count(placed.where(day, COMMANDS.c.number_hmac == hmac)),
        )  # fmt: skip
        return may_place(asked, self._casework.rules, self.limits)

    def _callback(self, connection: Connection, callback_id: str) -> Row:
        row = _first(connection, select(CALLBACKS).where(CALLBACKS.c.id == callback_id))
        if row is None:
            raise NotAllowed("unknown", "没有这一条回电任务。", "there is no such entry")
        return row

    def _number(self, connection: Connection, callback: Row) -> str:
        """The number as it is stored; empty: withheld, never given, or erased."""
        party = self._parties.read(connection, callback["party_id"]) if callback["party_id"] else None
        return party.number if party else ""

    def _journal_refusal(self, connection: Connection, callback: Row, who: str, at: int, code: str) -> None:
        fact = Fact(at, CallbackRefused(callback["id"], who), code)
        call_id = None if callback["case_id"] else callback["call_id"]
        entries.append_facts(connection, [fact], call_id=call_id, case_id=callback["case_id"])


def _first(connection: Connection, query: Any) -> Row | None:
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def _of(command_id: str) -> Any:
    return update(COMMANDS).where(COMMANDS.c.id == command_id)


def _ended(state: str, at: int, result: str = "", noted: int | None = None, reason: str = "") -> dict[str, Any]:
    """What a command is when it is over; number and seat are free again."""
    over: dict[str, Any] = {"state": state, "ended": at, "result": result, "noted": noted, "reason": reason}
    return {**over, "live_number": None, "live_seat": None}


def _held(connection: Connection, call_id: str) -> bool:
    """Did the operator's phone hold, by the last that is journaled of it?"""
    rows = entries.read(connection, call_id=call_id)
    told = [said.held for row in rows if isinstance(said := row.content, OutgoingHeld)]
    return bool(told and told[-1])
