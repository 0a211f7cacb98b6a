"""One call to a citizen as a pure machine: ``step(state, event) -> (state, commands)``.

The operator's phone rings first. When it is lifted a short cue is heard, then the citizen's phone rings, the operator
hearing that it does, or what the network says meanwhile; then both talk. When the citizen cannot be had, a tone says
so. Whoever hangs up ends it for both. While the operator's phone holds, the citizen hears a word and music, as callers
do.

    seat -> cue -> citizen -> talk -> over
              (not had)  -> sorry -> over

Every wait ends: ringing by the engine's limit, a tone by its length or a timer, a talk when either side hangs up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from ivr.outgoing.results import result_of

Phase = Literal["seat", "cue", "citizen", "talk", "sorry", "over"]
Tone = Literal["cue", "ringback", "busy", "failed"]

CUE_LIMIT_MS = 3_000
SORRY_LIMIT_MS = 6_000
MUSIC_LIMIT_MS = 50_000  # a word and 30 s of music, which may have to be made first


@dataclass(frozen=True, slots=True)
class OutgoingState:
    """Where the call stands. ``result``: set once it is known what came of it (see :data:`RESULTS`)."""

    phase: Phase = "seat"
    rang: bool = False
    result: str = ""
    cause: str = ""
    code: int = 0
    q850: int = 0
    listening: bool = False  # the operator hears what the network says before an answer
    held: bool = False  # the operator's phone holds
    pieces: int = 0  # of music that were begun since then


# reached; busy, no_answer, unavailable, declined, not_in_use: of the citizen; network: no way to him far away.
# seat_failed, cancelled (the operator left before it rang), line_failed, interrupted: the citizen was not called.
RESULTS = ("reached", "busy", "no_answer", "unavailable", "network", "declined", "not_in_use", "seat_failed",
           "cancelled", "line_failed", "interrupted")  # fmt: skip


# --- what happens ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SeatRings:
    at: int


@dataclass(frozen=True, slots=True)
class SeatUp:
    at: int


@dataclass(frozen=True, slots=True)
class SeatGone:
    """The operator's line ended, before or after it was up; ``reason``: why it never came up."""

    at: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SeatHolds:
    """The operator's phone holds the line, or takes it back."""

    at: int
    held: bool


@dataclass(frozen=True, slots=True)
class SoundEnded:
    """A tone ended, or a piece of music for the citizen; or it should have."""

    at: int


@dataclass(frozen=True, slots=True)
class Rings:
    at: int


@dataclass(frozen=True, slots=True)
class NetworkSpeaks:
    """The network says something before an answer: 关机, 停机, 空号, or its own ringing (183 with sound)."""

    at: int


@dataclass(frozen=True, slots=True)
class CitizenUp:
    at: int


@dataclass(frozen=True, slots=True)
class CitizenGone:
    """The citizen's line ended; ``reason``: why it never came up. ``code``: SIP; ``q850``: of the far network."""

    at: int
    reason: str = ""
    code: int = 0
    q850: int = 0


@dataclass(frozen=True, slots=True)
class ProcessEnded:
    """The process that carried the call ended, and the lines with it."""

    at: int


Event = (
    SeatRings
    | SeatUp
    | SeatGone
    | SeatHolds
    | SoundEnded
    | Rings
    | NetworkSpeaks
    | CitizenUp
    | CitizenGone
    | ProcessEnded
)


# --- what is to be done ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlayTone:
    """A tone for the operator; it is over after ``limit_ms`` at the latest (0: it is repeated anyway)."""

    tone: Tone
    limit_ms: int = 0


@dataclass(frozen=True, slots=True)
class RingCitizen:
    pass


@dataclass(frozen=True, slots=True)
class Join:
    pass


@dataclass(frozen=True, slots=True)
class HoldCitizen:
    """Take the citizen out of the talk, or back into it."""

    held: bool


