"""Time as something passed in: UTC milliseconds and call-backs at a moment.

The real clock sits on an asyncio loop; the virtual one (for the simulator and the domain tests)
is a heap that a test advances, so that a working day of calls runs in seconds.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """Something that can be called off."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """UTC milliseconds, and a call-back at (or as soon as possible after) such a moment."""

    def now_ms(self) -> int: ...
    def call_at(self, at_ms: int, callback: Callable[[], None]) -> Timer: ...


class SystemClock:
    """The wall clock on the running asyncio loop.

    Moments are mapped to the loop's monotonic time when armed, so a stepped wall clock moves
    what is stamped, never how long a caller waits. ``run``: how call-backs are run when they fall due.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, run: Callable[[Callable[[], None]], None] = lambda work: work()
    ) -> None:
        self._loop, self._run = loop, run

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def call_at(self, at_ms: int, callback: Callable[[], None]) -> Timer:
        return self._loop.call_later(max(0.0, (at_ms - self.now_ms()) / 1000), self._run, callback)


class _VirtualTimer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class VirtualClock:
    """A clock that stands still until told to move.

    >>> clock = VirtualClock(0); seen = []
    >>> _ = clock.call_at(1500, lambda: seen.append(clock.now_ms()))
    >>> clock.advance(2000); seen, clock.now_ms()
    ([1500], 2000)
    """

    def __init__(self, start_ms: int) -> None:
        self._now = start_ms
        self._order = itertools.count()
        self._heap: list[tuple[int, int, _VirtualTimer]] = []

    def now_ms(self) -> int:
        return self._now

    def call_at(self, at_ms: int, callback: Callable[[], None]) -> Timer:
        timer = _VirtualTimer(callback)
        heapq.heappush(self._heap, (max(at_ms, self._now), next(self._order), timer))
        return timer

    def call_soon(self, callback: Callable[[], None]) -> Timer:
        """Run ``callback`` at the present moment, after what is already due."""
        return self.call_at(self._now, callback)

    def advance(self, ms: int) -> None:
        """Move ``ms`` milliseconds on, running what falls due in order."""
        self.run_until(self._now + ms)

    def run_until(self, at_ms: int) -> None:
        """Run everything due up to and including ``at_ms``; then it is ``at_ms``."""
        while self._heap and self._heap[0][0] <= at_ms:
            due, _, timer = heapq.heappop(self._heap)
            self._now = max(self._now, due)
            if timer.callback is not None:
                callback, timer.callback = timer.callback, None
                callback()
        self._now = max(self._now, at_ms)
