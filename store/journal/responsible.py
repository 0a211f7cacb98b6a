"""Who hears at once of a complaint, a report or a repair that nobody has (S4-31: 立即转递相关部门或领导处理).

``responsible``: by window, the accounts that answer for it (``[windows.x] responsible``). A case is that of its kind's
window, else the general window's; where nobody is named the leads are told. The row of the inbox is written in the
transaction of the case, so no case is there of which nobody was told; the sweeper hands mail and webhook over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from ivr.cases.actions import Notice
from ivr.cases.kinds import of
from ivr.facts.opened import CaseOpenedFact
from ivr.projections.rows import AnyRow
from store import notices

Responsible = Mapping[str, tuple[str, ...]]  # by window: names of accounts
GENERAL, LEADS = "general", ("role:lead",)


def whom(kind: str, responsible: Responsible) -> tuple[str, ...]:
    """Who is told of a new case of this kind."""
    names = responsible.get(kind) or responsible.get(GENERAL) or ()
    return tuple(f"user:{name}" for name in names) or LEADS


def tell_of_new_ones(connection: Connection, rows: Iterable[AnyRow], responsible: Responsible) -> None:
    """Tell of the cases opened by ``rows`` that have no owner yet: number, kind and due date, nothing of the person."""
    for row in rows:
        said = row.content
        if not isinstance(said, CaseOpenedFact) or not of(said.kind).at_once or said.owner:
            continue
        case = notices.Matter(row.case_id, said.number, said.kind, said.due, "received")
        notice = Notice(f"new_{said.kind}", whom(said.kind, responsible))
        notices.tell(connection, notice, case, row.at, f"{row.case_id}:new")
