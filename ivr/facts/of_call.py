"""Events and commands of a call as journal facts, without personal data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ivr import telephony as t
from ivr.call import commands as c
from ivr.call import events as e
from ivr.call.state import CallState
from ivr.call.targets import shown
from ivr.facts import calls as f
from ivr.facts import seats, talks
from ivr.facts import system as s
from ivr.facts.base import Content
from ivr.ledger import Fact
from ivr.ongoing_call import OngoingCall

HIDDEN_KEY = "•"
HIDDEN_PHASES = frozenset({"number.type", "query.type", "rate"})  # keys of a number, a code, a rating
More = Mapping[str, Any]  # what only the conductor knows


def event_fact(event: e.Event, state: CallState, more: More) -> Fact:
    """The fact of an event that met the call in ``state``; ``more``: what only the conductor knows."""
    reason = event.reason if isinstance(event, e.NobodyFree | e.CaseFailed) else ""
    return Fact(event.at, EVENTS[type(event)](event, state, more), reason)


def _digit(event: e.Digit, state: CallState, more: More) -> Content:
    return f.DigitFact(HIDDEN_KEY if state.phase in HIDDEN_PHASES else event.key)


def _offered(event: e.Offered, state: CallState, more: More) -> Content:
    return f.OfferedFact(called=event.called, caller_known=event.caller_known, **more)


EVENTS: Mapping[type[e.Event], Callable[[Any, CallState, More], Content]] = {
    e.Offered: _offered,
    e.Answered: lambda event, state, more: f.AnsweredFact(),
    e.PlayDone: lambda event, state, more: f.PlayDoneFact(event.token),
    e.Digit: _digit,
    e.FaxHeard: lambda event, state, more: f.FaxHeardFact(),
    e.TimeUp: lambda event, state, more: f.TimeUpFact(event.timer),
    e.RecordDone: lambda event, state, more: f.RecordDoneFact(event.token, event.ms, event.end),
    e.CaseOpened: lambda event, state, more: f.CaseStored(event.number),  # the store writes the case's own fact
    e.CaseFailed: lambda event, state, more: f.CaseFailedFact(),
    e.RatingAsked: lambda event, state, more: f.RatingAskedFact(event.allowed),
    e.CaseFound: lambda event, state, more: f.CaseFoundFact(event.result),
    e.SeatsFound: lambda event, state, more: seats.SeatsFoundFact(event.window, event.seats),
    e.NobodyFree: lambda event, state, more: seats.NobodyFreeFact(event.window),
    e.Queued: lambda event, state, more: seats.QueuedFact(event.ahead, event.expected_ms, event.crowded),
    e.SeatOffered: lambda event, state, more: seats.SeatOfferedFact(event.seat),
    e.PlaceKept: lambda event, state, more: seats.PlaceKeptFact(event.due),
    e.SeatRinging: lambda event, state, more: seats.SeatRingingFact(seat=shown(event.seat), **more),
    e.SeatAnswered: lambda event, state, more: seats.SeatAnsweredFact(seat=shown(event.seat), **more),
    e.SeatFailed: lambda event, state, more: seats.SeatFailedFact(seat=shown(event.seat), reason=event.reason, **more),
    e.SeatLeft: lambda event, state, more: seats.SeatLeftFact(seat=shown(event.seat), **more),
    e.SeatHeld: lambda event, state, more: seats.SeatHeldFact(shown(event.seat), event.held),
    e.SeatAsked: lambda event, state, more: talks.SeatAskedFact(shown(event.seat), event.act),
    e.SeatBrought: lambda event, state, more: talks.SeatBroughtFact(event.seat, event.by),
    e.CallerLeft: lambda event, state, more: f.CallerLeftFact(event.cause),
    e.Resumed: lambda event, state, more: f.ResumedFact(),
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
    """The fact ``call_ended``. ``nobody``: every operator was tried in vain; ``closed``: outside opening hours;
    ``place_kept``: is called back."""
    ended = f.CallEnded(
        state.released_by, state.cause, nobody=state.nobody, closed=state.closed, place_kept=state.place_kept
    )
    return Fact(at, ended)


def command_fact(command: c.Command, at: int, more: More) -> Fact:
    """The fact of a command. Phrase arguments and typed numbers stay out."""
    if isinstance(command, c.Annotate):
        return Fact(command.at or at, MARKS[command.name](command.value))
    reason = ""
    if isinstance(command, c.DropSeat):
        reason = command.reason
    elif isinstance(command, c.Hangup):
        reason = command.cause
    return Fact(at, COMMANDS[type(command)](command, more), reason)


def _open_case(command: c.OpenCase, more: More) -> Content:
    return f.OpenCaseFact(
        kind=command.kind,
        anonymous=command.anonymous,
        callback=command.callback,
        complete=command.complete,
        **more,
    )


COMMANDS: Mapping[type[c.Command], Callable[[Any, More], Content]] = {
    c.Ring: lambda command, more: f.RingFact(),
    c.Answer: lambda command, more: f.AnswerFact(),
    c.Play: lambda command, more: f.PlayFact(command.token, tuple([item.key for item in command.say])),
    c.StopPlay: lambda command, more: f.StopPlayFact(),
    c.Record: lambda command, more: f.RecordFact(command.token, command.max_s, command.silence_s),
    c.StopRecord: lambda command, more: f.StopRecordFact(),
    c.OpenCase: _open_case,
    c.AskRating: lambda command, more: f.AskRatingFact(),
    c.FindCase: lambda command, more: f.FindCaseFact(),
    c.FindSeats: lambda command, more: seats.FindSeatsFact(command.window, command.level, command.exclude),
    c.Enqueue: lambda command, more: seats.EnqueueFact(command.window, command.reason, command.since),
    c.LookQueue: lambda command, more: seats.LookQueueFact(),
    c.LeaveQueue: lambda command, more: seats.LeaveQueueFact(command.how, command.waited_ms, command.told_ms),
    c.KeepPlace: lambda command, more: seats.KeepPlaceFact(**more),
    c.DialSeat: lambda command, more: seats.DialSeatFact(seat=shown(command.seat), ring_ms=command.ring_ms, **more),
    c.DropSeat: lambda command, more: seats.DropSeatFact(seat=shown(command.seat), **more),
    c.Bridge: lambda command, more: seats.BridgeFact(seat=shown(command.seat), **more),
    c.Hold: lambda command, more: seats.HoldFact(command.held),
    c.Part: lambda command, more: talks.PartFact(shown(command.seat)),
    c.JoinTalk: lambda command, more: talks.JoinFact(tuple(map(shown, command.seats)), command.caller),
    c.Mute: lambda command, more: talks.MuteFact(shown(command.seat), command.muted),
    c.PlaySeat: lambda command, more: talks.PlaySeatFact(shown(command.seat), tuple(say.key for say in command.say)),
    c.TransferBegun: lambda command, more: talks.TransferBegunFact(
        command.how, shown(command.seat), shown(command.target)
    ),
    c.TransferEnded: lambda command, more: talks.TransferEndedFact(
        command.how, shown(command.seat), shown(command.target), command.outcome
    ),
    c.HandedOver: lambda command, more: talks.HandedOverFact(shown(command.seat), shown(command.target), command.count),
    c.Hangup: lambda command, more: f.HangupFact(),
}
MARKS: Mapping[str, Callable[[str], Content]] = {
    "human_requested": f.HumanRequested,
    "step": f.StepFact,
    "rated": f.RatedFact,
    "queue_told": lambda value: seats.QueueTold(*map(int, value.split())),
    "late_apology": lambda value: f.LateApology(),
    "query_code_noted": lambda value: f.QueryCodeNoted(),
}


def quality_fact(event: t.LineQuality, leg_id: str) -> Fact:
    """How a line sounded. ``leg_id`` empty: the caller's."""
    ours = (event.received, event.lost, event.jitter_us)
    far = (event.sent, event.far_lost, event.far_jitter_us, event.rtt_us)
    return Fact(event.at, f.LineQualityFact(leg_id, *ours, *far))


def system_fact(event: t.TrunkChanged | t.AccessDenied | t.AccessSet) -> Fact:
    """What the telephone system told of itself, or was told."""
    match event:
        case t.TrunkChanged():
            return Fact(event.at, s.TrunkStateFact(event.state))
        case t.AccessDenied():
            return Fact(event.at, s.RefusedFact(event.kind, event.service, event.account, event.network, event.count))
        case t.AccessSet():
            return Fact(event.at, s.DoorSetFact(event.trunk, event.accept, event.per_number))
