"""Measure how far the calls process is behind, for ``sip.admission``: its loop and its ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sip.admission import Lags

TICK_S = 0.05


class Behind:
    """Call it for the lags at this moment. ``ledger``: age of the oldest turn that waits (s)."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ledger: Callable[[], float]) -> None:
        self._loop, self._ledger = loop, ledger
        self._late = 0.0  # of the last tick
        self._due = loop.time()
        self._tick()

    def __call__(self) -> Lags:
        overdue = self._loop.time() - self._due  # of the tick that has not come yet
        return Lags(max(0.0, self._late, overdue), self._ledger())

    def _tick(self) -> None:
        now = self._loop.time()
        self._late = now - self._due
        self._due = now + TICK_S
        self._timer = self._loop.call_at(self._due, self._tick)

    def close(self) -> None:
        """Measure no more."""
        self._timer.cancel()
