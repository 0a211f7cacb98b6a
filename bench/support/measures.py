"""Figures from what callers heard (pure): how long after a key the prompt began, and how evenly the sound came."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import pairwise

from support.callers import Call

GAP_MS = 40.0
FRAME = 160  # samples of 20 ms


def waits_of(call: Call) -> list[float]:
    """From the last packet of each key to the first packet of the prompt that is looked for, ms.

    Less than 0: a key counts from its first packet, and the prompt came before the key was let go.
    """
    waits = []
    for sent, following in zip(call.keys_sent, [*call.keys_sent[1:], time.time_ns()], strict=True):
        first = next(((at, frame) for at, frame in call.heard if sent - 100_000_000 < at < following), None)
        if first is not None:
            at, frame = first
            waits.append((at - sent) / 1e6 - 20 * frame)
    return waits


@dataclass(frozen=True)
class Pacing:
    """Pauses between two packets of one piece of sound: how many there were, how many over ``GAP_MS``, the widest."""

    packets: int
    wide: int
    widest_ms: float

    @property
    def share(self) -> float:
        """Of the pauses, how many were too wide."""
        return self.wide / self.packets if self.packets else 0.0


def pacing(arrivals: list[int], stamps: list[bytes], begin: int, end: int) -> Pacing:
    """Between ``begin`` and ``end`` (ns). ``stamps``: sequence number, time stamp, source of each packet.

    Only packets that follow each other in the sender's own count and time are compared: where a sender says
    nothing between two prompts there is no gap.
    """
    packets, wide, widest = 0, 0, 0.0
    for (at, stamp), (then, following) in pairwise(zip(arrivals, stamps, strict=True)):
        if at < begin or then > end or not _follow(stamp, following):
            continue
        pause = (then - at) / 1e6
        packets += 1
        wide += pause > GAP_MS
        widest = max(widest, pause)
    return Pacing(packets, wide, widest)


def together(parts: list[Pacing]) -> Pacing:
    """Of all calls."""
    return Pacing(
        sum(part.packets for part in parts),
        sum(part.wide for part in parts),
        max((part.widest_ms for part in parts), default=0.0),
    )


def _follow(one: bytes, other: bytes) -> bool:
    sequence = (int.from_bytes(other[:2], "big") - int.from_bytes(one[:2], "big")) & 0xFFFF
    ahead = (int.from_bytes(other[2:6], "big") - int.from_bytes(one[2:6], "big")) & 0xFFFFFFFF
    return sequence == 1 and ahead == FRAME and one[6:] == other[6:]
