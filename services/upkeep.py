"""Periodic upkeep besides warnings: load calendar years entered in the panel, recompute due dates when a
rule or the calendar changed, and a word when next year's working days are missing.

    upkeep = Upkeep(engine, rules, now_ms)
    upkeep.once()        # how much was done; the sweeper calls it before each look

Any number of processes may do it: each step decides again inside its own transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from ivr.calendar.tables import missing_years
from ivr.cases.actions import Notice
from ivr.cases.deadlines import CasePolicy
from services import recomputing
from services.calendars import Added
from store import notices
from store.engine import Engine, reading

LOG = logging.getLogger(__name__)
REASON = "工作日历或期限规则已更改"


class Upkeep:
    """See the module."""

    def __init__(self, engine: Engine, rules: CasePolicy, now_ms: Callable[[], int]) -> None:
        self._engine, self._rules, self._now = engine, rules, now_ms
        self._added = Added(engine, rules.calendar)
        self._looked_through = ""
        self._told: set[tuple[int, str]] = set()

    def once(self) -> int:
        """Everything that is to be done now; how much was done."""
        self._added.refresh()
        return self.recompute() + self.tell_of_missing_years()

    def recompute(self) -> int:
        """Recompute due dates of open cases once per set of rules; return how many changed.

        Once under the same rules: two processes with different profiles must not turn dates to and fro for ever.
        """
        signature = self._rules.signature
        if signature == self._looked_through:
            return 0
        with reading(self._engine).connect() as connection:
            seen = recomputing.seen(connection)
        done = 0
        if seen not in (None, signature):  # never looked through: a new house, or a new version of this program
            for change in list(recomputing.changes(self._engine, self._rules)):
                with self._engine.begin() as connection:
                    done += recomputing.recompute(connection, change.case_id, self._rules, self._now(), REASON)
            LOG.info("rules or calendar changed: %d due dates were counted anew", done)
        if seen != signature:
            with self._engine.begin() as connection:
                recomputing.mark(connection, self._rules, self._now())
        self._looked_through = signature
        return done

    def tell_of_missing_years(self) -> int:
        """Supervisors and leads are told, once a month, of a year whose working days should be known by now."""
        now = self._now()
        today = datetime.fromtimestamp(now / 1000, UTC).astimezone(self._rules.zone).date()
        told = 0
        for year in missing_years(self._rules.calendar, today):
            month = f"{today:%Y-%m}"
            if (year, month) in self._told:
                continue
            notice = Notice("no_calendar", ("supervisor", "lead"))
            with self._engine.begin() as connection:
                event = f"no_calendar:{year}:{month}"
                told += len(notices.tell(connection, notice, notices.Matter(number=str(year)), now, event))
            self._told.add((year, month))
        return told
