"""All phones of a seat ring for one line (RFC 3261 §16.7, done by the caller): the first to lift has the call.

The engine hands each event of a leg to :meth:`Fork.happened` and goes on with what that makes of it: the fork stands
where a single leg would, until one of its legs is the call.
"""

from __future__ import annotations

from collections.abc import Callable

from sip.core.events import Ended, HeldChanged, Ringing, Speaks, Up
from sip.core.leg_out import OutboundLeg
from sip.core.phones import RegisteredPhone
from sip.core.sip_messages import Header
from sip.replies import FOR_ALL, most_telling

ELSEWHERE = ("Reason", 'SIP;cause=200;text="Call completed elsewhere"')  # RFC 3326 §3.1: no call was missed
Told = Ringing | Speaks | Up | HeldChanged | Ended


class Fork:
    """``silent``: told of a phone that was rung and did not say a word. ``phones``: how many are about to be rung."""

    def __init__(self, silent: Callable[[RegisteredPhone], None], phones: int) -> None:
        self.q850 = 0
        self._silent = silent
        self._ringing: dict[object, tuple[OutboundLeg, RegisteredPhone]] = {}
        self._ends: list[Ended] = []
        self._rang = self._over = False
        self._open = phones  # of which nothing is known yet

    def add(self, leg: OutboundLeg, phone: RegisteredPhone) -> None:
        """One of them is rung."""
        self._open -= 1
        self._ringing[leg] = leg, phone

    def lost(self, end: Ended) -> Ended | None:
        """One of them cannot even be called; the fork's end, if that was the last."""
        self._open -= 1
        return self._ended(end)

    def hang_up(self) -> Ended | None:
        """Nobody is to lift any more; the fork's end, unless it was told."""
        return self._end(Ended(self, "us", "cancelled", 0))

    def happened(self, event: Told) -> Told | None:
        """What an event of a leg means for the line; None: nothing."""
        if event.leg not in self._ringing:
            return None
        match event:
            case Ringing() if not self._rang and not self._over:
                self._rang = True
                return Ringing(self)
            case Up() if not self._over and self._ringing[event.leg][0].state == "up":
                del self._ringing[event.leg]
                self._over = True
                self._cancel((ELSEWHERE,))
                return event
            case Ended(leg, code=code, cause=cause):
                _, phone = self._ringing.pop(leg)
                if cause == "unreachable" and not code:
                    self._silent(phone)
                return self._ended(event)
        return None

    # --- inside ----------------------------------------------------------------------------

    def _ended(self, end: Ended) -> Ended | None:
        self._ends.append(end)
        if self._over:
            return None
        if end.code in FOR_ALL:
            return self._end(end)
        if self._ringing or self._open > 0:
            return None
        return self._end(min(self._ends, key=lambda end: most_telling(end.cause)))

    def _end(self, end: Ended) -> Ended | None:
        if self._over:
            return None
        self._over = True
        self.q850 = getattr(end.leg, "q850", 0)
        self._cancel()
        return Ended(self, end.by, end.cause, end.code)

    def _cancel(self, why: tuple[Header, ...] = ()) -> None:
        for leg, _ in self._ringing.values():
            leg.hang_up("cancelled", why)  # its end is told later
