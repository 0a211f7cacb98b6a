"""What an operator hears while a citizen is being called: the tones of the Chinese network (GB 3380-82, 450 Hz).

Made of numbers, not of words: they need no language, no voice and no recording.
"""

from __future__ import annotations

import hashlib
import math
import struct

from ivr.outgoing.call import Tone
from ivr.telephony import SAMPLE_RATE, Clip

LEVEL = 5000  # of 32767: about as loud as a network's own
HZ = 450
# (on, off) in ms, how often. The cue is two short high beeps: a callback, not a caller.
_CADENCES: dict[Tone, tuple[int, int, int, int]] = {
    "cue": (880, 120, 90, 2),
    "ringback": (HZ, 1000, 4000, 1),
    "busy": (HZ, 350, 350, 4),
    "failed": (HZ, 700, 700, 3),
}


def clips() -> dict[Tone, Clip]:
    """Every tone, ready to be played."""
    return {tone: _clip(tone, *cadence) for tone, cadence in _CADENCES.items()}


def _clip(tone: Tone, hz: int, on_ms: int, off_ms: int, times: int) -> Clip:
    samples = [round(LEVEL * math.sin(2 * math.pi * hz * n / SAMPLE_RATE)) for n in range(on_ms * SAMPLE_RATE // 1000)]
    pcm = (struct.pack(f"<{len(samples)}h", *samples) + bytes(2 * off_ms * SAMPLE_RATE // 1000)) * times
    return Clip(hashlib.sha256(pcm).hexdigest()[:32], pcm, f"[{tone}]")
