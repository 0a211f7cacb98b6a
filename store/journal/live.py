"""Calls that are up now: who owns them, until when, and where they stand (the state is encrypted).

A process that dies leaves its rows behind; :func:`interrupted` finds them, so that each call is closed with
its cause, or taken over by an engine that kept it up.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, func, or_, select, update

from ivr.desk.states import OperatorRules
from ivr.facts.calls import CallEnded
from ivr.ledger import Fact, Interrupted, Live
from store import aside, board
from store.journal import entries, queue
from store.keys import Keys
from store.sql import delete_by, table, upsert

LOG = logging.getLogger(__name__)
LIVE, SEATS, LEGS = table("live_calls"), table("seats"), table("legs")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A call that was live and whose state cannot be read: why, and the state as it was found."""

    call_id: str
    reason: str
    state: bytes
    seats: tuple[str, ...]
    last: int


class LiveCalls:
    """The live rows of one owner (node)."""

    def __init__(self, keys: Keys, owner: str, lease_ms: int) -> None:
        self._keys = keys
        self._owner = owner
        self._lease_ms = lease_ms

    def save(self, connection: Connection, calls: Mapping[str, Live | None], now: int) -> None:
        """Write where each call stands; None: it is over."""
        rows = [self._row(call_id, live, now) for call_id, live in calls.items() if live is not None]
        if rows:
            upsert(connection, "live_calls", rows)
        delete_by(connection, "live_calls", "call_id", [call_id for call_id, live in calls.items() if live is None])

    def renew(self, connection: Connection, now: int) -> None:
        """Keep the lease on every call of this owner, and on its places in the queue."""
        until = now + self._lease_ms
        connection.execute(update(LIVE).where(LIVE.c.owner == self._owner).values(lease_until=until))
        queue.renew(connection, self._owner, until)

    def interrupted(
        self, connection: Connection, now: int, known: Collection[str], readable: Callable[[str], object]
    ) -> tuple[list[Interrupted], list[Unreadable]]:
        """Calls nobody serves: ours but unknown (we were restarted), and those whose lease ran out.

        ``readable`` raises for a state this program cannot go on with (a newer version's). Those come apart.
        """
        lost = or_(LIVE.c.owner == self._owner, LIVE.c.lease_until < now)
        query = select(LIVE).where(lost).order_by(LIVE.c.arrived, LIVE.c.call_id)
        found: list[Interrupted] = []
        broken: list[Unreadable] = []
        for row in connection.execute(query).mappings().all():
            if row["call_id"] in known:
                continue
            seats, last = _seats(connection, row["call_id"]), self._last(connection, row)
            try:
                live = self._live(row)
                readable(live.state)
            except Exception as error:  # whatever is wrong with it: the others go on
                why = f"{type(error).__name__}: {error}"
                broken.append(Unreadable(row["call_id"], why, bytes(row["state"]), seats, last))
            else:
                found.append(Interrupted(row["call_id"], live, seats, last))
        return found, broken

    def set_aside(self, connection: Connection, broken: Unreadable, now: int) -> None:
        """Close a call whose state cannot be read, and keep the state with the reason."""
        LOG.error("call %s cannot go on, it is set aside: %s", broken.call_id, broken.reason)
        aside.put(connection, "live_call", broken.call_id, broken.reason, now, broken.state)
        over = Fact(broken.last, CallEnded("failure", "unreadable"))
        entries.append_facts(connection, [over], call_id=broken.call_id)
        seats_changed(connection, [board.SeatChange(seat, now, call_id=None) for seat in broken.seats])
        delete_by(connection, "live_calls", "call_id", [broken.call_id])

    def _last(self, connection: Connection, row: RowMapping) -> int:
        """The last moment a call is known to have been up."""
        written = select(func.max(entries.JOURNAL.c.at)).where(entries.JOURNAL.c.call_id == row["call_id"])
        return max(connection.scalar(written) or int(row["arrived"]), int(row["lease_until"]) - self._lease_ms)

    def _row(self, call_id: str, live: Live, now: int) -> dict[str, Any]:
        return {
            "call_id": call_id,
            "owner": self._owner,
            "lease_until": now + self._lease_ms,
            "ref": live.ref,
            "flow": live.flow,
            "step": live.step,
            "step_since": live.step_since,
            "arrived": live.arrived,
            "window": live.window,
            "seat": live.seat,
            "waiting_since": live.waiting_since,
            "test": live.test,
            "state": self._keys.encrypt(live.state.encode(), place(call_id)),
        }

    def _live(self, row: RowMapping) -> Live:
        fields = ("ref", "flow", "step", "step_since", "arrived", "window", "seat", "waiting_since", "test")
        return Live(
            self._keys.decrypt(row["state"], place(row["call_id"])).decode(),
            **{name: row[name] for name in fields},
        )


def seats_changed(
    connection: Connection, changes: Sequence[board.SeatChange], rules: OperatorRules = board.USUAL
) -> None:
    """Note what became of seats, in order, with the facts of their states."""
    entries.append_facts(connection, board.seats_changed(connection, changes, rules))


def place(call_id: str) -> bytes:
    """Where the seal of a call's state belongs."""
    return b"live:" + call_id.encode()


def _seats(connection: Connection, call_id: str) -> tuple[str, ...]:
    """The seats that rang for the call or were in it."""
    open_legs = select(LEGS.c.seat).where(LEGS.c.call_id == call_id, LEGS.c.ended.is_(None))
    shown = select(SEATS.c.id).where(SEATS.c.call_id == call_id)
    return tuple(sorted({*connection.scalars(open_legs), *connection.scalars(shown)}))
