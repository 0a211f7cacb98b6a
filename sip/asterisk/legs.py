"""Legs of the Asterisk engine. A leg's name is the id of its channel in Asterisk.

A seat's line has a channel for each phone that rings: the first is named as the line, the others ``<line>~1``,
``<line>~2`` …; the one that is lifted stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sip.asterisk.keys import Press

_PART = "~"
By = Literal["far", "us", "failure"]


@dataclass(slots=True)
class RunningRecording:
    """One recording that runs: its ``name`` in Asterisk, and what the port asked for."""

    name: str
    token: str
    path: Path
    max_ms: int
    stopped: bool = False


@dataclass(slots=True, eq=False)
class AsteriskLeg:
    """One telephone leg. ``seat``: whom it was dialled to ring; empty for a call from outside.

    Of a line that was dialled: ``channel`` (the one that counts once it is up), ``phones`` (the channels that ring),
    ``ends`` (of those that failed: Q.850 cause, SIP code). Of a citizen's: ``citizen``, ``ring_s`` (how long Asterisk
    rings him, 0 when that was said already), ``speaks`` (what the network says can be heard).
    ``transfer``: the token of what its phone asked for and has no end yet, ``transfer_at``: when, in Asterisk's words.
    Of a call from outside: ``calls_as`` (the seat whose phone it is), ``source`` (address), ``trunk`` (it came over
    that), ``number`` (None: withheld), ``heard`` (sound or a key came from it); loop
    times ``up_at``, ``asked_at`` and ``silent_at`` (asked, nothing had come).
    """

    name: str
    seat: str = ""
    up: bool = False
    channel: str = ""
    phones: set[str] = field(default_factory=set)
    ends: list[tuple[int, int]] = field(default_factory=list)
    citizen: bool = False
    ring_s: int = 0
    speaks: bool = False
    rang: bool = False
    answering: bool = False  # the answer was asked for
    verdict: tuple[By, str] | None = None  # we asked for its end: by whom it ends, and why
    rung_out: bool = False
    leaving: bool = False  # the far end hung up; the channel is on its way out
    playing: tuple[str, str] | None = None  # token, playback id
    recording: RunningRecording | None = None
    transfer: str = ""
    transfer_at: str = ""
    calls_as: str = ""
    bridge: str | None = None
    held: bool = False
    pressed: Press | None = None  # the last key
    last: tuple[int, int] | None = None  # its end (Q.850 cause, SIP code) waits for its recording
    source: str = ""
    trunk: bool = False
    number: str | None = None
    heard: bool = False
    up_at: float | None = None
    asked_at: float = 0.0
    silent_at: float | None = None
    timers: list[asyncio.TimerHandle] = field(default_factory=list)

    @property
    def there(self) -> bool:
        """Can it be heard?"""
        return self.up or self.speaks

    def __post_init__(self) -> None:
        self.channel = self.channel or self.name


def channel_of_line(line: str, number: int) -> str:
    """The id of a line's channel to its phone of this number, from 0."""
    return f"{line}{_PART}{number}" if number else line


def line_of(channel: str) -> str:
    """The line a channel belongs to."""
    return channel.partition(_PART)[0]


class AsteriskLegs:
    """Every live line; ``idle`` is set whenever there is none."""

    def __init__(self) -> None:
        self._lines: dict[str, AsteriskLeg] = {}
        self.idle = asyncio.Event()
        self.idle.set()

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[AsteriskLeg]:
        return iter(list(self._lines.values()))

    def get(self, name: str) -> AsteriskLeg | None:
        return self._lines.get(name)

    def of(self, channel: str) -> AsteriskLeg | None:
        """The line a channel is of, or rings for."""
        line = self._lines.get(line_of(channel))
        return line if line is not None and (channel == line.channel or channel in line.phones) else None

    def live(self, name: str) -> AsteriskLeg | None:
        """The line unless its end is on the way."""
        line = self._lines.get(name)
        return line if line is not None and line.last is None else None

    @property
    def incoming(self) -> int:
        """How many are calls from outside that we have not ended."""
        return sum(not line.seat and line.verdict is None for line in self._lines.values())

    def add(self, line: AsteriskLeg) -> None:
        self._lines[line.name] = line
        self.idle.clear()

    def remove(self, line: AsteriskLeg) -> None:
        for timer in line.timers:
            timer.cancel()
        self._lines.pop(line.name, None)
        if not self._lines:
            self.idle.set()

    def playing(self, playback: str) -> AsteriskLeg | None:
        """The line a playback is heard on."""
        return next((line for line in self if line.playing and line.playing[1] == playback), None)

    def recording(self, name: str) -> AsteriskLeg | None:
        """The line a recording is made of."""
        return next((line for line in self if line.recording and line.recording.name == name), None)
