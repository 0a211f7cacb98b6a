"""Which urgent repairs the duty phones are to be rung for, and which process does it (exactly one, by a mark).

A case that nobody has, told by telephone within the last hour; its mark is taken over when the process that set it has
been silent for :data:`STALE_MS`. What came of it stays in the mark and is told to the leads.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select, update

from ivr.cases.actions import Notice
from ivr.cases.kinds import ids
from store import notices
from store.sql import Row, table

CASES, MARKS = table("cases"), table("marks")
WITHIN_MS = 3_600_000
STALE_MS = 180_000  # longer than one phone rings and is told
RINGING, DONE = "ringing", "done"


def waiting(connection: Connection, now: int) -> list[Row]:
    """Cases the phones are to be rung for now."""
    nobodys = (CASES.c.status.in_(("received", "classified")), CASES.c.owner == "", CASES.c.channel == "phone")
    query = select(CASES).where(
        CASES.c.kind.in_(ids(lambda kind: kind.urgent)), CASES.c.received > now - WITHIN_MS, *nobodys
    )
    found = [dict(row) for row in connection.execute(query.order_by(CASES.c.received)).mappings()]
    marks = {row.name: row for row in connection.execute(select(MARKS).where(MARKS.c.name.in_(map(_mark, found))))}
    return [row for row in found if _is_free(marks.get(_mark(row)), now)]


def take(connection: Connection, case: Row, now: int) -> bool:
    """Make the ringing for this case ours; False: another process has it."""
    name = _mark(case)
    if notices.insert_once(connection, "marks", {"name": name, "value": RINGING, "at": now}, "name"):
        return True
    old = update(MARKS).where(MARKS.c.name == name, MARKS.c.value == RINGING, MARKS.c.at < now - STALE_MS)
    return connection.execute(old.values(at=now)).rowcount == 1


def still(connection: Connection, case: Row, now: int) -> None:
    """We go on ringing for it."""
    connection.execute(update(MARKS).where(MARKS.c.name == _mark(case)).values(at=now))


def done(connection: Connection, case: Row, taken: bool, place: int, now: int) -> None:
    """Somebody took it, or nobody did: the leads are told."""
    connection.execute(update(MARKS).where(MARKS.c.name == _mark(case)).values(value=DONE, at=now))
    kind = "duty_taken" if taken else "duty_nobody"
    more: Row = {"place": place + 1} if taken else {}
    notices.tell(connection, Notice(kind, ("role:lead",)), case, now, f"{case['id']}:{kind}", **more)


def _mark(case: Row) -> str:
    return f"d:{case['id']}"


def _is_free(mark: Any, now: int) -> bool:
    return mark is None or (mark.value == RINGING and mark.at < now - STALE_MS)
