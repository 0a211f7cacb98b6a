"""Seats and processes for the live board. Best effort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from store.sql import Row, rows_by, upsert

NOBODY: Row = {"owner": "", "operator": "", "state": "", "state_since": 0, "reason": "", "where_to": "", "until": None}


@dataclass(frozen=True, slots=True)
class SeatChange:
    """What became of a seat at ``at`` (UTC ms). ``reachable`` None, ``call_id`` "": as it was."""

    seat: str
    at: int
    reachable: bool | None = None
    call_id: str | None = ""


def seats_changed(connection: Connection, changes: Sequence[SeatChange]) -> None:
    """Note what became of seats, in order; only how they end up is written."""
    if not changes:
        return
    known = rows_by(connection, "seats", "id", {change.seat for change in changes})
    new: dict[str, Row] = {}
    for change in changes:
        was = known.get(change.seat)
        now = dict(was or {"id": change.seat, "reachable": False, "call_id": None, "since": change.at, **NOBODY})
        if change.reachable is not None:
            now["reachable"] = change.reachable
        if change.call_id != "":
            now["call_id"] = change.call_id
        if now != was:
            known[change.seat] = new[change.seat] = now | {"since": change.at}
    if new:
        upsert(connection, "seats", list(new.values()))


FORWARDED, FORWARDED_MS = "forwarded", 86_400_000  # a kind of process that is none; how long it is shown


def forwarded(connection: Connection, now: int) -> None:
    """Note that requests come through a proxy the panel was not told of."""
    heartbeat(connection, "panel", FORWARDED, now, now, "{}")


def heartbeat(connection: Connection, owner: str, kind: str, started: int, now: int, detail: str) -> None:
    """Note that a process of this hotline lives; ``detail`` is JSON."""
    row = {"owner": f"{owner}/{kind}"[:80], "kind": kind, "started": started, "beat": now, "detail": detail}
    upsert(connection, "processes", [row])
