"""Warnings of what is due: each case one short transaction, decided again inside it (compare and set)."""

from __future__ import annotations

from collections.abc import Collection

from ivr.cases.actions import Notice
from ivr.cases.reminders import DAY_MS, SUPERVISED, due_level
from ivr.facts.cases import CaseWarned
from ivr.ledger import Fact
from store import cases, notices
from store.engine import Connection
from store.journal import entries


def next_case(connection: Connection, now: int, working_hours: bool, aside: Collection[str]) -> str | None:
    """A case that needs attention; outside working hours only what cannot wait.

    That is what is promised within a day (a repair: 45 minutes), and what is major.
    """
    return cases.next_to_watch(connection, now, None if working_hours else DAY_MS, aside)


def warn(connection: Connection, case_id: str, now: int) -> bool:
    """Warn of what is due in this case, once; False when somebody else was first or nothing is due."""
    row = cases.held(connection, case_id)
    level = due_level(row, now) if row is not None else None
    if row is None or level is None:
        return False
    kind, moment = level.id, row.due_ms
    if level is SUPERVISED:
        kind, moment = "supervision_late", row.supervised
    fact = Fact(now, CaseWarned(level=level.id, percent=level.percent, to=level.to))
    entries.append_facts(connection, [fact], case_id=case_id)
    notices.tell(connection, Notice(kind, level.to), row, now, f"{case_id}:{row.span_from}:{moment}:{kind}")
    return True
