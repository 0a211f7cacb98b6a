"""Callbacks by one click: queue an operator's request, carry it out, record the attempt when the call has ended.

    desk = Calling(casework, parties, limits)
    desk.ask(connection, Wish(...))           # panel: a queued command, or NotAllowed
    order = desk.take(connection, owner, now) # calls process: exactly one process gets each command
    desk.settle(connection, now)              # calls that ended: the attempt, as far as the network said it

Everything works inside the caller's transaction. ``desk_commands`` is the truth; the rules
(:mod:`ivr.outgoing.allow`) are asked twice, when it is asked for and again before it is dialled.
"""

from __future__ import annotations

from dataclasses import dataclass

from ivr.cases.actions import ActionRefused
from ivr.cases.case import CallbackRow
from ivr.cases.kinds import of
from ivr.cases.worklist import Attempt
from ivr.facts.callbacks import CallbackRefused
from ivr.facts.outgoing import OutgoingHeld, OutgoingStarted
from ivr.ledger import Fact
from ivr.outgoing.allow import DAY_MS, MINUTE_MS, Asked, OutgoingLimits, may_place
from ivr.outgoing.numbers import NotAllowed
from ivr.outgoing.takeover import LeftCall
from services.casework import Casework
from services.errors import ServiceError
from store import cases, desk_commands
from store.engine import Connection
from store.journal import entries
from store.people.parties import Parties
from store.sql import Row

CALL_BACK = "call_back"
EXPIRES_MS = 30_000  # a command nobody took: the operator has turned to something else
# What the network says of the citizen and is an attempt without anybody's word. Everything else that reached the
# citizen is for the operator to say: a machine closes nobody's entry.
CERTAIN = {"busy": "busy", "no_answer": "no_answer", "unavailable": "no_answer", "network": "no_answer"}
TO_BE_NOTED = ("reached", "declined", "not_in_use")


