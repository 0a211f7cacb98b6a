"""Clips as they are sent, encoded once and kept."""

from __future__ import annotations

import asyncio
import logging
import wave
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np

from ivr.telephony import Clip
from sip.embedded import wideband
from sip.embedded.rtp import ENCODE, FRAME, G722, SILENCE

log = logging.getLogger(__name__)


class FrameCache:
    """Encoded clips by clip id and codec, the least recently used forgotten first.

    An encoded clip is a whole number of 20 ms frames: its last one is filled up with silence.
    """

    def __init__(self, limit_bytes: int = 64 * 1024 * 1024) -> None:
        self._limit = limit_bytes
        self._size = 0
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._making: set[asyncio.Task[None]] = set()  # held, so that none is collected half way

    def encoded(self, clip: Clip, codec: int) -> bytes:
        """The clip as payload bytes of a codec."""
        key = (clip.id, codec)
        codes = self._kept.get(key)
        if codes is None:
            codes = _encoded(clip, codec)
            self._keep(key, codes)
        else:
            self._kept.move_to_end(key)
        return codes

    def request(self, clips: Sequence[Clip], codec: int, then: Callable[[bytes], None]) -> None:
        """Call ``then`` with clips as they are sent behind each other: at once, or when a thread has encoded them.

        G.722 takes a thousandth of the time it lasts, too long for the loop that sends everybody's sound.
        """
        missing = [clip for clip in clips if codec == G722 and (clip.id, codec) not in self._kept]
        if not missing:
            then(self._joined(clips, codec))
            return

        async def made() -> None:
            for clip in missing:
                codes = await asyncio.to_thread(_encoded, clip, codec)
                self._keep((clip.id, codec), codes)
            then(self._joined(clips, codec))

        task = asyncio.get_running_loop().create_task(made())
        self._making.add(task)
        task.add_done_callback(self._making.discard)

    def _joined(self, clips: Sequence[Clip], codec: int) -> bytes:
        parts = [self.encoded(clip, codec) for clip in clips]
        if codec == G722:
            return wideband.joined(parts)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _keep(self, key: tuple[str, int], codes: bytes) -> None:
        self._size += len(codes) - len(self._kept.get(key, b""))
        self._kept[key] = codes
        while self._size > self._limit and len(self._kept) > 1:
            self._size -= len(self._kept.popitem(last=False)[1])


def _encoded(clip: Clip, codec: int) -> bytes:
    if codec == G722:
        return wideband.silence(-(-len(clip.pcm) // (2 * FRAME))) if not any(clip.pcm) else wideband.encode(_wide(clip))
    codes = ENCODE[codec](clip.pcm)
    return codes + SILENCE[codec][: -len(codes) % FRAME]


def _wide(clip: Clip) -> wideband.Samples:
    """The clip at 16 kHz: from its file, or widened where it has none that can be read."""
    if clip.wide is not None:
        try:
            with wave.open(str(clip.wide), "rb") as file:
                if (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (wideband.WIDE, 2, 1):
                    return np.frombuffer(file.readframes(file.getnframes()), "<i2")
        except (OSError, EOFError, wave.Error) as error:
            log.warning("the wide sound of %s cannot be read: %s", clip.id, error)
    return wideband.widened(clip.pcm)
