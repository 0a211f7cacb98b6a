"""History of one case, in order of time; nothing of what people wrote."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.schema import Callback, CallbackAttempt, CaseDue, CaseStep


def steps(session: Session, case_id: str) -> Sequence[CaseStep]:
    """Every action, with the state it left and the state it led to."""
    return session.scalars(select(CaseStep).where(CaseStep.case_id == case_id).order_by(CaseStep.at, CaseStep.id)).all()


def dues(session: Session, case_id: str) -> Sequence[CaseDue]:
    """Every due date it had 期限, and what moved it."""
    return session.scalars(select(CaseDue).where(CaseDue.case_id == case_id).order_by(CaseDue.at, CaseDue.id)).all()


def attempts(session: Session, case_id: str) -> Sequence[CallbackAttempt]:
    """Every call to its citizen, reached or not."""
    mine = select(CallbackAttempt).where(CallbackAttempt.case_id == case_id)
    return session.scalars(mine.order_by(CallbackAttempt.at, CallbackAttempt.id)).all()


def to_call(session: Session, case_id: str) -> Sequence[Callback]:
    """What its citizen is still to be called for, the oldest first."""
    mine = select(Callback).where(Callback.case_id == case_id, Callback.state == "open", Callback.party_id.is_not(None))
    return session.scalars(mine.order_by(Callback.created, Callback.id)).all()
