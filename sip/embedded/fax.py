"""A fax machine that calls 传真: its calling tone CNG, 1100 Hz for half a second every 3.5 s (ITU-T T.30 §4.3.3).

Pure and by batches. A burst is sound with next to nothing in it but 1100 Hz, as long and as even as T.30 has it; two of
them, with the right pause between, are a fax. Speech and music hold such a tone for a moment, but not for half a second
between two silences (of it), and not again after 3 s. The tone of a fax that answers (CED, 2100 Hz) is none that calls.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from sip.embedded.rtp import DECODE, RATE, later

HZ = (1062.0, 1081.0, 1100.0, 1119.0, 1138.0)  # T.30 allows 38 Hz; a window of 40 ms tells 25 Hz apart
WINDOW = RATE * 40 // 1000
_PURE = 0.85  # share of a window's energy in the tone
_LEAST = 100.0**2 * WINDOW / 2  # energy: a tone of -43 dBm0
_BURST = (0.325, 0.7)  # s: T.30 has 0.5 with 15 %; a window at each end may be cut, and a packet of sound lost
_PAUSE = (2.25, 3.75)  # s: T.30 has 3.0 with 15 %
_STEADY = 10**0.3  # levels of neighbouring windows: 3 dB
_LOST = 2  # windows inside a burst that may be damaged
LISTENS_S = 60.0  # from the first sound on: a machine gives up within 40 s (T1)
_TOGETHER = 25  # packets decoded at once: each by itself cost as much as all the rest of a call


class FaxReceiver:
    """Says once that a fax calls, at the end of its second burst. Feed it with one direction's sound."""

    def __init__(self) -> None:
        self._rest = b""
        self._next: int | None = None  # timestamp expected next
        self._at = 0  # windows since the first sound
        self._from = self._to = -_LOST - 1  # the burst that goes on: its first window, and the one after its last
        self._level = 0.0
        self._before: int | None = None  # where the burst before it ended
        self.done = False  # a fax was heard, or it is too late for one
        self._kept: list[bytes] = []  # packets one after the other, not decoded yet
        self._kept_from = self._kept_to = 0  # their timestamps
        self._kept_pt = -1

    def coded(self, pt: int, ts: int, payload: bytes) -> bool:
        """A packet of G.711; ``pt``: PCMU or PCMA. Heard when some more have come. True: a fax calls."""
        kept = self._kept
        follows = ts == self._kept_to and pt == self._kept_pt and kept
        found = False
        if not follows:
            found = self._heard()
            self._kept_from, self._kept_pt = ts, pt
        kept.append(payload)
        self._kept_to = (ts + len(payload)) & 0xFFFFFFFF
        return self._heard() or found if len(kept) >= _TOGETHER else found

    def _heard(self) -> bool:
        """Decode what is kept, and listen."""
        if not self._kept:
            return False
        payload = b"".join(self._kept)
        self._kept.clear()
        return self.packet(self._kept_from, DECODE[self._kept_pt](payload))

    def packet(self, ts: int, pcm: bytes) -> bool:
        """Sound of one packet. ``ts``: its timestamp; what is lost or was not sent is silence. True: a fax calls."""
        gap = 0 if self._next is None else later(ts, self._next, 32)
        if gap < 0 and gap > -RATE:
            return False  # overtaken
        if abs(gap) > LISTENS_S * RATE:
            gap = 0  # a new source
        self._next = (ts + len(pcm) // 2) & 0xFFFFFFFF
        return self.feed(bytes(2 * gap) + pcm if gap else pcm)

    def feed(self, pcm: bytes) -> bool:
        """16-bit PCM at 8 kHz of any length. True: a fax calls."""
        if self.done:
            return False
        data = self._rest + pcm
        count = len(data) // (2 * WINDOW)
        if count < 5:  # numpy costs by the call: five windows at a time
            self._rest = data
            return False
        self._rest = data[2 * WINDOW * count :]
        for level in levels(np.frombuffer(data, "<i2", WINDOW * count).astype(np.float32).reshape(count, WINDOW)):
            if self._window(level):
                self.done = True
                return True
        self.done = self._at * WINDOW > LISTENS_S * RATE and self._from == self._to
        return False

    def _window(self, level: float) -> bool:
        """The next window; ``level``: of the tone in it, 0 when it is no tone. True: a second burst has ended."""
        here, self._at = self._at, self._at + 1
        goes_on = self._to > self._from and here - self._to <= _LOST and 1 / _STEADY < level / self._level < _STEADY
        if goes_on:
            self._to = here + 1
        elif level and here - self._to > _LOST:
            self._from, self._to = here, here + 1
        elif level:  # it changed: no even tone
            self._from = self._to = here
            self._before = None
        if level:
            self._level = level
        return here - self._to == _LOST and self._to > self._from and self._ended()

    def _ended(self) -> bool:
        seconds = WINDOW / RATE
        begun, over = self._from, self._to
        self._from = self._to
        if not _BURST[0] <= (over - begun) * seconds <= _BURST[1]:
            self._before = None
            return False
        before, self._before = self._before, over
        return before is not None and _PAUSE[0] <= (begun - before) * seconds <= _PAUSE[1]


def levels(windows: NDArray[np.float32]) -> list[float]:
    """The level of the tone in each window (rows), 0 where there is none, or something beside it."""
    energy = np.einsum("ij,ij->i", windows, windows)
    if energy.max() <= _LEAST:
        return [0.0] * len(windows)
    parts = windows @ _bank()
    parts *= parts
    power = (parts[:, : len(HZ)] + parts[:, len(HZ) :]).max(axis=1)
    tone = (power > _PURE * energy) & (energy > _LEAST)
    found: list[float] = np.where(tone, np.sqrt(energy), 0.0).tolist()
    return found


@cache
def _bank() -> NDArray[np.float32]:
    """Cosines, then sines, scaled so that a pure tone's power is its energy."""
    time = 2 * np.pi * np.arange(WINDOW) / RATE
    scale = np.sqrt(2 / WINDOW)
    return np.array([scale * wave(f * time) for wave in (np.cos, np.sin) for f in HZ], np.float32).T.copy()
