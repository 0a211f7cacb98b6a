"""The engine's lines: from their first event to their last, and nothing after it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import get_args

from ivr.telephony import EngineEvent, FailReason, Held, LineFailed, LineGone, LineRinging, LineSpeaks
from sip.core.events import Ended, HeldChanged, Ringing, Speaks, Up
from sip.core.fork import Fork, Told
from sip.core.leg_in import InboundLeg
from sip.core.leg_out import OutboundLeg
from sip.core.phones import RegisteredPhone
from sip.core.referral import Referral
from sip.embedded.media import Stream

_LAST_FILE_S = 10.0  # how long the end of a line waits for its recording to reach the disk


def now_ms() -> int:
    """UTC in milliseconds, as the port's events carry it."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True, eq=False)
class EmbeddedLeg:
    """One telephone leg as the port names it. ``leg``: None while an address is looked up, or a seat's phones ring.

    ``fork`` and ``sounds``: of those phones, until one of them is the leg.
    ``trunk``: a call that came over it. ``number``: of who calls, None when withheld.
    """

    name: str
    leg: InboundLeg | OutboundLeg | None = None
    sound: Stream | None = None
    fork: Fork | None = None
    sounds: dict[object, Stream] = field(default_factory=dict)
    trunk: bool = False
    number: str | None = None
    referral: Referral | None = None  # what the phone of a seat asks for
    up: bool = False
    speaks: bool = False  # it is heard before its answer
    gone: bool = False
    recordings: int = 0  # begun and not yet told of
    last_word: EngineEvent | None = None  # waits for the recordings

    @property
    def stream(self) -> Stream | None:
        """Its audio, once it is up or speaks."""
        return self.sound if self.up or self.speaks else None


class EmbeddedLegs:
    """Every live line by name and by leg. ``idle`` is set whenever the last one has ended."""

    def __init__(self, emit: Callable[[EngineEvent], None]) -> None:
        self._emit = emit
        self._lines: dict[str, EmbeddedLeg] = {}
        self._of_leg: dict[object, EmbeddedLeg] = {}
        self._ending: set[EmbeddedLeg] = set()
        self.idle = asyncio.Event()
        self.idle.set()

    def __len__(self) -> int:
        return len(self._lines) + len(self._ending)

    def names(self) -> list[str]:
        return list(self._lines)

    def get(self, name: str) -> EmbeddedLeg | None:
        return self._lines.get(name)

    def of(self, leg: object) -> EmbeddedLeg | None:
        """The line of the leg an event names."""
        return self._of_leg.get(leg)

    @property
    def incoming(self) -> int:
        """How many lines are calls from outside."""
        return sum(isinstance(line.leg, InboundLeg) for line in self._lines.values())

    def add(self, line: EmbeddedLeg) -> None:
        self._lines[line.name] = line
        self.idle.clear()
        if line.leg is not None:
            self._of_leg[line.leg] = line

    def attach(self, line: EmbeddedLeg, leg: OutboundLeg, sound: Stream) -> None:
        line.leg, line.sound = leg, sound
        self._of_leg[leg] = line

    def begin(self, line: EmbeddedLeg, fork: Fork) -> None:
        """The phones of a seat are about to ring."""
        line.fork = fork
        self._of_leg[fork] = line

    def ring(self, line: EmbeddedLeg, leg: OutboundLeg, phone: RegisteredPhone, sound: Stream) -> None:
        """One of them does."""
        assert line.fork is not None
        line.fork.add(leg, phone)
        line.sounds[leg] = sound
        self._of_leg[leg] = line

    def told(self, event: Told) -> Told | None:
        """What an event of a leg is for its line: of a seat's phones only what counts."""
        line = self.of(event.leg)
        if line is None or line.fork is None or event.leg is line.leg:
            return event
        found = line.fork.happened(event)
        if isinstance(found, Up) and isinstance(found.leg, OutboundLeg):
            line.leg, line.sound = found.leg, line.sounds[found.leg]
            line.sounds.clear()
        elif isinstance(event, Ended):
            self._of_leg.pop(event.leg, None)
            line.sounds.pop(event.leg, None)
        return found

    def happened(self, event: Ringing | Speaks | HeldChanged | Ended) -> None:
        """What a leg told, in the port's words."""
        line = self.of(event.leg)
        if line is None:
            return
        match event:
            case Ringing():
                self._emit(LineRinging(line.name, now_ms()))
            case Speaks():
                line.speaks = True
                self._emit(LineSpeaks(line.name, now_ms()))
            case HeldChanged(held=held):
                self._emit(Held(line.name, now_ms(), held))
            case Ended(leg, by, cause, code):
                if line.up or isinstance(leg, InboundLeg):
                    self.end(line, LineGone(line.name, now_ms(), by, cause))
                else:
                    reason: FailReason = next((r for r in get_args(FailReason) if r == cause), "error")
                    self.end(line, LineFailed(line.name, now_ms(), reason, code, getattr(leg, "q850", 0)))

    def tell(self, line: EmbeddedLeg, event: EngineEvent) -> None:
        """Say it unless the line is gone."""
        if not line.gone:
            self._emit(event)

    def recorded(self, line: EmbeddedLeg, event: EngineEvent) -> None:
        """A recording is on disk; the line's end may have waited for it."""
        line.recordings -= 1
        if not line.gone or line in self._ending:
            self._emit(event)
        if line.gone and not line.recordings:
            self._say_last(line)

    def end(self, line: EmbeddedLeg, event: EngineEvent) -> None:
        """The line takes no more verbs; ``event`` is its last word, after its recordings."""
        self._lines.pop(line.name, None)
        self._of_leg.pop(line.leg, None)
        self._of_leg.pop(line.fork, None)
        line.gone, line.last_word = True, event
        self._ending.add(line)
        if line.recordings:
            asyncio.get_running_loop().call_later(_LAST_FILE_S, self._say_last, line)
        else:
            self._say_last(line)

    def finish(self) -> None:
        """Say every last word that still waits."""
        for line in list(self._ending):
            self._say_last(line)

    def _say_last(self, line: EmbeddedLeg) -> None:
        if line in self._ending and line.last_word is not None:
            self._ending.discard(line)
            self._emit(line.last_word)
        if not self:
            self.idle.set()
