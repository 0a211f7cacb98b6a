"""Seats and what operators do at them, as they stand in ``seats``; each function works inside the caller's transaction.

What may become of a row is decided in ``ivr/desk/states.py``; whoever writes one held it before (:func:`held`), so that
no two change it from the same beginning.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, fields

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from ivr.desk.states import SeatRow
from store.schema import Seat
from store.sql import Row, rows_by, table, upsert

SEATS = table("seats")
FIELDS = tuple(one.name for one in fields(SeatRow))


def held(connection: Connection, seats: Collection[str]) -> dict[str, SeatRow]:
    """Return these seats' rows, which nobody else changes until we end; of one that has none, what it is at first."""
    known = rows_by(connection, "seats", "id", seats, lock=True)
    return {seat: _row(known[seat]) if seat in known else SeatRow(seat) for seat in sorted(seats)}


def every(connection: Connection) -> list[SeatRow]:
    """Return all rows, to be looked at."""
    return [_row(dict(row)) for row in connection.execute(select(SEATS).order_by(SEATS.c.id)).mappings()]


def seat_of(connection: Connection, operator: str) -> str:
    """Return the seat at which the operator is signed in, or nothing."""
    return connection.scalar(select(SEATS.c.id).where(SEATS.c.operator == operator)) or ""


def write(connection: Connection, rows: Sequence[SeatRow]) -> bool:
    """Write held rows. False: in the same moment an operator signed in elsewhere; the transaction is lost."""
    if rows:
        try:
            upsert(connection, "seats", [asdict(row) for row in rows])
        except IntegrityError:
            return False
    return True


def row_of(seat: Seat) -> SeatRow:
    """Return the row of an entity of the schema."""
    return SeatRow(**{name: getattr(seat, name) for name in FIELDS})


def _row(row: Row) -> SeatRow:
    return SeatRow(**{name: row[name] for name in FIELDS})
