"""Due dates of open cases after a rule or the calendar changed: recomputed, with the old date kept.

Extended and paused promises stand: somebody decided on them. What is already answered stands too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ivr.cases.actions import ActionRefused, Do
from ivr.cases.changes import changed
from ivr.cases.deadlines import CasePolicy, promised
from ivr.cases.workflow import apply
from store import cases, marks, notices
from store.engine import Connection, Engine, reading
from store.journal import entries

MARK = "rules"
BY = "hotline"  # who does it, in the case's history
PIECE = 500


@dataclass(frozen=True, slots=True)
class Change:
    """A case whose due date is another one by today's rules."""

    case_id: str
    number: str
    was: str
    due: str
    provisional: bool


def changes(engine: Engine, rules: CasePolicy) -> Iterator[Change]:
    """Every open case whose date would change, oldest first. Nothing is written."""
    last = ""
    while True:
        with reading(engine).connect() as connection:
            rows = cases.promised(connection, last, PIECE)
        for row in rows:
            new = promised(row, row.span_from, rules, "")
            if (new.due_ms, new.provisional) != (row.due_ms, row.provisional):
                yield Change(row.id, row.number, row.due, new.due, new.provisional)
        if len(rows) < PIECE:
            return
        last = rows[-1].id


def recompute(connection: Connection, case_id: str, rules: CasePolicy, now: int, reason: str, who: str = BY) -> bool:
    """Count one case's date anew; False when it is the same, or another process was first."""
    case = cases.still_promised(connection, case_id)
    if case is None:
        return False
    try:
        outcome = apply(case, Do("recompute", who, "supervisor", now, {"reason": reason}), rules)
    except ActionRefused:
        return False
    rows = [entries.new_row(fact, case_id=case_id) for fact in outcome.facts]
    entries.append(connection, rows)
    for notice in outcome.notices:
        after = changed(case, outcome.facts[0].content, now)
        notices.tell(connection, notice, after, now, f"{rows[0].id}:{notice.kind}")
    return True


def seen(connection: Connection) -> str | None:
    """The rules open cases were last looked through by (:attr:`Rules.signature`); None: never."""
    return marks.value(connection, MARK)


def mark(connection: Connection, rules: CasePolicy, now: int) -> None:
    """Open cases are as these rules say."""
    marks.put(connection, MARK, rules.signature, now)
