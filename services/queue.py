"""Tell the leads when more callers wait at a window than the profile's alarm allows (STF-11: 排队超过10人)."""

from __future__ import annotations

from collections.abc import Callable

from ivr.cases.actions import Notice
from store import notices
from store.engine import Engine, reading
from store.journal.queue import crowds


class QueueAlarm:
    """Once for each time that a queue grew so long; again when it had been short meanwhile."""

    def __init__(self, engine: Engine, alarm: int, now_ms: Callable[[], int]) -> None:
        self._engine, self._alarm, self._now = engine, alarm, now_ms
        self._told: set[str] = set()

    def once(self) -> int:
        """Tell of the queues that are too long now; how many inboxes heard of it."""
        now = self._now()
        with reading(self._engine).connect() as connection:
            found = crowds(connection, self._alarm, now)
        fresh = [one for one in found if one[0] not in self._told]
        self._told = {window for window, _, _ in found}
        told = 0
        for window, waiting, since in fresh:
            with self._engine.begin() as connection:
                notice = Notice("long_queue", ("role:lead",))
                key = f"long_queue:{window}:{since}"
                told += len(notices.tell(connection, notice, notices.NO_CASE, now, key, window=window, waiting=waiting))
        return told
