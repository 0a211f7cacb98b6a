"""Tells of who was turned away, gathered by the minute (``sip/refusals.py``), on the loop it was made on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ivr.telephony import AccessDenied
from sip.refusals import GATHER_MS, Gathered, network_of


class Teller:
    """``tell`` gets the refusals. ``service``: what refuses. ``now_ms``: UTC."""

    def __init__(self, tell: Callable[[AccessDenied], None], service: str, now_ms: Callable[[], int]) -> None:
        self._gathered, self._service, self._now_ms = Gathered(tell), service, now_ms
        self._loop = asyncio.get_running_loop()
        self._minute: asyncio.TimerHandle | None = None

    def refused(self, kind: str, host: str, account: str = "") -> None:
        """Somebody at the address ``host`` was refused just now."""
        self._gathered.add(AccessDenied(self._now_ms(), kind, self._service, account, network_of(host)))
        if self._minute is None:
            self._minute = self._loop.call_later(GATHER_MS / 1000 + 0.1, self._over)

    def close(self) -> None:
        """Tell what is still counted."""
        if self._minute is not None:
            self._minute.cancel()
        self._gathered.flush(self._now_ms() + GATHER_MS)

    def _over(self) -> None:
        self._minute = None
        self._gathered.flush(self._now_ms())
