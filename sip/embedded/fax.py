"""A fax machine that calls 传真: its calling tone CNG, 1100 Hz for half a second every 3.5 s (ITU-T T.30 §4.3.3).

Pure and by batches. A burst is sound with next to nothing in it but 1100 Hz, as long and as even as T.30 has it; two of
them, with the right pause between, are a fax. Speech and music hold such a tone for a moment, but not for half a second
between two silences (of it), and not again after 3 s. The tone of a fax that answers (CED, 2100 Hz) is none that calls.

Every call is listened to for a minute, and nearly none is a fax. So most sound is only glanced at: of eight packets
one, and of that one how often its sign changes. A burst is seen so twice at the least; from those eight packets on all
is listened to.
"""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from sip.embedded.rtp import DECODE, G722, RATE, Packet, later

HZ = (1062.0, 1081.0, 1100.0, 1119.0, 1138.0)  # T.30 allows 38 Hz; a window of 40 ms tells 25 Hz apart
WINDOW = RATE * 40 // 1000
_PURE = 0.85  # share of a window's energy in the tone
_LEAST = 100.0**2 * WINDOW / 2  # energy: a tone of -43 dBm0
_BURST = (0.325, 0.7)  # s: T.30 has 0.5 with 15 %; a window at each end may be cut, and a packet of sound lost
_PAUSE = (2.25, 3.75)  # s: T.30 has 3.0 with 15 %
_STEADY = 10**0.3  # levels of neighbouring windows: 3 dB
_LOST = 2  # windows inside a burst that may be damaged
LISTENS_S = 60.0  # from the first sound on: a machine gives up within 40 s (T1)
_GLANCE = 8  # packets of which one is glanced at: few, for what is kept of all calls drives other things from the cache
_TOGETHER = 25  # packets decoded at once: each by itself cost as much as all the rest of a call
_CHANGES = (0.25, 0.34)  # of sign by sample: 0.275 is 1100 Hz, more is with all the noise that _PURE allows


class FaxReceiver:
    """Says once that a fax calls, at the end of its second burst. Feed it with one direction's sound."""

    def __init__(self) -> None:
        self._rest = b""
        self._next: int | None = None  # timestamp expected next
        self._at = 0  # windows since the first sound
        self._from = self._to = -_LOST - 1  # the burst that goes on: its first window, and the one after its last
        self._level = 0.0
        self._before: int | None = None  # where the burst before it ended
        self.found = False
        self.done = False  # a fax was found, or it is too late for one
        self._kept: list[bytes] = []  # packets one after the other, not decoded yet
        self._kept_from = self._kept_to = 0  # their timestamps
        self._kept_pt = -1
        self._enough = _GLANCE  # so many are kept; _TOGETHER while it is listened to all

    def settled(self, packet: Packet, pcm: bytes) -> bool:
        """Take a packet; ``pt``: its codec. ``pcm``: its sound, where it is wide. True: a fax calls, or none will.

        G.711 is heard when some more packets have come. Of each call each packet passes here: written at length.
        """
        pt, _, _, ts, _, payload = packet
        if pt == G722:
            self.packet(ts, pcm)
            return self.done
        kept = self._kept
        if ts != self._kept_to or pt != self._kept_pt:  # something is missing in between, or another begins
            if kept:
                self._judge()
            if kept:
                self._heard()
            self._kept_from, self._kept_pt = ts, pt
        kept.append(payload)
        self._kept_to = (ts + len(payload)) & 0xFFFFFFFF
        if len(kept) >= self._enough:
            self._judge()
        return self.done

    def _judge(self) -> None:
        """Listen to what is kept, or forget it when nothing is seen in it; a tone that is seen is listened to on."""
        if self._enough == _TOGETHER:
            self._heard()
        elif seems_a_tone(self._kept[-1]):
            self._enough = _TOGETHER
        else:
            self._pass()

    def _pass(self) -> None:
        """What is kept is as good as silence."""
        samples = (self._kept_to - self._kept_from) & 0xFFFFFFFF
        gap = self._gap(self._kept_from, samples)
        self._kept.clear()
        self._kept_from = self._kept_to
        if gap is not None:
            count, left = divmod(len(self._rest) // 2 + gap + samples, WINDOW)
            self._rest = bytes(2 * left)
            self._at += count
            self.done = self._at * WINDOW > LISTENS_S * RATE

    def _heard(self) -> None:
        """Decode what is kept, and listen."""
        codes, begun = b"".join(self._kept), self._kept_from
        self._kept.clear()
        self._kept_from = self._kept_to
        self.packet(begun, DECODE[self._kept_pt](codes))
        if self._from == self._to and len(self._rest) < 2 * WINDOW:  # no burst goes on, and all is heard
            self._enough = _GLANCE

    def packet(self, ts: int, pcm: bytes) -> bool:
        """Sound of one packet. ``ts``: its timestamp; what is lost or was not sent is silence. True: a fax calls."""
        gap = self._gap(ts, len(pcm) // 2)
        return gap is not None and self.feed(bytes(2 * gap) + pcm if gap else pcm)

    def _gap(self, ts: int, samples: int) -> int | None:
        """Samples that are missing before these; None: they were overtaken."""
        gap = 0 if self._next is None else later(ts, self._next, 32)
        if -RATE < gap < 0:
            return None
        self._next = (ts + samples) & 0xFFFFFFFF
        return gap if 0 < gap <= LISTENS_S * RATE else 0  # otherwise a new source

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
                self.found = self.done = True
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


def seems_a_tone(codes: bytes) -> bool:
    """Whether the sign of this G.711 changes as often as that of the tone."""
    signs = int.from_bytes(codes, "little") & _signs(len(codes))
    changes = ((signs ^ signs >> 8) & _signs(len(codes) - 1)).bit_count()
    return _CHANGES[0] * len(codes) <= changes <= _CHANGES[1] * len(codes)


@lru_cache(maxsize=8)
def _signs(count: int) -> int:
    """The bits of so many codes that are their signs."""
    return int.from_bytes(b"\x80" * count, "little")


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
