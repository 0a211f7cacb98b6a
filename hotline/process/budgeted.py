"""Work on the media loop in small pieces, so that sound is never late because of it.

Two hundred turns whose commit returns at once, or two hundred timers that fall due together, would keep
the loop for tens of milliseconds; here they run a few at a time, and packets go out in between.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

BUDGET_S = 0.003  # a frame is 20 ms: most of it belongs to the sound


class BudgetedScheduler:
    """Runs call-backs on the loop, in order, at most ``BUDGET_S`` at a time. Callable from any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Callable[[], None]] = deque()
        self._running = False

    def __call__(self, work: Callable[[], None]) -> None:
        """Run ``work`` soon. Raises ``RuntimeError`` when the loop is closed."""
        self._loop.call_soon_threadsafe(self._take, work)

    def _take(self, work: Callable[[], None]) -> None:
        self._waiting.append(work)
        if not self._running:
            self._running = True
            self._loop.call_soon(self._some)

    def _some(self) -> None:
        end = time.monotonic() + BUDGET_S
        try:
            while self._waiting and time.monotonic() < end:
                self._waiting.popleft()()
        finally:
            if self._waiting:
                self._loop.call_soon(self._some)
            else:
                self._running = False
