"""Who hears whom in a call with more than one operator, and what their phones are told of a transfer."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.call import commands as c
from ivr.call import talk
from ivr.call_services import CallServices
from ivr.ongoing_call import OngoingCall
from ivr.telephony import Engine

# SIP codes of a transfer's end, for the phone that asked (RFC 3515 §2.4.5).
CODES: Mapping[str, int] = {
    "accepted": 200,
    "busy": 486,
    "no_answer": 480,
    "declined": 603,
    "unreachable": 480,
    "not_allowed": 603,
    "caller_left": 487,
    "taken_back": 487,
    "dropped_after_answer": 480,
}


def act(house: CallServices, call: OngoingCall, command: c.Command) -> None:
    """Carry out a command of the talk; one about a seat that is gone is ignored."""
    engine = house.engine
    match command:
        case c.Part(seat=seat):
            if leg := call.leg_of(seat):
                engine.unbridge(call.line, leg.id)
        case c.JoinTalk(seats=seats, caller=caller):
            lines = [leg.id for seat in seats if (leg := call.leg_of(seat))]
            for line in lines:  # what is played to an operator is heard in place of the talk
                engine.stop_play(line)
            engine.conference([call.line, *lines] if caller else lines)
        case c.Mute(seat=seat, muted=muted):
            if leg := call.leg_of(seat):
                engine.mute(leg.id, muted)
        case c.PlaySeat(seat=seat, say=say):
            if leg := call.leg_of(seat):
                line = leg.id
                house.speaker.clips(say, "zh-CN", None, lambda clips: engine.play(line, clips, "seat"))
        case c.TransferBegun() | c.HandedOver():
            pass
        case c.TransferEnded(outcome=outcome):
            if call.transfer:
                engine.transfer_told(*call.transfer, CODES[outcome])
                call.transfer = None


def join_again(engine: Engine, call: OngoingCall) -> None:
    """Let those hear each other who did before our process was started anew, unless they still do."""
    state = call.state
    if state.phase in talk.APART:
        talking = state.talkers if state.talk.up else ()
        caller: tuple[str, ...] = ()
    else:
        talking, caller = state.talkers, (call.line,)
    legs = (leg.id for seat in talking if (leg := call.leg_of(seat)))
    lines = (*caller, *legs)
    if len(lines) == 2:
        engine.bridge(*lines)
    elif lines[2:]:
        engine.conference(lines)
