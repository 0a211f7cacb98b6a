"""Which urgent repairs the duty phones are to be rung for, and which process does it (exactly one, by a mark).

A case that nobody has, told by telephone within the last hour; its mark is taken over when the process that set it has
been silent for :data:`STALE_MS`. What came of it stays in the mark and is told to the leads.
"""

from __future__ import annotations

from ivr.cases.actions import Notice
from ivr.cases.case import CaseRow
from store import cases, marks, notices
from store.engine import Connection
from store.marks import Mark
from store.sql import Row

WITHIN_MS = 3_600_000
STALE_MS = 180_000  # longer than one phone rings and is told
RINGING, DONE = "ringing", "done"


def waiting(connection: Connection, now: int) -> list[CaseRow]:
    """Cases the phones are to be rung for now."""
    found = cases.urgent_of_nobody(connection, now - WITHIN_MS)
    known = marks.found(connection, map(_mark, found))
    return [row for row in found if _is_free(known.get(_mark(row)), now)]


def take(connection: Connection, case: CaseRow, now: int) -> bool:
    """Make the ringing for this case ours; False: another process has it."""
    return marks.take(connection, _mark(case), RINGING, now, now - STALE_MS)


def still(connection: Connection, case: CaseRow, now: int) -> None:
    """We go on ringing for it."""
    marks.touch(connection, _mark(case), now)


def done(connection: Connection, case: CaseRow, taken: bool, place: int, now: int) -> None:
    """Somebody took it, or nobody did: the leads are told."""
    marks.put(connection, _mark(case), DONE, now)
    kind = "duty_taken" if taken else "duty_nobody"
    more: Row = {"place": place + 1} if taken else {}
    notices.tell(connection, Notice(kind, ("role:lead",)), case, now, f"{case.id}:{kind}", **more)


def _mark(case: CaseRow) -> str:
    return f"d:{case.id}"


def _is_free(mark: Mark | None, now: int) -> bool:
    return mark is None or (mark.value == RINGING and mark.at < now - STALE_MS)
