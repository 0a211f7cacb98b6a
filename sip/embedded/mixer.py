"""More than two who hear each other: everybody the sum of the others (N-1), a frame each 20 ms.

Two are bridged, packet by packet as they come; only here sound is decoded, waits a moment so that nobody's network is
heard in everybody's ear, and is put together anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from sip.embedded.pacer import Paced
from sip.embedded.rtp import FRAME, RATE, later

log = logging.getLogger(__name__)

_LOST = 5 * FRAME  # samples: so many that did not come leave a hole; more were a silence
_MORE = 5 * FRAME  # that may wait beyond what has to: a clock that runs faster than ours
_FRAME = 2 * FRAME  # bytes


class Waiting:
    """What one of them said and was not heard yet (pure): in order, never more than a moment."""

    def __init__(self) -> None:
        self._pcm = bytearray()
        self._flows = False
        self._ssrc, self._next = -1, 0  # the timestamp that is due
        self._least = 2 * FRAME  # samples that wait before the first is heard

    def push(self, ssrc: int, ts: int, pcm: bytes) -> None:
        """A packet came: its sound. One that was overtaken is left out."""
        missing = later(ts, self._next, 32) if ssrc == self._ssrc else 0
        if -RATE < missing < 0:
            return
        samples = len(pcm) // 2
        self._ssrc, self._next = ssrc, (ts + samples) & 0xFFFFFFFF
        self._least = max(self._least, FRAME + samples)
        if self._flows and 0 < missing <= _LOST:
            self._pcm += bytes(2 * missing)
        self._pcm += pcm
        if len(self._pcm) > 2 * (self._least + _MORE):
            del self._pcm[: len(self._pcm) - 2 * self._least]

    def frame(self) -> bytes:
        """The next 20 ms; empty when nothing is said."""
        self._flows = len(self._pcm) >= (_FRAME if self._flows else 2 * self._least)
        if not self._flows:
            return b""
        frame = bytes(self._pcm[:_FRAME])
        del self._pcm[:_FRAME]
        return frame


def mixed(said: Sequence[bytes]) -> list[bytes]:
    """What each hears when these speak at once, 20 ms of 16-bit PCM each (empty: nothing is said); too loud is cut."""
    sounds: list[NDArray[np.int16] | None] = [np.frombuffer(one, "<i2") if one else None for one in said]
    total = np.zeros(FRAME, np.int32)
    for sound in sounds:
        if sound is not None:
            total += sound
    others = [total if sound is None else total - sound for sound in sounds]
    return [np.clip(one, -32768, 32767).astype("<i2").tobytes() for one in others]


class Listener(Protocol):
    """One of a conference: an audio stream."""

    @property
    def listens(self) -> bool:
        """Whether it takes part now: one on hold neither hears nor is heard."""

    def hear(self, pcm: bytes) -> None:
        """What the others say, 20 ms from now on."""


One = TypeVar("One", bound=Listener)


class Mixer(Generic[One]):
    """One conference, paced like a stream. ``over``: it is empty, or broke; called once."""

    def __init__(self, over: Callable[[Paced], None]) -> None:
        self._over: Callable[[Paced], None] | None = over
        self._said: dict[One, Waiting] = {}

    @property
    def members(self) -> list[One]:
        return list(self._said)

    def join(self, one: One) -> None:
        self._said.setdefault(one, Waiting())

    def leave(self, one: One) -> None:
        self._said.pop(one, None)
        if not self._said:
            self._end()

    def say(self, one: One, ssrc: int, ts: int, pcm: bytes) -> None:
        """A packet of one of them came."""
        waiting = self._said.get(one)
        if waiting is not None:
            waiting.push(ssrc, ts, pcm)

    def tick(self, now: float) -> None:
        """Let everybody hear what the others said."""
        frames = {one: waiting.frame() for one, waiting in self._said.items()}
        here = [one for one in frames if one.listens]
        for one, pcm in zip(here, mixed([frames[one] for one in here]), strict=True):
            one.hear(pcm)

    def skip(self, frames: int) -> None:
        """Time went by unheard; what came meanwhile is bounded where it waits."""

    def broke(self, error: Exception) -> None:
        """An error of ours: they hear silence."""
        log.error("a conference ends by an error of ours", exc_info=error)
        self._said.clear()
        self._end()

    def _end(self) -> None:
        over, self._over = self._over, None
        if over is not None:
            over(self)
