"""Years of working days that were added in the panel, as they stand."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.calendar.tables import YearTable
from store.ids import uuid7
from store.schema import CalendarTable


def every(session: Session) -> Sequence[CalendarTable]:
    """All that were ever added, newest first."""
    query = select(CalendarTable).order_by(CalendarTable.added.desc(), CalendarTable.id.desc())
    return session.scalars(query).all()


def add(session: Session, table: YearTable, content: str, *, source: str, who: str, at: int) -> CalendarTable:
    """Add a year (``content`` is the file ``table`` was read from)."""
    row = CalendarTable(
        id=uuid7(at), year=table.year, source=source, content=content, sha256=table.sha256, added=at, added_by=who,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def withdraw(session: Session, table_id: str, *, who: str, at: int) -> CalendarTable | None:
    """Take a year back; None when there is no such one, or it was taken back before."""
    row = session.get(CalendarTable, table_id)
    if row is None or row.withdrawn is not None:
        return None
    row.withdrawn, row.withdrawn_by = at, who
    session.flush()
    return row


def in_force(session: Session) -> tuple[str, ...]:
    """The ids of those that were not withdrawn, oldest first."""
    query = select(CalendarTable.id).where(CalendarTable.withdrawn.is_(None)).order_by(CalendarTable.id)
    return tuple(session.scalars(query))
