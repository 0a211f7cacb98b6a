"""Resume calls that went on in the engine while this process was restarted.

Asterisk keeps its calls when the hotline's process ends. The next process finds their lines (*survivors*) and
the calls' last written states, and brings the two together: a menu is begun again with an apology, who rings or
talks hears nothing of it, a recording goes on, all clocks go on. Calls without a line are closed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ivr import joining
from ivr.call import events as e
from ivr.call.seat_call import SEAT_FLOW, seat_flow
from ivr.call.state import CallState
from ivr.call.targets import is_seat, shown
from ivr.call.waiting import waits
from ivr.call_services import CallServices
from ivr.conductor import Conductor
from ivr.ledger import Interrupted
from ivr.ongoing_call import OngoingCall, SeatLeg, recording_id_of
from ivr.resuming import ResumableEngine, SurvivingLeg

log = logging.getLogger(__name__)

Told = tuple[e.Event, Mapping[str, Any]]  # an event, and what its journal row says besides


@dataclass(frozen=True, slots=True)
class UnfinishedCall:
    """What the store knows of an interrupted call. ``legs``: those without an end, leg id -> seat."""

    known: bool
    called: str
    party: str | None
    legs: Mapping[str, str]


def take_over(
    conductor: Conductor,
    house: CallServices,
    interrupted: Sequence[Interrupted],
    look_up: Callable[[str], UnfinishedCall],
) -> None:
    """Bring interrupted calls and surviving lines together; to be called as soon as the engine has started."""
    engine = house.engine
    survivors = engine.survivors() if isinstance(engine, ResumableEngine) else ()
    by_ref = {survivor.ref: survivor for survivor in survivors if survivor.ref}
    by_line = {survivor.line: survivor for survivor in survivors}
    for left in interrupted:
        caller = by_ref.get(left.live.ref)
        known = look_up(left.call_id)
        call = _rebuilt(house, left, caller, known) if caller else None
        if caller is None or call is None:
            _rescue(house, left)
            conductor.close_interrupted(left, known.party)
        else:
            _go_on(conductor, house, call, caller, by_line)


def _rebuilt(house: CallServices, left: Interrupted, caller: SurvivingLeg, known: UnfinishedCall) -> OngoingCall | None:
    """The call as it stood; None when this program or its flow has no such place any more."""
    flow = house.flow_for(known.called)
    if left.live.flow == SEAT_FLOW:
        flow = seat_flow(known.called, flow)
    try:
        state = CallState.from_json(left.live.state)
    except (TypeError, KeyError, ValueError) as error:
        log.error("call %s cannot go on: %s", left.call_id, error)
        return None
    if state.flow != flow.name or (state.step and state.step not in flow.steps):
        log.error("call %s cannot go on: flow %s has no step %r now", left.call_id, flow.name, state.step)
        return None
    call = OngoingCall(left.call_id, caller.line, flow, state, left.live.ref, test=left.live.test)
    call.party = known.party
    call.caller = caller.caller if known.party else None
    call.seat = (caller.caller or "") if state.flow == SEAT_FLOW else ""
    call.arrived, call.step_since = left.live.arrived, left.live.step_since
    call.window, call.level = left.live.window, "queue" if waits(state) else state.ring.level
    # Ids of commands are not used again: a process cannot have given more than one each millisecond.
    call.commands = house.clock.now_ms() - left.live.arrived
    ends = {shown(end): end for end in state.ends}  # a number outside stands masked in the journal
    call.legs = {leg_id: SeatLeg(leg_id, ends.get(seat, seat)) for leg_id, seat in known.legs.items()}
    return call


def _go_on(
    conductor: Conductor,
    house: CallServices,
    call: OngoingCall,
    caller: SurvivingLeg,
    by_line: Mapping[str, SurvivingLeg],
) -> None:
    engine, state, now = house.engine, call.state, house.clock.now_ms()
    assert isinstance(engine, ResumableEngine)
    recording = (state.recording, _spooled(house, call.id, state.recording)) if state.recording else None
    engine.adopt(caller.line, playing=state.token, recording=recording)
    told: list[Told] = [(_again(house, call, caller, now), {})]
    for leg in list(call.legs.values()):
        found = by_line.get(leg.id)
        if found is None:
            del call.legs[leg.id]
            if is_seat(leg.seat):
                house.desk.free(leg.seat, call.id, now)
            talked = leg.seat in state.talkers
            gone = e.SeatLeft(now, leg.seat) if talked else e.SeatFailed(now, leg.seat, "error")
            told.append((gone, {"leg_id": leg.id}))
            continue
        engine.adopt(leg.id, seat=leg.seat)
        leg.up = found.up
        if leg.seat not in state.ends:
            house.engine.hangup(leg.id, "interrupted")
        elif found.up and leg.seat not in state.talkers:
            told.append((e.SeatAnswered(now, leg.seat), {"leg_id": leg.id}))
    joining.join_again(house.engine, call)
    conductor.go_on(call, told)


def _rescue(house: CallServices, left: Interrupted) -> None:
    """What the caller was saying when the process died is brought where the call's end looks for it."""
    try:
        token = CallState.from_json(left.live.state).recording
    except (TypeError, KeyError, ValueError):
        return
    if token and isinstance(house.engine, ResumableEngine):
        house.engine.rescue(_spooled(house, left.call_id, token))


def _spooled(house: CallServices, call_id: str, token: str) -> Path:
    return house.spool / f"{recording_id_of(call_id, token)}.wav"


def _again(house: CallServices, call: OngoingCall, caller: SurvivingLeg, now: int) -> e.Event:
    """What the machine is told first."""
    if call.state.phase == "answering":
        if caller.up:
            return e.Answered(now)
        house.engine.answer(call.line)
    return e.Resumed(now)
