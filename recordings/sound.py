"""Values the voices take and give: texts to speak, and their sound."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Source = Literal["human", "gtts", "piper", "espeak"]


@dataclass(frozen=True, slots=True)
class Sound:
    """One spoken text, ready to be sent.

    ``id``: hash of the audio, safe as a file name and as a key of encoded frames.
    ``pcm``: signed 16-bit little-endian mono at 8 kHz.
    ``path8``, ``path16``: the same as ``<id>.wav`` (8 kHz) and ``<id>.wav16`` (16 kHz, the name
    Asterisk looks for); None when it is not kept on disk.
    """

    id: str
    pcm: bytes = field(repr=False)
    text: str
    path8: Path | None
    path16: Path | None
    source: Source

    @property
    def ms(self) -> int:
        """Length in milliseconds."""
        return len(self.pcm) // 16


@dataclass(frozen=True, slots=True)
class SpokenText:
    """A text to be spoken. ``pace``: 1.0 normal, below it slower (0.75 for elderly callers).

    ``phrase_key``: the phrase's key, only when the phrase has no arguments; a person's recording
    ``<lang>/<phrase key>.wav`` may then stand for it.
    """

    text: str
    lang: str = "zh-CN"
    pace: float = 1.0
    phrase_key: str | None = None


def wav_bytes(pcm: bytes, rate: int) -> bytes:
    """A complete WAV file of signed 16-bit little-endian mono samples."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm)
    return out.getvalue()
