"""State of one call besides the machine's own, kept by the conductor while the call lasts."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ivr.call import events as e
from ivr.call.state import CallState
from ivr.call.targets import shown
from ivr.call.turn import FlowContext
from ivr.clock import Timer
from ivr.desk.states import NO_ANSWER
from ivr.ledger import Live

IN_VAIN, ELSEWHERE = "no answer within the limit", "answered elsewhere"  # why a ringing phone is rung no longer


@dataclass(slots=True)
class SeatLeg:
    """An operator's line in a call. ``dialled``: UTC ms; ``missed``: it rang its time, and nobody lifted."""

    id: str
    seat: str
    dialled: int = 0
    up: bool = False
    missed: bool = False
    reserved: bool = False  # else the seat is still being reserved
    dropped: bool = False  # let go before that

    def in_vain(self, reason: str) -> bool:
        """Did nobody lift in time, as far as ``reason`` says why it failed?"""
        return self.missed or reason == NO_ANSWER


@dataclass(slots=True)
class OngoingCall:
    id: str
    line: str
    flow: FlowContext
    state: CallState
    ref: str = ""
    caller: str | None = None
    party: str | None = None
    test: bool = False
    seat: str = ""  # whose phone calls; "": a citizen's
    transfer: tuple[str, str] | None = None  # line and token of the phone that asked for a transfer by REFER
    arrived: int = 0
    step_since: int = 0
    window: str = ""
    level: str = ""
    busy: bool = False
    gone: bool = False
    closed: bool = False
    seal: bool = False
    commands: int = 0
    inbox: deque[tuple[e.Event, Mapping[str, Any]]] = field(default_factory=deque)
    legs: dict[str, SeatLeg] = field(default_factory=dict)  # by leg id
    timer: Timer | None = None

    def leg_of(self, seat: str) -> SeatLeg | None:
        """The present leg to a seat."""
        return next((leg for leg in reversed(self.legs.values()) if leg.seat == seat), None)

    def rang_in_vain(self, leg_id: str, reason: str) -> None:
        """Note of a leg that is being dropped whether its operator did not lift (STF-2).

        That is who rang until the limit, and who rang alone until another had to be rung, who lifted.
        """
        if (leg := self.legs.get(leg_id)) is None or leg.up:
            return
        after = any(other.up and other.dialled > leg.dialled for other in self.legs.values())
        leg.missed = reason == IN_VAIN or (reason == ELSEWHERE and after)

    def live(self) -> Live | None:
        """The call as the board may see it; None when it is over."""
        state = self.state
        if state.over:
            return None
        return Live(
            state=state.to_json(),
            ref=self.ref,
            flow=state.flow,
            step=state.step or "@arriving",
            step_since=self.step_since,
            arrived=self.arrived,
            window=self.window if state.human_at else "",
            seat=shown(state.seat),
            waiting_since=state.human_at if state.human_at and not state.seat else None,
            test=self.test,
        )


def recording_id_of(call_id: str, token: str) -> str:
    """A recording's id follows from call and token, so that a restarted process finds it again."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{call_id}/{token}"))
