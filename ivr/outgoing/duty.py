"""Ringing the duty phones in turn until one presses 1: a pure machine, ``step(state, event) -> (state, commands)``.

    ring 1 -> tell -> key 1: taken
         (no answer, busy, no key in time) -> ring 2 -> … -> after ``rounds`` rounds: nobody

Only an urgent repair (PWR-1) or danger (EMG-1) rings people at night; who presses 1 has taken it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

KEY_LIMIT_MS = 40_000  # from the answer: the words twice, and time to find the key
THANKS_LIMIT_MS = 8_000
KEY = "1"

Phase = Literal["new", "ringing", "telling", "thanking", "over"]


@dataclass(frozen=True, slots=True)
class DutyState:
    """Where it stands. ``place``: of the phone that is rung, from 0; ``round``: from 0."""

    phones: int
    rounds: int
    phase: Phase = "new"
    place: int = 0
    round: int = 0
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Begin:
    at: int


@dataclass(frozen=True, slots=True)
class PhoneUp:
    at: int


@dataclass(frozen=True, slots=True)
class PhoneGone:
    """The phone was not answered, or hung up."""

    at: int


@dataclass(frozen=True, slots=True)
class Key:
    at: int
    key: str


@dataclass(frozen=True, slots=True)
class WaitOver:
    at: int


Event = Begin | PhoneUp | PhoneGone | Key | WaitOver


@dataclass(frozen=True, slots=True)
class RingPhone:
    """Ring the phone at ``place``."""

    place: int


@dataclass(frozen=True, slots=True)
class SayAlert:
    """Say what it is about (``alert``), or that it is noted (``thanks``); the wait ends after ``limit_ms``."""

    what: Literal["alert", "thanks"]
    limit_ms: int


@dataclass(frozen=True, slots=True)
class DropPhone:
    pass


Command = RingPhone | SayAlert | DropPhone
Next = tuple[DutyState, tuple[Command, ...]]


def step(state: DutyState, event: Event) -> Next:
    """What ``event`` leads to. What fits no phase changes nothing."""
    match state.phase, event:
        case "new", Begin():
            return replace(state, phase="ringing"), (RingPhone(0),)
        case "ringing", PhoneUp():
            return replace(state, phase="telling"), (SayAlert("alert", KEY_LIMIT_MS),)
        case "telling", Key(key=key) if key == KEY:
            return replace(state, phase="thanking", taken=True), (SayAlert("thanks", THANKS_LIMIT_MS),)
        case (("ringing" | "telling"), PhoneGone()):
            return _next(state)
        case "telling", WaitOver():
            after, commands = _next(state)
            return after, (DropPhone(), *commands)
        case "thanking", PhoneGone():
            return replace(state, phase="over"), ()
        case "thanking", WaitOver():
            return replace(state, phase="over"), (DropPhone(),)
    return state, ()


def _next(state: DutyState) -> Next:
    place, turn = state.place + 1, state.round
    if place >= state.phones:
        place, turn = 0, turn + 1
    if turn >= state.rounds:
        return replace(state, phase="over"), ()
    return replace(state, phase="ringing", place=place, round=turn), (RingPhone(place),)
