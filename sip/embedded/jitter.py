"""Received audio put back in order on one time line (pure: time is counted in samples)."""

from __future__ import annotations

import heapq

from sip.embedded.rtp import FRAME, RATE, later

DEPTH = 5 * FRAME  # how long a missing packet is waited for: 100 ms
_RESTART = RATE  # a jump of more than a second is a new beginning, not a loss
_LATE_RUN = 5  # so many late ones in a row: the source's clock did not run during its silence


class JitterBuffer:
    """Puts PCM in order by timestamp, drops what is late, fills what is lost with silence.

    ``push`` and ``fill`` return the PCM that is final now, in order; ``flush`` what was still held.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, bytes]] = []  # samples after the anchor, order, pcm
        self._order = 0
        self._ssrc = -1
        self._anchor = 0  # timestamp of position 0
        self._next = 0  # position of the next sample to give out
        self._late_run = 0
        self.dropped = 0  # packets that came too late or overlapped
        self.filled = 0  # samples of silence in place of lost packets

    @property
    def held(self) -> int:
        """Samples waiting for an earlier packet, from the next position to the latest end."""
        return max((at + len(pcm) // 2 for at, _, pcm in self._heap), default=self._next) - self._next

    def push(self, ssrc: int, ts: int, pcm: bytes) -> bytes:
        """A packet came. ``pcm``: its decoded 16-bit audio."""
        out = b""
        at = self._next + later(ts, (self._anchor + self._next) & 0xFFFFFFFF, 32)
        if ssrc != self._ssrc or abs(at - self._next) > _RESTART:
            out, at = self._restart(ssrc, ts)
        elif at < self._next:
            self._late_run += 1
            if self._late_run < _LATE_RUN:
                self.dropped += 1
                return b""
            out, at = self._restart(ssrc, ts)
        self._late_run = 0
        heapq.heappush(self._heap, (at, self._order, pcm))
        self._order += 1
        return out + self._ready(DEPTH)

    def fill(self, samples: int) -> bytes:
        """Time went by without packets: what is held, then silence, ``samples`` in all at least."""
        out = self._ready(0)
        missing = samples - len(out) // 2
        if missing > 0:
            self._next += missing
            out += bytes(2 * missing)
        return out

    def flush(self) -> bytes:
        """Everything still held, with the gaps between filled."""
        return self._ready(0)

    def _restart(self, ssrc: int, ts: int) -> tuple[bytes, int]:
        out = self._ready(0)
        self._ssrc, self._anchor = ssrc, (ts - self._next) & 0xFFFFFFFF
        return out, self._next

    def _ready(self, depth: int) -> bytes:
        """What is in order; beyond ``depth`` samples held, what is missing counts as lost."""
        out = []
        while self._heap:
            at, _, pcm = self._heap[0]
            if at > self._next:
                if self.held <= depth:
                    break
                gap = at - self._next
                out.append(bytes(2 * gap))
                self.filled += gap
                self._next = at
            heapq.heappop(self._heap)
            if at < self._next:
                self.dropped += 1  # overlaps what was given out
                continue
            out.append(pcm)
            self._next += len(pcm) // 2
        return b"".join(out)
