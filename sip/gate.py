"""The gate of an engine: asks ``sip.admission`` about each new call, and tells of those turned away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ivr.telephony import AccessDenied
from sip.admission import ENDING, Admission, Lags
from sip.refusals import GATHER_MS, Gathered

log = logging.getLogger(__name__)

_SERVICE = "SIP"
_LOOK_S = 0.05  # between two looks at the lags, so that it opens also while nobody calls


class Gate:
    """``lags``: how far behind we are now. ``tell`` gets who was turned away: the first at once, more by the minute."""

    def __init__(
        self, max_calls: int, lags: Callable[[], Lags], tell: Callable[[AccessDenied], None], now_ms: Callable[[], int]
    ) -> None:
        self._admission, self._lags, self._now_ms = Admission(max_calls), lags, now_ms
        self._gathered, self._tell = Gathered(self._told), tell
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Begin to look, on the running loop."""
        self._loop = asyncio.get_running_loop()
        self._look()

    def close(self) -> None:
        """Tell what is still counted, and end."""
        self._gathered.flush(self._now_ms() + GATHER_MS)
        if self._timer is not None:
            self._timer.cancel()

    def refuses(self, calls: int, *, ending: bool = False) -> bool:
        """Is a call that arrives beside ``calls`` others turned away? ``ending``: nobody is taken any more."""
        self._see()
        why = ENDING if ending else self._admission.refusal(calls)
        if why:
            self._gathered.add(AccessDenied(self._now_ms(), why, _SERVICE, "", ""))
        return bool(why)

    def _told(self, refused: AccessDenied) -> None:
        log.warning("callers turned away: %s, %d", refused.kind, refused.count)
        self._tell(refused)

    def _see(self) -> None:
        assert self._loop is not None
        self._admission.look(self._loop.time(), self._lags())

    def _look(self) -> None:
        assert self._loop is not None
        self._see()
        if self._gathered:
            self._gathered.flush(self._now_ms())
        self._timer = self._loop.call_later(_LOOK_S, self._look)
