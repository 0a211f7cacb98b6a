"""What operators in a talk ask for (``ivr/call/talk.py``): by key code, by their phone's transfer, by command or page.

The operator who is responsible may ask for everything; the second one may mute and leave. What cannot be done now
changes nothing; who asked to hand over is told so by an outcome.
"""

from __future__ import annotations

from ivr.call import commands as c
from ivr.call import events as e
from ivr.call import talk as talks
from ivr.call.keypad import typed
from ivr.call.turn import StepContext

HANDING = frozenset({"consult", "conference", "blind"})


def asked(turn: StepContext, event: e.SeatAsked) -> None:
    """Do what was asked; of a key, what its code says."""
    act, target = event.act, event.target
    if act == "key":
        talk = turn.s.talk
        code, (act, target) = typed(talk.code if talk.typist == event.seat else "", target)
        turn.talk(code=code, typist=event.seat)
        act = _toggled(turn, event.seat, act)
    if act in ("mute", "unmute"):
        _mute(turn, event.seat, act == "mute")
    elif event.seat == turn.s.seat:
        _act(turn, act, target)
    elif act in ("leave", "back", "drop"):
        turn.ask(c.DropSeat(event.seat, "left the talk"))
        talks.second_left(turn)
    else:
        refused(turn, event)


def refused(turn: StepContext, event: e.SeatAsked) -> None:
    """Who may not hand over now is told so."""
    if event.act in HANDING:
        turn.ask(c.TransferEnded(event.act, event.seat, "?", "not_allowed"))


def brought(turn: StepContext, event: e.SeatBrought) -> None:
    """The operator's phone joins its caller with somebody it talks with: an attended transfer by REFER."""
    turn.ask(c.TransferBegun("attended", event.by, event.seat))
    if turn.s.phase not in ("bridged", "held") or event.by != turn.s.seat:
        turn.ask(c.TransferEnded("attended", event.by, event.seat, "not_allowed"))
        turn.ask(c.DropSeat(event.seat, "not allowed"))
        return
    talks.talk_on(turn)
    turn.talk(other=event.seat, up=True, how="attended", source=event.by, target=event.seat)
    talks.take_over(turn)


def _toggled(turn: StepContext, seat: str, act: str) -> str:
    """Of a code that does and undoes: which of the two is meant now."""
    if act == "hold" and turn.s.phase == "held":
        return "resume"
    return "unmute" if act == "mute" and seat in turn.s.talk.muted else act


def _act(turn: StepContext, act: str, target: str) -> None:
    phase, up = turn.s.phase, turn.s.talk.up
    match act:
        case "hold" if phase == "bridged":
            talks.hold(turn)
        case "resume":
            talks.talk_on(turn)
        case "join" | "conference" if phase == "consult" and up and not target:
            talks.settle(turn, "accepted")
            talks.together(turn, turn.s.seat, turn.s.talk.other)
        case "leave" | "blind" if phase in ("consult", "three", "handing") and not target:
            _leave(turn)
        case "back" | "drop" if turn.s.talk.other:
            turn.ask(c.DropSeat(turn.s.talk.other, "taken back"))
            talks.settle(turn, "taken_back")
            talks.alone_with(turn, turn.s.seat)
        case "consult" | "conference" | "blind":
            _hand(turn, act, target)


def _leave(turn: StepContext) -> None:
    """The operator leaves the caller to the other one; whoever has not lifted yet is rung on."""
    if turn.s.talk.up:
        talks.take_over(turn)
    elif turn.s.phase == "consult":
        talks.wait_for(turn, "blind", talks.MOMENT)
    else:
        turn.ask(c.DropSeat(turn.s.seat, "left the talk"))
        turn.set(seat="")


def _hand(turn: StepContext, act: str, target: str) -> None:
    seat, found = turn.s.seat, turn.flow.target(target)
    named = f"window:{found.name}" if found.kind == "window" else found.name or "?"
    free = turn.s.phase in ("bridged", "held")
    step = turn.flow.windows.get(found.name, "") if found.kind == "window" else ""
    turn.ask(c.TransferBegun(act, seat, named))
    if not free or found.name in ("", seat) or (found.kind == "window" and (act != "blind" or not step)):
        turn.ask(c.TransferEnded(act, seat, named, "not_allowed"))
        if free:
            talks.tell(turn, "not_allowed", caller=False)
        return
    talks.talk_on(turn)
    turn.ask(c.Part(seat))
    if not step:
        talks.ring(turn, act, found.name, named)
        return
    turn.ask(c.DropSeat(seat, "handed over"))
    turn.set(seat="")
    turn.talk(how="blind", source=seat, target=named)
    turn.goto(step)


def _mute(turn: StepContext, seat: str, muted: bool) -> None:
    before = turn.s.talk.muted
    if muted != (seat in before):
        turn.talk(muted=(*before, seat) if muted else tuple(one for one in before if one != seat))
        turn.ask(c.Mute(seat, muted))
