"""Clips as G.711, encoded once and kept."""

from __future__ import annotations

from collections import OrderedDict

from ivr.telephony import Clip
from sip.embedded.rtp import ENCODE, FRAME, SILENCE


class FrameCache:
    """Encoded clips by clip id and payload type, the least recently used forgotten first.

    An encoded clip is a whole number of 20 ms frames: its last one is filled up with silence.
    """

    def __init__(self, limit_bytes: int = 64 * 1024 * 1024) -> None:
        self._limit = limit_bytes
        self._size = 0
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()

    def encoded(self, clip: Clip, pt: int) -> bytes:
        """The clip as payload bytes of payload type 0 or 8."""
        key = (clip.id, pt)
        codes = self._kept.get(key)
        if codes is None:
            codes = ENCODE[pt](clip.pcm)
            codes += SILENCE[pt][: -len(codes) % FRAME]
            self._kept[key] = codes
            self._size += len(codes)
            while self._size > self._limit and len(self._kept) > 1:
                self._size -= len(self._kept.popitem(last=False)[1])
        else:
            self._kept.move_to_end(key)
        return codes
