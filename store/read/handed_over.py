"""Calls that were handed over more than once."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from store.sql import table

CALLS = table("calls")


@dataclass(frozen=True, slots=True)
class HandedCall:
    """``handed_over``: how often; ``seat``: who had the caller last."""

    id: str
    seat: str
    window: str
    handed_over: int


def handed_around(connection: Connection, since_ms: int) -> list[HandedCall]:
    """Return the calls since then, test calls left out, that were handed over twice or more."""
    c = CALLS.c
    query = select(c.id, c.seat, c.window, c.handed_over).where(
        c.arrived >= since_ms, c.handed_over > 1, c.test.is_(False)
    )
    return [HandedCall(*row) for row in connection.execute(query.order_by(c.arrived))]
