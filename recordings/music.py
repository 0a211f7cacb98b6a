"""Music for callers on hold: ours, composed and made here (free of anybody's rights), or a centre's own file.

A quiet figure over four chords of the pentatonic scale, plucked, no voice and no drums, in the middle of the telephone
band. It comes in pieces of 30 s, since between two pieces a word is said.
"""

from __future__ import annotations

import logging
import wave
from pathlib import Path

from recordings.cache import write_atomic
from recordings.sound import wav_bytes

log = logging.getLogger(__name__)

RATE = 8000
PIECE_S = 30
LONGEST_S = 600  # of a centre's file; what is beyond is not played
LEVEL = 0.09  # of full scale, below the prompts: nobody is to be startled
STEP_S = 0.625  # between two notes: 12 figures of four notes in a piece
FIGURES = (
    (392.00, 523.25, 659.26, 783.99),  # G4 C5 E5 G5
    (440.00, 523.25, 659.26, 880.00),  # A4 C5 E5 A5
    (440.00, 587.33, 659.26, 783.99),  # A4 D5 E5 G5
    (392.00, 587.33, 659.26, 587.33),  # G4 D5 E5 D5
)
FILE = "hold-music.wav"


def made() -> bytes:
    """One piece of our own, 16-bit little-endian mono at 8 kHz; its end joins its beginning."""
    import numpy as np  # slow to load: a process that starts anew has calls to take back first

    size = RATE * PIECE_S
    sound = np.zeros(size)
    length = round(RATE * 1.8)
    t = np.arange(length) / RATE
    fade = np.minimum(1, t / 0.012) * np.exp(-t * 2.2) * np.minimum(1, (1.8 - t) / 0.1)
    for n in range(round(PIECE_S / STEP_S)):
        hz = FIGURES[n // 4 % len(FIGURES)][n % 4]
        note = (np.sin(2 * np.pi * hz * t) + 0.35 * np.sin(4 * np.pi * hz * t) * np.exp(-t * 3)) * fade
        places = (round(n * STEP_S * RATE) + np.arange(length)) % size  # the last notes ring into the next piece
        sound[places] += note
    sound *= LEVEL / float(np.sqrt((sound**2).mean()) * 2)
    return (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()


class HoldMusic:
    """The music of this hotline, loaded at first use. ``own``: a centre's file (WAV, FLAC, OGG, any rate)."""

    def __init__(self, cache: Path, own: Path | None = None) -> None:
        self._file, self._own = cache / FILE, own
        self._pcm = b""

    def build(self) -> None:
        """Make the file ahead (``hotline voice build``). Raises ``OSError``."""
        if not self._file.is_file():
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._file, wav_bytes(made(), RATE), self._file.parent)

    @property
    def loaded(self) -> bool:
        """Is it in memory, so that a piece of it costs nothing?"""
        return bool(self._pcm)

    def piece(self, n: int) -> tuple[int, bytes]:
        """The ``n``-th piece from 0, round and round: its place in the music, and its sound."""
        if not self._pcm:
            self._pcm = self._load()
        size = 2 * RATE * PIECE_S
        place = n % max(1, -(-len(self._pcm) // size))
        return place, self._pcm[place * size : (place + 1) * size]

    def _load(self) -> bytes:
        if self._own is not None:
            try:
                own = read(self._own)[: 2 * RATE * LONGEST_S]
                if len(own) >= 2 * RATE:
                    return _whole(own)
                log.error("hold_music %s is shorter than a second, ours is played", self._own)
            except Exception as error:  # whatever is wrong with the file: callers hear ours
                log.error("hold_music %s cannot be played, ours is: %s", self._own, error)
        try:
            with wave.open(str(self._file)) as file:
                return bytes(file.readframes(file.getnframes()))
        except (OSError, EOFError, wave.Error):
            return made()


def _whole(pcm: bytes) -> bytes:
    """It goes round until its last piece is whole: a word is said every 30 s, whatever is played between."""
    size = 2 * RATE * PIECE_S
    pieces = -(-len(pcm) // size)
    return (pcm * (pieces * size // len(pcm) + 1))[: pieces * size]


def read(path: Path) -> bytes:
    """A sound file as telephone audio. Raises ``recordings.audio.AudioError`` or ``OSError``."""
    from recordings import audio

    return bytes(audio.prompt(*audio.read(path)).pcm8)
