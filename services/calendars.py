"""Years of working days that were added in the panel, over the shipped ones and those of the settings.

    added = Added(engine, calendar)
    added.refresh()          # every process, now and then: counts by what stands in the database now

Of each year the newest that was not withdrawn counts; withdrawn, the one before counts again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ivr.calendar.tables import CalendarError, WorkCalendar, YearTable, parse_table
from store.engine import reading
from store.ids import uuid7
from store.schema import CalendarTable

log = logging.getLogger(__name__)


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


class Added:
    """Keeps a calendar as the database says; ``calendar`` holds the other tables when this is made."""

    def __init__(self, engine: Engine, calendar: WorkCalendar) -> None:
        self._engine, self.calendar = engine, calendar
        self._base = dict(calendar.tables)
        self._seen: tuple[str, ...] = ()

    def look(self) -> list[YearTable] | None:
        """The tables that count now; None when nothing changed since the last time."""
        with Session(reading(self._engine)) as session:
            query = select(CalendarTable.id).where(CalendarTable.withdrawn.is_(None)).order_by(CalendarTable.id)
            seen = tuple(session.scalars(query))
            if seen == self._seen:
                return None
            tables = {row.id: row.content for row in every(session) if row.withdrawn is None}
        self._seen = seen
        return self.over([tables[id_] for id_ in seen])

    def over(self, contents: Sequence[str]) -> list[YearTable]:
        """The base with these files, in order."""
        found = dict(self._base)
        for content in contents:
            try:
                table = parse_table("the panel", content, unsealed=True)
            except CalendarError as error:
                log.error("a year that was added in the panel cannot be used: %s", error)
                continue
            if table.calendar == self.calendar.name:
                found[table.year] = table
        return list(found.values())

    def refresh(self) -> bool:
        """Count by what stands in the database; whether that changed anything."""
        tables = self.look()
        if tables is None:
            return False
        self.calendar.take(tables)
        return True
