"""What the live board shows besides the calls: seats and processes. Best effort."""

from __future__ import annotations

from sqlalchemy import Connection, select

from ivr.store.sql import table, upsert

SEATS = table("seats")


def seat_changed(
    connection: Connection, seat: str, at: int, *, reachable: bool | None = None, call_id: str | None = ""
) -> None:
    """Note what became of a seat at ``at`` (UTC ms). ``reachable`` None, ``call_id`` "": as it was."""
    old = connection.execute(select(SEATS).where(SEATS.c.id == seat)).mappings().first()
    was = dict(old) if old is not None else {"id": seat, "reachable": False, "call_id": None, "since": at}
    new = dict(was)
    if reachable is not None:
        new["reachable"] = reachable
    if call_id != "":
        new["call_id"] = call_id
    if new != was:
        new["since"] = at
    if old is None or new != was:
        upsert(connection, "seats", [new])


def heartbeat(connection: Connection, owner: str, kind: str, started: int, now: int, detail: str) -> None:
    """Note that a process of this hotline lives; ``detail`` is JSON."""
    row = {"owner": f"{owner}/{kind}"[:80], "kind": kind, "started": started, "beat": now, "detail": detail}
    upsert(connection, "processes", [row])
