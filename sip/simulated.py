"""What the simulator keeps: its lines, and who hears whom."""

from __future__ import annotations

import wave
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ivr.clock import Timer
from ivr.telephony import Clip


@dataclass(slots=True)
class SimulatedLine:
    """One leg and what happens on it."""

    id: str
    seat: str = ""
    up: bool = False
    answering: bool = False
    ringing: bool = False
    heard: list[Clip] = field(default_factory=list)
    playing: str | None = None
    play_from: int = 0
    clips: Sequence[Clip] = ()  # of what plays
    cut: list[str] = field(default_factory=list)  # texts not heard to their end
    play_timer: Timer | None = None
    record: tuple[str, Path, int, int] | None = None  # token, path, max_ms, silence_ms
    record_from: int = 0
    record_timer: Timer | None = None
    speech_until: int = 0
    spoke_ms: int = 0
    timers: list[Timer] = field(default_factory=list)


class Rooms:
    """Who talks with whom: a line is in one room at most, and a room of one is none."""

    def __init__(self) -> None:
        self._rooms: dict[str, tuple[str, ...]] = {}

    def join(self, lines: Iterable[str]) -> None:
        """Let these talk; whoever talked with one of them and is left out is alone."""
        here = tuple(lines)
        for line in here:
            for other in self._rooms.get(line, ()):
                self._rooms.pop(other, None)
        if len(here) > 1:
            self._rooms.update(dict.fromkeys(here, here))

    def leave(self, line: str) -> None:
        """Take a line out; the others talk on, if there are two."""
        self.join(other for other in self._rooms.pop(line, ()) if other != line)

    def others(self, line: str) -> tuple[str, ...]:
        """Return who is in the room with a line."""
        return tuple(other for other in self._rooms.get(line, ()) if other != line)


def write_silence(path: Path, ms: int) -> None:
    """Write a WAV of so many milliseconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"\x00\x00" * (8 * ms))
