"""踢皮球: a caller who was handed over more than once is told to the leads (FST-1), once a call."""

from __future__ import annotations

from collections.abc import Callable

from ivr.cases.actions import Notice
from store import notices
from store.engine import Engine, reading
from store.read.handed_over import handed_around
from store.sql import Row

DAY_MS = 86_400_000  # how far back is looked; nobody was told of it when nothing ran for longer


class HandedAround:
    """Tells the leads of each call that was handed over more than once."""

    def __init__(self, engine: Engine, now_ms: Callable[[], int]) -> None:
        self._engine, self._now = engine, now_ms
        self._told: set[str] = set()

    def once(self) -> int:
        """Tell of those of the last day; how many inboxes heard of it."""
        now, told = self._now(), 0
        with reading(self._engine).connect() as connection:
            found = handed_around(connection, now - DAY_MS)
        for call in found:
            if call.id not in self._told:
                with self._engine.begin() as connection:
                    more: Row = {
                        "call_id": call.id,
                        "seat": call.seat,
                        "window": call.window,
                        "count": call.handed_over,
                    }
                    notice = Notice("handed_around", ("role:lead",))
                    told += len(
                        notices.tell(connection, notice, notices.NO_CASE, now, f"handed_around:{call.id}", **more)
                    )
        self._told = {call.id for call in found}
        return told
