"""Seats and processes for the live board. Best effort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from ivr.desk import states
from ivr.desk.states import OperatorRules, SeatRow
from ivr.ledger import Fact
from store import operators
from store.sql import upsert

USUAL = OperatorRules()
IN_CALL = (states.RINGING, states.TALKING)


@dataclass(frozen=True, slots=True)
class SeatChange:
    """What became of a seat at ``at`` (UTC ms). ``reachable`` None, ``call_id`` "": as it was; ``answered``: somebody
    lifted; ``missed``: nobody did in time.
    """

    seat: str
    at: int
    reachable: bool | None = None
    call_id: str | None = ""
    answered: bool = False
    missed: bool = False


def seats_changed(connection: Connection, changes: Sequence[SeatChange], rules: OperatorRules = USUAL) -> list[Fact]:
    """Note what became of seats, in order, and what that makes of their states; the facts that are to be journaled.

    Only how they end up is written.
    """
    if not changes:
        return []
    before = operators.held(connection, {change.seat for change in changes})
    rows, facts = dict(before), list[Fact]()
    for change in changes:
        was = rows[change.seat]
        rows[change.seat] = now = _changed(was, change, rules)
        facts += states.told(was, now)
    operators.write(connection, [row for seat, row in rows.items() if row != before[seat]])
    return facts


def _changed(row: SeatRow, change: SeatChange, rules: OperatorRules) -> SeatRow:
    if change.reachable is not None:
        row = states.reached(row, change.reachable, change.at, rules)
    if change.call_id is None:
        if row.in_call or change.missed or row.state in IN_CALL:
            row = states.freed(row, change.at, rules, missed=change.missed)
    elif change.call_id and (change.call_id != row.call_id or (row.operator and row.state not in IN_CALL)):
        row = states.taken(row, change.call_id, change.at)
    return states.answered(row, change.at) if change.answered else row


FORWARDED, FORWARDED_MS = "forwarded", 86_400_000  # a kind of process that is none; how long it is shown


def forwarded(connection: Connection, now: int) -> None:
    """Note that requests come through a proxy the panel was not told of."""
    heartbeat(connection, "panel", FORWARDED, now, now, "{}")


def heartbeat(connection: Connection, owner: str, kind: str, started: int, now: int, detail: str) -> None:
    """Note that a process of this hotline lives; ``detail`` is JSON."""
    row = {"owner": f"{owner}/{kind}"[:80], "kind": kind, "started": started, "beat": now, "detail": detail}
    upsert(connection, "processes", [row])
