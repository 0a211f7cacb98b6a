"""Which closed cases were dispatched, and whether somebody sent them back (退单): what K25 is counted from."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.kpi.records import Dispatched
from store.figures.promises import of_window, with_calls
from store.schema import Case, CaseStep

ASSIGNED, RETURNED = "case_assigned", "case_returned"


def dispatched(session: Session, from_ms: int, to_ms: int, window: str | None = None) -> list[Dispatched]:
    """The cases closed in the period that were dispatched to somebody."""
    case_id = Case.id + ""  # so that SQLite goes from the cases to their steps, and not through all steps there are
    query = (
        select(case_id, Case.test, Case.closed, func.max(CaseStep.action))
        .join(CaseStep, CaseStep.case_id == case_id)
        .where(Case.closed >= from_ms, Case.closed < to_ms, CaseStep.action.in_((ASSIGNED, RETURNED)))
        .where(*of_window(window))
        .group_by(case_id, Case.test, Case.closed)
        .order_by(case_id)
    )  # only what was assigned can be returned, and the latter is the greater word
    return [
        Dispatched(last == RETURNED, bool(test), id_, closed or 0)
        for id_, test, closed, last in session.connection().execute(with_calls(query, window))
    ]
