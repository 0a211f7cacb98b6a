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
class State:
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
class Up:
    at: int


@dataclass(frozen=True, slots=True)
class Gone:
    """The phone was not answered, or hung up."""

    at: int


@dataclass(frozen=True, slots=True)
class Key:
    at: int
    key: str


@dataclass(frozen=True, slots=True)
class TimeUp:
    at: int


Event = Begin | Up | Gone | Key | TimeUp


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring the phone at ``place``."""

    place: int


@dataclass(frozen=True, slots=True)
class Say:
    """Say what it is about (``alert``), or that it is noted (``thanks``); the wait ends after ``limit_ms``."""

    what: Literal["alert", "thanks"]
    limit_ms: int


@dataclass(frozen=True, slots=True)
class Drop:
    pass


Command = Ring | Say | Drop
Next = tuple[State, tuple[Command, ...]]


def step(state: State, event: Event) -> Next:
    """What ``event`` leads to. What fits no phase changes nothing."""
    match state.phase, event:
        case "new", Begin():
            return replace(state, phase="ringing"), (Ring(0),)
        case "ringing", Up():
            return replace(state, phase="telling"), (Say("alert", KEY_LIMIT_MS),)
        case "telling", Key(key=key) if key == KEY:
            return replace(state, phase="thanking", taken=True), (Say("thanks", THANKS_LIMIT_MS),)
        case (("ringing" | "telling"), Gone()):
            return _next(state)
        case "telling", TimeUp():
            after, commands = _next(state)
            return after, (Drop(), *commands)
        case "thanking", Gone():
            return replace(state, phase="over"), ()
        case "thanking", TimeUp():
            return replace(state, phase="over"), (Drop(),)
    return state, ()


def _next(state: State) -> Next:
    place, turn = state.place + 1, state.round
    if place >= state.phones:
        place, turn = 0, turn + 1
    if turn >= state.rounds:
        return replace(state, phase="over"), ()
    return replace(state, phase="ringing", place=place, round=turn), (Ring(place),)