class AlreadyAsked(ServiceError):
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
class CallbackJob:
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

    def __init__(self, casework: Casework, parties: Parties, limits: OutgoingLimits) -> None:
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
        if not desk_commands.add(connection, row):
            raise AlreadyAsked(wish.callback_id)
        return row

    def refused(self, connection: Connection, wish: Wish, why: NotAllowed) -> None:
        """Journal that somebody was not allowed to call (of the entry's case or call; no number)."""
        callback = self._callback(connection, wish.callback_id)
        self._journal_refusal(connection, callback, wish.who, wish.at, why.code)

    def why_not(self, connection: Connection, callback: CallbackRow, who: str, seat: str, at: int) -> NotAllowed | None:
        """Why this entry cannot be called by this operator now; None: it can."""
        number = self._number(connection, callback)
        hmac = self._parties.number_hmac(number) if number else ""
        try:
            self._check(connection, callback, number, hmac, Wish("", callback.id, who, "", seat, at))
        except NotAllowed as why:
            return why
        return None

    def noted(self, connection: Connection, callback_id: str, at: int) -> None:
        """Somebody wrote down what came of the call."""
        desk_commands.note(connection, callback_id, at)

    def command(self, connection: Connection, command_id: str) -> Row | None:
        """The command's row."""
        return desk_commands.command(connection, command_id)

    def call(self, connection: Connection, call_id: str) -> Row | None:
        """How far its call got."""
        return desk_commands.call(connection, call_id)

    def waiting(self, connection: Connection, callback_ids: list[str]) -> dict[str, Row]:
        """By entry: the call that is up or whose result is still to be written down."""
        return desk_commands.unsettled(connection, callback_ids)

    def expire(self, connection: Connection, now: int) -> int:
        """Commands nobody took in time are refused: the calls process does not run. How many."""
        return desk_commands.expire(connection, now - EXPIRES_MS, now, "not_running")

    # --- the calls process ------------------------------------------------------------------

    def look(self, connection: Connection) -> bool:
        """Is there anything to do? A look that holds up nobody."""
        return desk_commands.anything_to_do(connection)

    def take(self, connection: Connection, owner: str, now: int) -> CallbackJob | None:
        """The oldest command that may be carried out, from now on ours alone; its call is journaled as begun."""
        self.expire(connection, now)
        while row := desk_commands.oldest(connection):
            if not desk_commands.take(connection, row["id"], owner, now):
                continue  # another process was quicker
            callback = self._callback(connection, row["callback_id"])
            number = self._number(connection, callback)
            wish = Wish(row["id"], row["callback_id"], row["who"], row["role"], row["seat"], now)
            try:
                digits = self._check(connection, callback, number, row["number_hmac"], wish)
            except NotAllowed as why:
                desk_commands.refuse(connection, row["id"], now, why.code)
                self._journal_refusal(connection, callback, row["who"], now, why.code)
                continue
            return self._begin(connection, callback, wish, owner, digits)
        return None

    def settle(self, connection: Connection, now: int) -> int:
        """Calls that ended: what is certain becomes an attempt; the rest waits for the operator's word. How many."""
        settled = 0
        for row in desk_commands.ended(connection):
            if not desk_commands.done(connection, row, None if row["came"] in TO_BE_NOTED else now):
                continue
            settled += 1
            if row["came"] in CERTAIN:
                self._attempt(connection, row, CERTAIN[row["came"]])
        return settled

    def unfinished(self, connection: Connection, owner: str) -> list[LeftCall]:
        """Calls of this owner that have no end: its process died in them."""
        calls = desk_commands.calls_without_end(connection, owner)
        return [LeftCall(call, _held(connection, call.id)) for call in calls]

    # --- within -----------------------------------------------------------------------------

    def _begin(self, connection: Connection, callback: CallbackRow, wish: Wish, owner: str, digits: str) -> CallbackJob:
        party_id = str(callback.party_id)
        started = OutgoingStarted(callback.id, callback.case_id, party_id, wish.who, wish.seat, owner)
        entries.append_facts(connection, [Fact(wish.at, started)], call_id=wish.id)
        return CallbackJob(wish.id, callback.id, callback.case_id, party_id, wish.who, wish.seat, digits)

    def _attempt(self, connection: Connection, command: Row, result: str) -> None:
        attempt = Attempt(command["who"], command["role"], command["over"], result, call=command["id"])
        try:
            self._casework.attempt(connection, command["callback_id"], attempt)
        except ActionRefused:  # somebody closed the entry meanwhile (the citizen called in): the call's row tells it
            return

    def _check(self, connection: Connection, callback: CallbackRow, number: str, hmac: str, wish: Wish) -> str:
        urgent = callback.case_id is not None and of(cases.kind_of(connection, callback.case_id)).urgent
        mine = {"id": wish.id, "who": wish.who, "seat": wish.seat, "number_hmac": hmac, "callback_id": callback.id}
        others = desk_commands.counts(connection, mine, wish.at - MINUTE_MS, wish.at - DAY_MS)
        asked = Asked(
            callback, number or None, wish.seat, wish.at, urgent,
            waiting=others.unnoted > 0, number_live=others.number_live > 0, seat_live=others.seat_live > 0,
            last_minute=others.minute, last_minute_operator=others.minute_operator, last_day_number=others.day_number,
        )  # fmt: skip
        return may_place(asked, self._casework.rules, self.limits)

    def _callback(self, connection: Connection, callback_id: str) -> CallbackRow:
        found = cases.callback(connection, callback_id, hold=False)
        if found is None:
            raise NotAllowed("unknown", "没有这一条回电任务。", "there is no such entry")
        return found

    def _number(self, connection: Connection, callback: CallbackRow) -> str:
        """The number as it is stored; empty: withheld, never given, or erased."""
        party = self._parties.read(connection, callback.party_id) if callback.party_id else None
        return party.number if party else ""

    def _journal_refusal(self, connection: Connection, callback: CallbackRow, who: str, at: int, code: str) -> None:
        fact = Fact(at, CallbackRefused(callback.id, who), code)
        call_id = None if callback.case_id else callback.call_id
        entries.append_facts(connection, [fact], call_id=call_id, case_id=callback.case_id)


def _held(connection: Connection, call_id: str) -> bool:
    """Did the operator's phone hold, by the last that is journaled of it?"""
    rows = entries.read(connection, call_id=call_id)
    told = [said.held for row in rows if isinstance(said := row.content, OutgoingHeld)]
    return bool(told and told[-1])
