"""The caller hung up: what they said so far is stored before the call is closed.

Holds in every step, so that nobody who spoke falls through: a running recording is waited for, an
account that belongs to no case yet becomes an incomplete one.
"""

from __future__ import annotations

from ivr.call import commands as c
from ivr.call import events as e
from ivr.call import talk, waiting
from ivr.call.limits import RECORD_END_LIMIT_S, SAVE_LIMIT_S
from ivr.call.phases import Phase, register, stored
from ivr.call.steps import account
from ivr.call.turn import StepContext

PREFIX = "left."
register({PREFIX + "recording": Phase(), PREFIX + "saving": Phase(world=stored)})
INTERRUPTED = "interrupted"


def begin(turn: StepContext, event: e.CallerLeft) -> None:
    """Let the operators go, then store what there is, then end.

    ``interrupted``: the process that served the call died. What it may have asked the store is asked
    again, by the same id, so that it is there once.
    """
    again = event.cause == INTERRUPTED
    if turn.s.left_at:
        if again:
            _take_up(turn)
        return
    by, cause = ("caller", "caller_left") if event.cause == "far" else ("failure", event.cause)
    if by == "caller" and turn.s.phase in ("farewell", "unsaid", "queue.kept"):
        cause = "farewell"  # all was said: nobody left in the middle of something
    bridged = bool(turn.s.seat)
    for seat in turn.s.ends:
        turn.ask(c.DropSeat(seat, "caller left"))
    turn.ring(seats=(), waiting=())
    talk.settle(turn, "caller_left")
    turn.talk(other="", up=False)
    waiting.leave(turn, "left")
    saving = turn.s.phase == "saving"
    turn.set(left_at=event.since or turn.at, released_by=by, cause=cause, token="", seat="")
    if turn.s.recording:
        turn.set(phase=PREFIX + "recording")
        turn.arm("record", RECORD_END_LIMIT_S)
    elif saving and again:
        _store_again(turn)
    elif saving:
        turn.set(phase=PREFIX + "saving")
        turn.arm("save", SAVE_LIMIT_S)
    elif bridged or not _store(turn):
        _end(turn)


def on(turn: StepContext, event: e.Event) -> None:
    """What still happens after the caller left."""
    if turn.s.phase == PREFIX + "saving":
        if isinstance(event, (e.CaseOpened, e.CaseFailed, e.TimeUp)):
            _end(turn)
    elif isinstance(event, (e.RecordDone, e.TimeUp)):
        if isinstance(event, e.RecordDone):
            account.keep(turn, event)
        if not _store(turn):
            _end(turn)


def _take_up(turn: StepContext) -> None:
    """The caller had left before the process died."""
    if turn.s.phase == PREFIX + "saving":
        _store_again(turn)
    else:
        turn.arm("record", RECORD_END_LIMIT_S)


def _store_again(turn: StepContext) -> None:
    turn.ask(c.OpenCase.of(turn.s.draft, complete=not turn.s.draft.todo))
    turn.set(phase=PREFIX + "saving")
    turn.arm("save", SAVE_LIMIT_S)


def _store(turn: StepContext) -> bool:
    draft = turn.s.draft
    if not draft.recordings or draft.number:
        return False
    if draft.callback == "none" and turn.s.caller_known and not draft.anonymous:
        turn.draft(callback="caller")
    turn.ask(c.OpenCase.of(turn.draft(kind=draft.kind or "message"), complete=False))
    turn.set(phase=PREFIX + "saving")
    turn.arm("save", SAVE_LIMIT_S)
    return True


def _end(turn: StepContext) -> None:
    turn.end(turn.s.cause, by=turn.s.released_by)
