"""Years of working days that were added in the panel, over the shipped ones and those of the settings.

    added = Added(engine, calendar)
    added.refresh()          # every process, now and then: counts by what stands in the database now

Of each year the newest that was not withdrawn counts; withdrawn, the one before counts again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ivr.calendar.tables import CalendarError, WorkCalendar, YearTable, parse_table
from store import calendars
from store.engine import Engine, Session, reading

log = logging.getLogger(__name__)


class Added:
    """Keeps a calendar as the database says; ``calendar`` holds the other tables when this is made."""

    def __init__(self, engine: Engine, calendar: WorkCalendar) -> None:
        self._engine, self.calendar = engine, calendar
        self._base = dict(calendar.tables)
        self._seen: tuple[str, ...] = ()

    def look(self) -> list[YearTable] | None:
        """The tables that count now; None when nothing changed since the last time."""
        with Session(reading(self._engine)) as session:
            seen = calendars.in_force(session)
            if seen == self._seen:
                return None
            tables = {row.id: row.content for row in calendars.every(session) if row.withdrawn is None}
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
