"""Events and commands of a call as journal facts, without personal data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ivr import telephony as t
from ivr.call import commands as c
from ivr.call import events as e
from ivr.call.state import CallState
from ivr.facts import calls as f
from ivr.facts import seats
from ivr.facts import system as s
from ivr.facts.base import Content
from ivr.ledger import Fact
from ivr.ongoing import OngoingCall

HIDDEN_KEY = "•"
HIDDEN_PHASES = frozenset({"number.type", "query.type", "rate"})  # keys of a number, a code, a rating
More = Mapping[str, Any]  # what only the conductor knows


def event_fact(event: e.Event, state: CallState, more: More) -> Fact:
    """The fact of an event that met the call in ``state``; ``more``: what only the conductor knows."""
    reason = event.reason if isinstance(event, e.NobodyFree | e.CaseFailed) else ""
    return Fact(event.at, EVENTS[type(event)](event, state, more), reason)


def _digit(event: e.Digit, state: CallState, more: More) -> Content:
    return f.Digit(HIDDEN_KEY if state.phase in HIDDEN_PHASES else event.key)


def _offered(event: e.Offered, state: CallState, more: More) -> Content:
    return f.Offered(called=event.called, caller_known=event.caller_known, **more)


EVENTS: Mapping[type[e.Event], Callable[[Any, CallState, More], Content]] = {
    e.Offered: _offered,
    e.Answered: lambda event, state, more: f.Answered(),
    e.PlayDone: lambda event, state, more: f.PlayDone(event.token),
    e.Digit: _digit,
    e.FaxHeard: lambda event, state, more: f.FaxHeard(),
    e.TimeUp: lambda event, state, more: f.TimeUp(event.timer),
    e.RecordDone: lambda event, state, more: f.RecordDone(event.token, event.ms, event.end),
    e.CaseOpened: lambda event, state, more: f.CaseStored(event.number),  # the store writes the case's own fact
    e.CaseFailed: lambda event, state, more: f.CaseFailed(),
    e.RatingAsked: lambda event, state, more: f.RatingAsked(event.allowed),
    e.CaseFound: lambda event, state, more: f.CaseFound(event.result),
    e.SeatsFound: lambda event, state, more: seats.SeatsFound(event.window, event.seats),
    e.NobodyFree: lambda event, state, more: seats.NobodyFree(event.window),
    e.SeatRinging: lambda event, state, more: seats.SeatRinging(seat=event.seat, **more),
    e.SeatAnswered: lambda event, state, more: seats.SeatAnswered(seat=event.seat, **more),
    e.SeatFailed: lambda event, state, more: seats.SeatFailed(seat=event.seat, reason=event.reason, **more),
    e.SeatLeft: lambda event, state, more: seats.SeatLeft(seat=event.seat, **more),
    e.SeatHeld: lambda event, state, more: seats.SeatHeld(event.seat, event.held),
    e.CallerLeft: lambda event, state, more: f.CallerLeft(event.cause),
    e.Resumed: lambda event, state, more: f.Resumed(),
}


def arrival(call: OngoingCall, profile: str) -> dict[str, Any]:
    """Return what the fact ``offered`` says of a call besides its event."""
    return {
        "ref": call.ref,
        "flow": call.flow.name,
        "version": call.flow.version,
        "profile": profile,
        "party_id": call.party,
        "test": call.test,
    }


def ended_fact(state: CallState, at: int) -> Fact:
    """The fact ``call_ended``. ``nobody``: every operator was tried in vain; ``closed``: outside opening hours."""
    return Fact(at, f.CallEnded(state.released_by, state.cause, nobody=bool(state.nobody), closed=bool(state.closed)))


def command_fact(command: c.Command, at: int, more: More) -> Fact:
    """The fact of a command. Phrase arguments and typed numbers stay out."""
    if isinstance(command, c.Mark):
        return Fact(command.at or at, MARKS[command.name](command.value))
    reason = ""
    if isinstance(command, c.DropSeat):
        reason = command.reason
    elif isinstance(command, c.Hangup):
        reason = command.cause
    return Fact(at, COMMANDS[type(command)](command, more), reason)


def _open_case(command: c.OpenCase, more: More) -> Content:
    return f.OpenCase(
        kind=command.kind,
        anonymous=command.anonymous,
        callback=command.callback,
        complete=command.complete,
        **more,
    )


COMMANDS: Mapping[type[c.Command], Callable[[Any, More], Content]] = {
    c.Ring: lambda command, more: f.Ring(),
    c.Answer: lambda command, more: f.Answer(),
    c.Play: lambda command, more: f.Play(command.token, tuple([item.key for item in command.say])),
    c.StopPlay: lambda command, more: f.StopPlay(),
    c.Record: lambda command, more: f.Record(command.token, command.max_s, command.silence_s),
    c.StopRecord: lambda command, more: f.StopRecord(),
    c.OpenCase: _open_case,
    c.AskRating: lambda command, more: f.AskRating(),
    c.FindCase: lambda command, more: f.FindCase(),
    c.FindSeats: lambda command, more: seats.FindSeats(command.window, command.level, command.exclude),
    c.DialSeat: lambda command, more: seats.DialSeat(seat=command.seat, ring_ms=command.ring_ms, **more),
    c.DropSeat: lambda command, more: seats.DropSeat(seat=command.seat, **more),
    c.Bridge: lambda command, more: seats.Bridge(seat=command.seat, **more),
    c.Hold: lambda command, more: seats.Hold(command.held),
    c.Hangup: lambda command, more: f.Hangup(),
}
MARKS: Mapping[str, Callable[[str], Content]] = {
    "human_requested": f.HumanRequested,
    "step": f.Step,
    "rated": f.Rated,
    "late_apology": lambda value: f.LateApology(),
    "query_code_noted": lambda value: f.QueryCodeNoted(),
}


def quality_fact(event: t.LineQuality, leg_id: str) -> Fact:
    """How a line sounded. ``leg_id`` empty: the caller's."""
    ours = (event.received, event.lost, event.jitter_us)
    far = (event.sent, event.far_lost, event.far_jitter_us, event.rtt_us)
    return Fact(event.at, f.LineQuality(leg_id, *ours, *far))


def system_fact(event: t.TrunkState | t.Refused | t.DoorSet) -> Fact:
    """What the telephone system told of itself, or was told."""
    match event:
        case t.TrunkState():
            return Fact(event.at, s.TrunkState(event.state))
        case t.Refused():
            return Fact(event.at, s.Refused(event.kind, event.service, event.account, event.network, event.count))
        case t.DoorSet():
            return Fact(event.at, s.DoorSet(event.trunk, event.accept, event.per_number))
