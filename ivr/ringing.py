"""PhoneRinger operators' phones for a call: who may be rung, the seat taken among all processes, then the phone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ivr.call import events as e
from ivr.call.targets import NUMBER, is_seat
from ivr.call_services import CallServices
from ivr.desk.desk import EVERYBODY
from ivr.ongoing_call import OngoingCall, SeatLeg
from ivr.queue.keeper import QueueKeeper

Feed = Callable[[OngoingCall, e.Event, Mapping[str, Any] | None], None]


class PhoneRinger:
    """``feed`` takes what comes of it; ``line`` makes a leg known by its line before it is dialled."""

    def __init__(
        self, house: CallServices, queue: QueueKeeper, feed: Feed, line: Callable[[str, OngoingCall, SeatLeg], None]
    ) -> None:
        self._h, self._queue, self._feed, self._line = house, queue, feed, line

    def find(self, call: OngoingCall, window: str, level: str, exclude: tuple[str, ...]) -> None:
        """Who of a window is free, and is not waited for by others -> ``SeatsFound`` or ``NobodyFree``."""
        seats, why = self._h.desk.find(window, level, exclude)

        def found(seats: tuple[str, ...]) -> None:
            now = self._h.clock.now_ms()
            nobody = e.NobodyFree(now, window, why or "others wait for them")
            self._feed(call, e.SeatsFound(now, window, seats) if seats else nobody, None)

        if not seats or level == EVERYBODY:  # in danger nobody is waited for
            found(seats)
        else:
            self._queue.free_for(seats, found)

    def dial(self, call: OngoingCall, leg_id: str, seat: str, ring_ms: int) -> None:
        """Take the seat and ring its phone; another call was quicker: ``SeatFailed("busy")``. A number is only rung."""
        leg = call.legs[leg_id] = SeatLeg(leg_id, seat, self._h.clock.now_ms())

        def taken(won: bool) -> None:
            now = self._h.clock.now_ms()
            if won and not leg.dropped:
                leg.reserved = True
                self._line(leg_id, call, leg)
                if is_seat(seat):
                    self._h.engine.dial(leg_id, seat, ring_ms, self._display(call), call.line)
                else:
                    self._h.engine.dial_number(leg_id, seat.removeprefix(NUMBER), ring_ms)
                return
            if won:
                self.free(seat, call, now)
            del call.legs[leg_id]
            self._feed(call, e.SeatFailed(now, seat, "cancelled" if leg.dropped else "busy"), {"leg_id": leg_id})

        self._take(seat, call, taken)

    def have(self, seat: str, call: OngoingCall) -> None:
        """The seat is in this call already: it called us, or its talk went on while our process was started anew."""
        self._take(seat, call, lambda won: None)

    def free(self, seat: str, call: OngoingCall, at: int, *, tried: bool = False, missed: bool = False) -> None:
        """The seat's part in the call is over. ``tried``: it was rung in vain; ``missed``: nobody lifted in time."""
        if is_seat(seat):
            self._h.desk.free(seat, call.id, at, tried=tried, missed=missed)

    def _take(self, seat: str, call: OngoingCall, taken: Callable[[bool], None]) -> None:
        """Have a seat for a call; outside numbers are nobody's."""
        if is_seat(seat):
            self._h.desk.take(seat, call.id, self._h.clock.now_ms(), taken)
        else:
            taken(True)

    def drop(self, call: OngoingCall, leg_id: str, reason: str) -> None:
        """Let a seat's leg go, wherever it stands."""
        leg = call.legs.get(leg_id)
        if leg is not None and not leg.reserved:
            leg.dropped = True
        elif leg_id:
            call.rang_in_vain(leg_id, reason)
            self._h.engine.hangup(leg_id, reason)

    def _display(self, call: OngoingCall) -> str:
        number = call.caller[-4:] if call.caller else ""
        return f"{self._h.desk.title(call.window)} {number}".strip()
