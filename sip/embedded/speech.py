"""Is anybody speaking? Energy over an adaptive noise floor, tones left out (pure, 20 ms frames)."""

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
_SPEECH_FRAMES = 3  # so many of the last five: a click is not speech
_ROWS = (697.0, 770.0, 852.0, 941.0)  # ITU-T Q.23
_COLUMNS = (1209.0, 1336.0, 1477.0, 1633.0)
_CALL_PROGRESS = 450.0  # dial and busy tone on Chinese lines
_PURE = 0.8  # share of a frame's energy in the tone


class SpeechDetector:
    """How long it has been quiet, fed with the PCM of one direction."""

    def __init__(self) -> None:
        self._rest = b""
        self._levels: deque[float] = deque([0.0] * _FLOOR_FRAMES, maxlen=_FLOOR_FRAMES)
        self._recent: deque[bool] = deque([False] * 5, maxlen=5)
        self.quiet_ms = 0
        self.heard = False  # whether anybody spoke at all

    def feed(self, pcm: bytes) -> None:
        """Audio in order, any length."""
        data = self._rest + pcm
        whole = len(data) // (2 * FRAME)
        self._rest = data[whole * 2 * FRAME :]
        for n in range(whole):
            self._frame(np.frombuffer(data, "<i2", FRAME, 2 * FRAME * n).astype(np.float64))

    def _frame(self, samples: NDArray[np.float64]) -> None:
        samples = samples - samples.mean()  # a DC offset is not sound
        level = float(np.sqrt(samples @ samples / FRAME))
        self._levels.append(level)
        floor = min(min(self._levels), _LOUDEST_FLOOR)
        loud = level > max(_QUIETEST, _ABOVE_FLOOR * floor)
        self._recent.append(loud and not is_tone(samples))
        if sum(self._recent) >= _SPEECH_FRAMES:
            self.quiet_ms, self.heard = 0, True
        else:
            self.quiet_ms += FRAME_MS


def is_tone(samples: NDArray[np.float64]) -> bool:
    """Whether a frame is a DTMF key or a call-progress tone and next to nothing else."""
    energy = float(samples @ samples)
    if energy == 0.0:
        return False
    parts = _tones() @ samples
    power = (parts[0::2] ** 2 + parts[1::2] ** 2) * 2 / FRAME  # of a sine: its energy in the frame
    key = float(power[:4].max() + power[4:8].max())
    return max(key, float(power[8])) > _PURE * energy


@cache
def _tones() -> NDArray[np.float64]:
    time = 2 * np.pi * np.arange(FRAME) / RATE
    rows = [wave(f * time) for f in (*_ROWS, *_COLUMNS, _CALL_PROGRESS) for wave in (np.cos, np.sin)]
    return np.array(rows)