@dataclass(frozen=True, slots=True)
class Music:
    """A word and the ``piece``-th piece of music for the citizen; both are over after ``limit_ms`` at the latest."""

    piece: int
    limit_ms: int = MUSIC_LIMIT_MS


@dataclass(frozen=True, slots=True)
class DropLine:
    """End a line if there is one."""

    who: Literal["seat", "citizen"]
    cause: str


Command = PlayTone | RingCitizen | Join | HoldCitizen | Music | DropLine
Next = tuple[OutgoingState, tuple[Command, ...]]


def step(state: OutgoingState, event: Event) -> Next:
    """What ``event`` leads to. What fits no phase changes nothing."""
    if state.phase == "over":
        return state, ()
    match event:
        case ProcessEnded():
            return _over(state, state.result or _unfinished(state, "interrupted"), "interrupted")
        case SeatGone(reason=reason):
            return _seat_gone(state, reason)
        case CitizenGone():
            return _citizen_gone(state, event)
        case SeatUp() if state.phase == "seat":
            return replace(state, phase="cue"), (PlayTone("cue", CUE_LIMIT_MS),)
        case SoundEnded() if state.phase == "cue":
            return replace(state, phase="citizen"), (RingCitizen(), PlayTone("ringback"))
        case SoundEnded() if state.phase == "citizen" and not state.listening:
            return state, (PlayTone("ringback"),)
        case NetworkSpeaks() if state.phase == "citizen" and not state.listening:
            return replace(state, listening=True), (Join(),)
        case SoundEnded() if state.phase == "sorry":
            return _over(state, state.result, state.cause, DropLine("seat", "not_reached"))
        case Rings() if state.phase == "citizen":
            return replace(state, rang=True), ()
        case CitizenUp() if state.phase == "citizen":
            talking = replace(state, phase="talk", result="reached")
            after, music = _held(talking) if state.held else (talking, ())
            return after, (Join(), *music)
        case SeatHolds(held=held) if held != state.held:
            return _held(replace(state, held=held))
        case SoundEnded() if state.phase == "talk" and state.held:
            return _music(state)
    return state, ()


def _held(state: OutgoingState) -> Next:
    """In a talk: music for whom the operator's phone holds; who is taken back hears the operator again."""
    if state.phase != "talk":
        return state, ()
    if not state.held:
        return state, (HoldCitizen(False),)
    after, music = _music(replace(state, pieces=0))
    return after, (HoldCitizen(True), *music)


def _music(state: OutgoingState) -> Next:
    return replace(state, pieces=state.pieces + 1), (Music(state.pieces),)


def _seat_gone(state: OutgoingState, reason: str) -> Next:
    if state.phase == "seat":
        return _over(state, "seat_failed", reason or "gone")
    if state.phase == "talk":
        return _over(state, "reached", "operator_left", DropLine("citizen", "operator_left"))
    if state.phase == "citizen":
        return _over(state, _unfinished(state, "cancelled"), "operator_left", DropLine("citizen", "operator_left"))
    return _over(state, state.result or "cancelled", state.cause or "operator_left")


def _citizen_gone(state: OutgoingState, event: CitizenGone) -> Next:
    if state.phase == "talk":
        return _over(state, "reached", "citizen_left", DropLine("seat", "citizen_left"))
    if state.phase != "citizen":
        return state, ()
    result = result_of(event.reason, event.code, event.q850)
    tone: Tone = "busy" if result == "busy" else "failed"
    sorry = replace(state, phase="sorry", result=result, cause=event.reason, code=event.code, q850=event.q850)
    return sorry, (PlayTone(tone, SORRY_LIMIT_MS),)


def _unfinished(state: OutgoingState, otherwise: str) -> str:
    """A phone that rang and was not lifted was called, whoever ended it."""
    return "no_answer" if state.rang else otherwise


def _over(state: OutgoingState, result: str, cause: str, *commands: Command) -> Next:
    return replace(state, phase="over", result=result, cause=cause), commands
