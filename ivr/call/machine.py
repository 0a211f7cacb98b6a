"""The call as a pure machine: ``step(state, event) -> (state, commands)``.

No clock, no socket, no database, no randomness: time arrives inside events. What belongs to one
step kind is in ``ivr/call/steps``; here is what holds in every step: late events are ignored,
a caller who leaves is let go, key presses wake the hop counter.
"""

from __future__ import annotations

from ivr.call import commands as c
from ivr.call import events as e
from ivr.call import leaving, talk, waiting
from ivr.call.asked import asked, brought, refused
from ivr.call.limits import DOUBLE_MS, HELD_MAX_MS
from ivr.call.phases import Phase, phase_of, register
from ivr.call.state import OVER, CallState
from ivr.call.turn import FlowContext, StepContext

register({"new": Phase(), "ringing_first": Phase(), "answering": Phase(), OVER: Phase()})


def begin(flow: FlowContext) -> CallState:
    """The state of a call that has not arrived yet."""
    return CallState(flow=flow.name, version=flow.version)


def step(flow: FlowContext, state: CallState, event: e.Event) -> tuple[CallState, tuple[c.Command, ...]]:
    """What the call does about ``event``. Never raises for any event in any state."""
    turn = StepContext(flow, state, event.at)
    if not state.over and not _stale(state, event):
        _dispatch(turn, event)
        _note_taken(turn, state, event)
        if turn.s.over:
            talk.settle(turn, "caller_left" if isinstance(event, e.CallerLeft) else "no_answer")
    elif isinstance(event, e.SeatAnswered):
        turn.ask(c.DropSeat(event.seat, "too late"))
    return turn.s, tuple(turn.out)


def _stale(state: CallState, event: e.Event) -> bool:
    """Reports about something that is no longer waited for."""
    match event:
        case e.TimeUp(timer=timer):
            return timer != state.timer or event.at < state.timer_at
        case e.PlayDone(token=token):
            return token != state.token
        case e.RecordDone(token=token):
            return token != state.recording
        case e.SeatHeld(seat=seat):
            return seat != state.seat
        case e.SeatLeft(seat=seat):  # of two who lifted at once one was let go; the talk is with the other
            return not seat or seat not in (state.seat, state.talk.other)
        case e.Digit():
            return _answers_nothing(state, event)
    return False


def _answers_nothing(state: CallState, event: e.Digit) -> bool:
    """A press that went down before the answer before was taken, or the bounce of that very answer.

    Whatever is pressed later answers what is asked now, though its prompt has only begun.
    """
    since = (event.began or event.at) - state.taken_at
    same = event.key == state.taken_key and not phase_of(state).doubles
    return -HELD_MAX_MS < since < 0 or (same and 0 <= event.at - state.key_at < DOUBLE_MS)


def _note_taken(turn: StepContext, before: CallState, event: e.Event) -> None:
    """Remember when an answer was taken: something else is asked, or the same once more.

    Only what the caller did is one: a key, a silence, what he said. Not the start of the call, nor a prompt's end.
    """
    if not isinstance(event, (e.Digit, e.RecordDone, e.TimeUp)) or (
        isinstance(event, e.TimeUp) and event.timer == "play"
    ):
        return
    if (turn.s.step, turn.s.phase, turn.s.serial) != (before.step, before.phase, before.serial):
        turn.set(taken_at=event.at)
        if isinstance(event, e.Digit):
            turn.set(taken_key=event.key, key_at=event.at)


def _dispatch(turn: StepContext, event: e.Event) -> None:
    match event:
        case e.Offered():
            if turn.s.phase == "new":
                _offered(turn, event)
            return
        case e.Answered():
            if turn.s.phase == "answering":
                _answered(turn)
            return
        case e.CallerLeft():
            leaving.begin(turn, event)
            return
        case e.FaxHeard():
            _fax(turn)
            return
        case e.PlayDone():
            turn.set(token="")
        case e.RecordDone():
            turn.set(recording="")
        case e.Digit():
            if turn.s.hops or not turn.s.chose:
                turn.set(hops=0, chose=True)
        case e.Resumed():
            if turn.s.phase in ("new", "ringing_first", "answering"):
                return
            turn.set(noticed=False)  # what was being said broke off
    if turn.s.phase.startswith(leaving.PREFIX):
        leaving.on(turn, event)
        return
    if turn.s.phase == "ringing_first":
        if isinstance(event, e.TimeUp):
            _answer(turn)
        return
    if turn.s.phase in ("new", "answering"):
        if isinstance(event, e.TimeUp):
            turn.end("failure")
        return
    if isinstance(event, e.SeatAnswered) and not _rung(turn.s, event.seat):
        turn.ask(c.DropSeat(event.seat, "too late"))
        return
    if isinstance(event, e.SeatBrought):
        brought(turn, event)
        return
    if isinstance(event, e.SeatAsked):
        if turn.s.phase in talk.PHASES and event.seat in turn.s.talkers:
            asked(turn, event)
        else:
            refused(turn, event)
        return
    here = turn.flow.steps[turn.s.step]
    if isinstance(event, e.Resumed):
        here.resume(turn)
    else:
        here.on(turn, event)


def _rung(state: CallState, seat: str) -> bool:
    """Is this phone rung for the caller?"""
    return seat in state.ring.seats or (seat == state.talk.other and not state.talk.up)


def _offered(turn: StepContext, event: e.Offered) -> None:
    turn.set(offered_at=event.at, caller_known=event.caller_known, never_called=event.never_called)
    turn.ask(c.Ring())
    if turn.rules.answer_after_s > 0:
        turn.set(phase="ringing_first")
        turn.arm("answer", turn.rules.answer_after_s)
    else:
        _answer(turn)


def _answer(turn: StepContext) -> None:
    turn.set(phase="answering")
    turn.ask(c.Answer())
    turn.arm("answering", 40)  # longer than the 32 s in which a 200 is repeated (RFC 3261 timer H)


def _fax(turn: StepContext) -> None:
    """A fax machine calls: whoever rings for it is let go, and nothing is kept of it. Who has a case is a person."""
    if not turn.s.answered_at or turn.s.draft.number or turn.s.phase.startswith(leaving.PREFIX):
        return
    for seat in turn.s.ends:
        turn.ask(c.DropSeat(seat, "fax"))
    turn.ring(seats=(), waiting=())
    waiting.leave(turn, "left")
    turn.set(seat="")
    turn.talk(other="")
    turn.hush()
    turn.end("fax")


def _answered(turn: StepContext) -> None:
    late = turn.at - turn.s.offered_at >= turn.rules.apology_after_s * 1000
    turn.set(answered_at=turn.at, apologise=late)
    turn.goto(turn.flow.start)
