"""Is anybody speaking? Energy over an adaptive noise floor, keys left out (pure, 20 ms frames)."""

from __future__ import annotations

from collections import deque
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sip.embedded.rtp import FRAME, FRAME_MS, RATE

_QUIETEST = 100.0  # RMS of 16-bit samples, about -50 dBFS: below it nobody speaks
_LOUDEST_FLOOR = 600.0  # about -35 dBFS: a floor above it would be speech
_ABOVE_FLOOR = 2.8  # 9 dB
_FLOOR_FRAMES = 1500 // FRAME_MS  # speech pauses for breath within this time, noise does not
_RECENT, _SPEECH = 5, 3  # so many of so many frames: a click is not speech
_BATCH = 10  # frames looked at together: numpy costs by the call
_ROWS = (697.0, 770.0, 852.0, 941.0)  # ITU-T Q.23
_COLUMNS = (1209.0, 1336.0, 1477.0, 1633.0)
_PURE = 0.8  # share of a frame's energy in the tone


class SpeechDetector:
    """How long it has been quiet, fed with the PCM of one direction; up to 200 ms behind."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._levels: deque[float] = deque([0.0] * _FLOOR_FRAMES, maxlen=_FLOOR_FRAMES)
        self._recent: deque[bool] = deque([False] * _RECENT, maxlen=_RECENT)
        self.quiet_ms = 0
        self.heard = False  # whether anybody spoke at all

    def feed(self, pcm: bytes) -> None:
        """Audio in order, any length."""
        self._waiting += pcm
        self._look(len(self._waiting) // (2 * FRAME * _BATCH) * (2 * FRAME * _BATCH))

    def finish(self) -> None:
        """Nothing more comes: look at the rest too."""
        self._look(len(self._waiting) // (2 * FRAME) * (2 * FRAME))

    def _look(self, size: int) -> None:
        if not size:
            return
        frames = np.frombuffer(bytes(self._waiting[:size]), "<i2").reshape(-1, FRAME).astype(np.float32)
        del self._waiting[:size]
        frames -= frames.mean(axis=1, keepdims=True)  # a DC offset is not sound
        levels = np.sqrt((frames * frames).mean(axis=1))
        tones = tone_frames(frames) if levels.max() > _QUIETEST else np.zeros(len(frames), bool)
        for level, tone in zip(levels.tolist(), tones.tolist(), strict=True):
            self._frame(level, tone)

    def _frame(self, level: float, tone: bool) -> None:
        self._levels.append(level)
        loud = level > _QUIETEST and level > _ABOVE_FLOOR * min(min(self._levels), _LOUDEST_FLOOR)
        self._recent.append(loud and not tone)
        if self._recent.count(True) >= _SPEECH:
            self.quiet_ms, self.heard = 0, True
        else:
            self.quiet_ms += FRAME_MS


def tone_frames(frames: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which frames (rows of 160 samples) are a DTMF key and next to nothing else."""
    energy = (frames * frames).sum(axis=1)
    parts = (frames @ _tones()) ** 2
    power = (parts[:, 0::2] + parts[:, 1::2]) * (2 / FRAME)  # of a sine: its energy in the frame
    key = power[:, :4].max(axis=1) + power[:, 4:8].max(axis=1)
    return np.asarray(key > _PURE * np.maximum(energy, 1.0))


@cache
def _tones() -> NDArray[np.float32]:
    time = 2 * np.pi * np.arange(FRAME) / RATE
    waves = [wave(f * time) for f in (*_ROWS, *_COLUMNS) for wave in (np.cos, np.sin)]
    return np.array(waves, np.float32).T.copy()
