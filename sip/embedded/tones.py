"""Keys heard as tones in the sound (ITU-T Q.23, Q.24), where no telephone-event was agreed.

Pure and by batches: every 5 ms a window of 25 ms is laid over the sound and compared with the sixteen pairs
of tones. A window says a key when next to nothing but one low and one high tone is in it, at the right
frequencies and at levels that fit together. A press is a run of such windows whose levels stay as they are.
Speech and music hold single windows like that, but not several in a row: `bench/talk_off.py` counts them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sip.embedded.rtp import RATE, later

HOP = RATE * 5 // 1000
WINDOW = RATE * 25 // 1000
LOWS = (697.0, 770.0, 852.0, 941.0)  # Hz
HIGHS = (1209.0, 1336.0, 1477.0, 1633.0)
PAD = ("123A", "456B", "789C", "*0#D")  # a row for each low tone

_OFFSETS = (-0.033, -0.025, -0.0165, -0.008, 0.0, 0.008, 0.0165, 0.025, 0.033)  # looked for around each tone
_RIGHT = range(2, 7)  # of those: up to 1.65 % off, where Q.24 asks for 1.5 % (and for none of 3.5 %)
_STEPS = len(_OFFSETS)
_TONES = tuple(tone * (1 + offset) for tone in (*LOWS, *HIGHS) for offset in _OFFSETS)
_LEAST = 300.0**2 * WINDOW / 2  # energy of a tapered window with a pair of -34 dBm0: 300 RMS in 16 bits
_PURE = 0.86  # share of a window's energy in the pair
_TWIST = (10**-0.95, 10**0.75)  # high over low tone in energy: lines lose high ones, so -8 to +4 dB and some room
_PUREST = 0.94  # of the best one of a press: noise 12 dB below it, Q.24 asks for 15 dB
_STEADY = 10**0.15  # levels of neighbouring windows of a press: 1.5 dB, which is what its edges make
_BEGIN = 5  # windows of one key in a row: 25 ms and what the window covers beyond
_LOSS = RATE * 40 // 1000  # samples
_END = 7  # windows without it: a pause, not a break of up to 10 ms


class ToneWindow(NamedTuple):
    """A window that says a key."""

    at: int  # which one of its batch
    key: str
    low: float  # energy of its low and of its high tone
    high: float
    low_off: int  # how far they are off, in steps
    high_off: int
    pure: float  # share of its energy in the pair

    def goes_on(self, before: ToneWindow | None) -> bool:
        """Whether it is the same pair of tones as in the window before it."""
        return (
            before is not None
            and self.key == before.key
            and abs(self.low_off - before.low_off) <= 1
            and abs(self.high_off - before.high_off) <= 1
            and 1 / _STEADY < self.low / before.low < _STEADY
            and 1 / _STEADY < self.high / before.high < _STEADY
        )


class ToneReceiver:
    """Tells each press once, some 40 ms after it began. Feed it with one direction's sound, in order."""

    def __init__(self) -> None:
        self._next = 0  # timestamp expected next
        self._rest: NDArray[np.float32] = np.zeros(WINDOW - HOP, np.float32)
        self._last: ToneWindow | None = None  # of a run of windows that go on
        self._run, self._purest = 0, 0.0
        self._pressed = ""
        self._misses = 0
        self._joined = 0  # so many windows more lie across a join

    def packet(self, ts: int, pcm: bytes) -> str:
        """Sound of one packet as it came. ``ts``: its timestamp. Returns what :meth:`feed` does.

        What is lost up to 40 ms is left out, as are packets that were overtaken; windows across such a join say
        nothing, so that a loss makes no two presses of one. A longer gap is a pause (of a source that sends no
        silence).
        """
        gap = later(ts, self._next, 32)
        if -RATE < gap < 0:
            return ""
        if abs(gap) > _LOSS:
            self._rest = np.zeros(WINDOW - HOP, np.float32)
            self._joined = 0
            self._miss(_END)
        elif gap:
            self._joined = WINDOW // HOP
        self._next = (ts + len(pcm) // 2) & 0xFFFFFFFF
        return self.feed(pcm)

    def feed(self, pcm: bytes) -> str:
        """16-bit PCM at 8 kHz of any length; the keys newly pressed in it, mostly none."""
        sound = np.concatenate((self._rest, np.frombuffer(pcm, "<i2").astype(np.float32)))
        count = (len(sound) - WINDOW) // HOP + 1
        if count < 1:
            self._rest = sound
            return ""
        self._rest = sound[count * HOP :]
        told, at = "", -1
        for window in windows(sound[: (count - 1) * HOP + WINDOW]):
            self._miss(window.at - at - 1)
            told += self._hit(window)
            at = window.at
        self._miss(count - at - 1)
        return told

    def _hit(self, window: ToneWindow) -> str:
        if window.goes_on(self._last):
            self._run, self._purest = self._run + 1, max(self._purest, window.pure)
        else:
            self._run, self._purest = 1, window.pure
        self._last = window
        self._joined = max(0, self._joined - 1)
        if window.key == self._pressed:
            self._misses = 0
        elif self._run >= _BEGIN and self._purest >= _PUREST:
            self._pressed, self._misses = window.key, 0
            return window.key
        return ""

    def _miss(self, count: int) -> None:
        if count <= 0:
            return
        self._last = None
        across = min(count, self._joined)
        self._joined -= across
        self._misses += count - across
        if self._misses >= _END:
            self._pressed = ""


def windows(sound: NDArray[np.float32]) -> Iterator[ToneWindow]:
    """The windows of a batch that say a key."""
    tapered = sound[_places((len(sound) - WINDOW) // HOP + 1)] * _taper()
    energy = np.einsum("ij,ij->i", tapered, tapered)
    if energy.max() <= _LEAST:
        return
    parts = tapered @ _bank()
    parts *= parts
    power = parts[:, : len(_TONES)] + parts[:, len(_TONES) :]
    low, high = power[:, : len(_TONES) // 2], power[:, len(_TONES) // 2 :]
    pure = (low.max(axis=1) + high.max(axis=1)) / np.maximum(energy, 1.0)
    for n in np.flatnonzero((pure > _PURE) & (energy > _LEAST)).tolist():
        i, j = int(low[n].argmax()), int(high[n].argmax())
        a, b = float(low[n, i]), float(high[n, j])
        (row, off), (column, beside) = divmod(i, _STEPS), divmod(j, _STEPS)
        if off in _RIGHT and beside in _RIGHT and _TWIST[0] < b / max(a, 1.0) < _TWIST[1]:
            yield ToneWindow(n, PAD[row][column], a, b, off, beside, float(pure[n]))


@lru_cache(maxsize=4)
def _places(count: int) -> NDArray[np.intp]:
    """Where the samples of so many windows stand."""
    return np.arange(count)[:, None] * HOP + np.arange(WINDOW)[None, :]


@cache
def _taper() -> NDArray[np.float32]:
    """The root of a Hann window: in the spectrum of its square one tone leaves nothing beside the other."""
    return np.sin(np.pi * (np.arange(WINDOW) + 0.5) / WINDOW).astype(np.float32)


@cache
def _bank() -> NDArray[np.float32]:
    """Cosines, then sines, of each tone and its neighbours, scaled so that a pure tone's power is its energy."""
    taper = _taper()
    time = 2 * np.pi * np.arange(WINDOW) / RATE
    scale = np.sqrt(2 / float((taper**2).sum()))
    return np.array([scale * taper * wave(f * time) for wave in (np.cos, np.sin) for f in _TONES], np.float32).T.copy()
