"""Timers as data: soonest first, in a time that is passed in and never asked for."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

_UNUSED = 64  # cleared entries that may wait in the heap beside as many live ones


class TimerEntry:
    """One thing to do at ``due``; None once it was done or cleared."""

    __slots__ = ("callback", "due")

    def __init__(self, due: float, callback: Callable[[], None]) -> None:
        self.due = due
        self.callback: Callable[[], None] | None = callback


class TimerQueue:
    """Every timer of one core. ``now``: seconds of a clock that only goes forward, moved on by :meth:`advance`."""

    def __init__(self) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, TimerEntry]] = []
        self._order = itertools.count()
        self._live = 0

    def __len__(self) -> int:
        return self._live

    def advance(self, now: float) -> None:
        """It is ``now``; a clock that steps back is not believed."""
        self.now = max(self.now, now)

    def after(self, delay_s: float, callback: Callable[[], None]) -> TimerEntry:
        """Do ``callback`` in ``delay_s`` seconds."""
        entry = TimerEntry(self.now + delay_s, callback)
        heapq.heappush(self._heap, (entry.due, next(self._order), entry))
        self._live += 1
        return entry

    def clear(self, entry: TimerEntry) -> None:
        """Do not do it; nothing happens when it was done."""
        if entry.callback is None:
            return
        entry.callback = None
        self._live -= 1
        if len(self._heap) > 2 * self._live + _UNUSED:
            self._heap = [item for item in self._heap if item[2].callback is not None]
            heapq.heapify(self._heap)

    def next(self) -> float | None:
        """When the next one is due; None when nothing is."""
        while self._heap and self._heap[0][2].callback is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def run(self) -> None:
        """Do everything that is due at ``now``, in the order it is due."""
        while (due := self.next()) is not None and due <= self.now:
            entry = heapq.heappop(self._heap)[2]
            callback, entry.callback = entry.callback, None
            self._live -= 1
            if callback is not None:
                callback()


class Timers:
    """Named one-shot timers that can all be cleared; nothing outlives its owner.

    ``on_error``: who answers for what goes wrong in a call-back.
    """

    def __init__(self, schedule: TimerQueue, on_error: Callable[[Exception], None] | None = None) -> None:
        self._schedule = schedule
        self._armed: dict[str, TimerEntry] = {}
        self.on_error = on_error

    def arm(self, name: str, delay_s: float, callback: Callable[[], None]) -> None:
        """Do it in ``delay_s`` seconds, instead of what was armed under this name."""
        self.clear(name)

        def run() -> None:
            self._armed.pop(name, None)
            try:
                callback()
            except Exception as error:
                if self.on_error is None:
                    raise
                self.on_error(error)

        self._armed[name] = self._schedule.after(delay_s, run)

    def clear(self, name: str) -> None:
        entry = self._armed.pop(name, None)
        if entry is not None:
            self._schedule.clear(entry)

    def clear_all(self) -> None:
        for name in list(self._armed):
            self.clear(name)
