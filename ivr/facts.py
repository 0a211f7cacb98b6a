"""Events and commands as journal facts, without personal data (``ivr/ledger.py`` lists the names)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ivr.call import commands as c
from ivr.call import events as e
from ivr.call.state import CallState
from ivr.ledger import Fact
from ivr.ongoing import OngoingCall
from ivr.telephony import DoorSet, LineQuality, Refused, TrunkState

HIDDEN_KEY = "•"
HIDDEN_PHASES = frozenset({"number.type", "query.type", "rate"})  # keys of a number, a code, a rating
_CAMEL = re.compile(r"(?<!^)(?=[A-Z])")


def name_of(thing: e.Event | c.Command | TrunkState | Refused | DoorSet) -> str:
    """``SeatAnswered`` -> ``seat_answered``."""
    if isinstance(thing, e.CaseOpened):
        return "case_stored"  # the store writes the case's own fact, case_opened
    return _CAMEL.sub("_", type(thing).__name__).lower()


def event_fact(event: e.Event, state: CallState, more: Mapping[str, Any]) -> Fact:
    """The fact of an event that met the call in ``state``; ``more``: what only the conductor knows."""
    data: dict[str, Any] = dict(more)
    reason = ""
    match event:
        case e.Offered(called=called, caller_known=known):
            data |= {"called": called, "caller_known": known}
        case e.Digit(key=key):
            data |= {"key": HIDDEN_KEY if state.phase in HIDDEN_PHASES else key}
        case e.FaxHeard(version=version):
            data |= {"version": version}
        case e.TimeUp(timer=timer):
            data |= {"timer": timer}
        case e.PlayDone(token=token):
            data |= {"token": token}
        case e.RecordDone(token=token, ms=ms, end=end):
            data |= {"token": token, "ms": ms, "end": end}
        case e.CaseOpened(number=number):
            data |= {"number": number}
        case e.SeatsFound(window=window, seats=seats):
            data |= {"window": window, "seats": list(seats)}
        case e.NobodyFree(window=window, reason=reason):
            data |= {"window": window}
        case e.SeatFailed(seat=seat, reason=why):
            data |= {"seat": seat, "reason": why}
        case e.SeatRinging(seat=seat) | e.SeatAnswered(seat=seat) | e.SeatLeft(seat=seat):
            data |= {"seat": seat}
        case e.SeatHeld(seat=seat, held=held):
            data |= {"seat": seat, "held": held}
        case e.CallerLeft(cause=cause):
            data |= {"cause": cause}
        case e.CaseFound(result=result):
            data |= {"result": result}
        case e.RatingAsked(allowed=allowed):
            data |= {"allowed": allowed}
        case e.CaseFailed(reason=reason):
            pass
    return Fact(event.at, "event", name_of(event), data, reason)


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
    data: dict[str, Any] = {"released_by": state.released_by, "cause": state.cause}
    data |= {name: True for name in ("nobody", "closed") if getattr(state, name)}
    return Fact(at, "event", "call_ended", data)


def command_fact(command: c.Command, at: int, more: Mapping[str, Any]) -> Fact:
    """The fact of a command. Phrase arguments and typed numbers stay out."""
    data: dict[str, Any] = dict(more)
    reason = ""
    match command:
        case c.Mark(name=name, value=value, at=when):
            key = {"human_requested": "window", "step": "step", "rated": "rating"}.get(name)
            return Fact(when or at, "command", name, {key: value} if key else {})
        case c.Play(token=token, say=say):
            data |= {"token": token, "say": [item.key for item in say]}
        case c.Record(token=token, max_s=max_s, silence_s=silence_s):
            data |= {"token": token, "max_s": max_s, "silence_s": silence_s}
        case c.OpenCase():
            data |= {"kind": command.kind, "anonymous": command.anonymous, "callback": command.callback}
            data |= {"complete": command.complete}
        case c.FindSeats(window=window, level=level, exclude=exclude):
            data |= {"window": window, "level": level, "exclude": list(exclude)}
        case c.DialSeat(seat=seat, ring_ms=ring_ms):
            data |= {"seat": seat, "ring_ms": ring_ms}
        case c.DropSeat(seat=seat, reason=reason):
            data |= {"seat": seat}
        case c.Bridge(seat=seat):
            data |= {"seat": seat}
        case c.Hold(held=held):
            data |= {"held": held}
        case c.Hangup(cause=reason):
            pass
    return Fact(at, "command", name_of(command), data, reason)


def quality_fact(event: LineQuality, leg_id: str) -> Fact:
    """How a line sounded. ``leg_id`` empty: the caller's."""
    data = {name: value for name, value in asdict(event).items() if name not in ("line", "at")}
    return Fact(event.at, "event", "line_quality", {"leg_id": leg_id, **data})


def system_fact(event: TrunkState | Refused | DoorSet) -> Fact:
    """What the telephone system told of itself, or was told."""
    data = {name: value for name, value in asdict(event).items() if name != "at"}
    return Fact(event.at, "system", name_of(event), data)
