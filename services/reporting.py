"""Reports sent at a set local time: the month, week or day that is over, exactly once, even with several processes.

    Reporting(engine, zone, {"monthly": ("leaders@example.cn",)}, time(8), make, now_ms).once()

A report is made outside any transaction (it takes seconds), then kept and put into the outbox in one: of two processes
that made the same one only the first leaves anything. From there the sweeper sends it like every notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import time
from zoneinfo import ZoneInfo

from ivr.report.periods import ReportDue, due
from store import reports
from store.engine import Engine, reading
from store.reports import FinishedReport


class Reporting:
    """See the module. ``to``: kind of report -> addresses; ``at``: the local time of day; ``make``: makes one."""

    def __init__(
        self,
        engine: Engine,
        zone: ZoneInfo,
        to: Mapping[str, tuple[str, ...]],
        at: time,
        make: Callable[[ReportDue], FinishedReport],
        now_ms: Callable[[], int],
    ) -> None:
        self._engine, self._zone, self._at, self._make, self._now = engine, zone, at, make, now_ms
        self._to = {kind: addresses for kind, addresses in to.items() if addresses}
        self._done: set[str] = set()

    def once(self) -> int:
        """Make what is due; how many reports."""
        made = 0
        for kind, addresses in self._to.items():
            wanted = due(kind, self._now(), self._at, self._zone)
            if wanted is None or wanted.key in self._done:
                continue
            with reading(self._engine).connect() as connection:
                known = reports.is_made(connection, wanted.key)
            if not known:
                report = self._make(wanted)
                with self._engine.begin() as connection:
                    made += reports.put(connection, wanted.key, report, addresses, wanted.at, self._now())
            self._done.add(wanted.key)
        return made
