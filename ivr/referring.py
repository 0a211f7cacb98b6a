"""An operator's phone asks by REFER that its party be handed over: blind, or to its party of another dialog."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping

from ivr import telephony as t
from ivr.call import events as e
from ivr.call_services import CallServices
from ivr.ongoing_call import OngoingCall, SeatLeg

NOT_ALLOWED, GOES_ON = 603, 100
NOBODY = "?"  # a target nobody has


class SeatTransfers:
    """``lines``: those of all calls of the process; ``feed``: gives a call's machine an event."""

    def __init__(
        self,
        house: CallServices,
        lines: MutableMapping[str, tuple[OngoingCall, SeatLeg | None]],
        feed: Callable[[OngoingCall, e.Event], None],
    ) -> None:
        self._h, self._lines, self._feed = house, lines, feed

    def asked(self, call: OngoingCall, leg: SeatLeg | None, event: t.TransferAsked) -> None:
        """Only an operator who was called for a caller may; one transfer of a call at a time."""
        engine = self._h.engine
        if leg is None or not leg.up or call.transfer or call.state.over:
            engine.transfer_told(event.line, event.token, NOT_ALLOWED)
            return
        call.transfer = (event.line, event.token)
        engine.transfer_told(event.line, event.token, GOES_ON)
        if not event.replaces:
            self._feed(call, e.SeatAsked(event.at, leg.seat, "blind", event.target or NOBODY))
            return
        target, other = self._far_end(event.replaces, leg.seat)
        if other is not None:
            brought = other.leg_of(target)
            if brought is not None and brought.up:
                self._bring(other, brought, call)
                self._feed(call, e.SeatBrought(event.at, target, leg.seat))
                engine.hangup(other.line, "joined")
                return
            engine.hangup(other.line, "joined")
        self._feed(call, e.SeatAsked(event.at, leg.seat, "blind", target))

    def _far_end(self, line: str, seat: str) -> tuple[str, OngoingCall | None]:
        """With whom the phone of ``seat`` talks in the call of its own, or whom it rings there, and that call."""
        other, _ = self._lines.get(line, (None, None))
        if other is None or other.seat != seat:
            return NOBODY, None
        return next(iter(other.state.ends), NOBODY), other

    def _bring(self, other: OngoingCall, leg: SeatLeg, call: OngoingCall) -> None:
        """Take a seat's leg out of the call in which two operators talk, into the caller's."""
        call.legs[leg.id] = other.legs.pop(leg.id)
        self._lines[leg.id] = (call, leg)
        self._h.desk.pass_on(leg.seat, other.id, call.id, self._h.clock.now_ms())
