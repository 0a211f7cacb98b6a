"""Prompts and recordings as files that Asterisk and the hotline both see."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ivr.telephony import SAMPLE_RATE, Clip

ONCE = "once-"  # begins the name of what is written for one playback
_HEADER = 44  # bytes before the samples in the WAVs Asterisk writes
_SAFE = re.compile(r"[0-9A-Za-z._-]{1,100}")


class MediaFolder:
    """Where prompts without a file of their own are written.

    Tones and pauses (no text) are written once by each process and kept. What is spoken and has no file
    is personal, like a number read back: it is written for one playback and removed at its end by :meth:`forget`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._known: dict[Path | str, str] = {}  # URI by a clip's file, or by its id when we wrote it
        self._passing: dict[str, list[Path]] = {}  # by playback

    def open(self) -> None:
        """Make the folder, and remove what a process before ours left. Raises ``OSError``."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in self._folder.glob(f"{ONCE}*"):
            path.unlink(missing_ok=True)

    def uris(self, clips: Sequence[Clip], playback: str) -> list[str]:
        """The clips as Asterisk's media list. Raises ``OSError`` when a file cannot be written."""
        return [self._uri(clip, playback) for clip in clips if clip.pcm]

    def forget(self, playback: str) -> None:
        """The playback ended."""
        for path in self._passing.pop(playback, ()):
            path.unlink(missing_ok=True)

    def _uri(self, clip: Clip, playback: str) -> str:
        known = self._known.get(clip.path or clip.id)
        if known is not None and (clip.path or not clip.text):
            return known
        path = clip.path or self._written(clip, playback)
        uri = f"sound:{path.absolute().with_suffix('')}"
        if clip.path or not clip.text:
            self._known[clip.path or clip.id] = uri
        return uri

    def _written(self, clip: Clip, playback: str) -> Path:
        if clip.text:
            path = self._folder / f"{ONCE}{secrets.token_hex(8)}.wav"
            self._passing.setdefault(playback, []).append(path)
            write_wav(path, clip.pcm)
            return path
        if not _SAFE.fullmatch(clip.id):
            raise OSError(f"not a file name: {clip.id!r}")
        path = self._folder / f"{clip.id}.wav"
        write_wav(path, clip.pcm)
        return path


def write_wav(path: Path, pcm: bytes) -> None:
    """Write 16-bit mono PCM at 8 kHz as a WAV that appears whole. Raises ``OSError``.

    Who may read the folder may read it: whether a group shares it is set there (``hotline/private.py``).
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    with os.fdopen(handle, "wb") as raw:
        with wave.open(raw, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(SAMPLE_RATE)
            out.writeframes(pcm)
    os.chmod(name, path.parent.stat().st_mode & 0o644 | 0o600)
    os.replace(name, path)


def mend(path: Path) -> None:
    """Write the lengths into the header of a WAV that was never finished (its Asterisk was killed)."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        head = file.read(_HEADER)
        told = int.from_bytes(head[40:44], "little")
        if len(head) == _HEADER and head[36:40] == b"data" and told != size - _HEADER:
            file.seek(4)
            file.write((size - 8).to_bytes(4, "little"))
            file.seek(40)
            file.write((size - _HEADER).to_bytes(4, "little"))


@dataclass(frozen=True, slots=True)
class TakenRecording:
    """A recording's length, and what of it is told: 0 when nobody spoke."""

    ms: int
    spoken_ms: int


def move(recorded: Path, path: Path) -> None:
    """Move a file out of Asterisk's folder. Raises ``OSError`` when there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if recorded.exists() or not path.exists():  # else a process before ours moved it and came no further
        shutil.move(recorded, path)


def take(recorded: Path, path: Path) -> TakenRecording:
    """Move a finished recording out of Asterisk's folder to ``path``.

    Raises ``OSError``, ``EOFError`` or ``wave.Error`` when there is none, or when it cannot be read.
    """
    from sip.embedded.speech import SpeechDetector  # its numpy would make every start slow

    move(recorded, path)
    mend(path)
    with wave.open(str(path)) as file:
        pcm = file.readframes(file.getnframes())
    speech = SpeechDetector()
    speech.feed(pcm)
    speech.finish()
    ms = len(pcm) * 1000 // (2 * SAMPLE_RATE)
    return TakenRecording(ms, ms if speech.heard else 0)
