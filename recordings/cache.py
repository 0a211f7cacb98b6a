"""The prompt cache: what was made once is not made again, in memory and on disk.

On disk an entry ``<key>.json`` names its audio by content (``<id>.wav``, ``<id>.wav16``), so
processes that make the same prompt at the same time can never pair one's index with the other's
audio. Every file appears whole (temporary file, then rename); what does not match its hash is
treated as absent and made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from pathlib import Path

from recordings.sound import Sound, Source

WAV_HEADER = 44  # bytes before the samples in the files written here
MEMORY_BYTES = 64 * 2**20  # over an hour of prompts
ORPHAN_S = 3600  # audio without an entry may belong to one being written


class Memory:
    """The most recently used sounds, bounded by their size; safe between threads."""

    def __init__(self, limit: int = MEMORY_BYTES) -> None:
        self._limit, self._size = limit, 0
        self._lock = threading.Lock()
        self._sounds: OrderedDict[Hashable, Sound] = OrderedDict()

    def get(self, key: Hashable) -> Sound | None:
        """The sound, which is now the last to be forgotten."""
        with self._lock:
            if (sound := self._sounds.get(key)) is not None:
                self._sounds.move_to_end(key)
            return sound

    def put(self, key: Hashable, sound: Sound) -> None:
        """Remember a sound and forget the longest unused ones beyond the limit."""
        with self._lock:
            if (old := self._sounds.pop(key, None)) is not None:
                self._size -= len(old.pcm)
            self._sounds[key] = sound
            self._size += len(sound.pcm)
            while self._size > self._limit and len(self._sounds) > 1:
                self._size -= len(self._sounds.popitem(last=False)[1].pcm)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._sounds.clear()
            self._size = 0


class Disk:
    """Prompts under one folder, shared by any number of processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, key: str) -> Sound | None:
        """The sound stored under ``key``; None when absent or damaged."""
        entry = self._entry(key)
        try:
            meta = json.loads(entry.read_bytes())
            path8, path16 = self._audio(meta["id"])
            raw = path8.read_bytes()
            whole = _hash(raw) == meta["sha8"] and _hash(path16.read_bytes()) == meta["sha16"]
            text, source = str(meta["text"]), meta["source"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not whole:
            return None
        try:
            os.utime(entry)  # prune() takes the longest unused first
        except OSError:
            pass  # a read-only cache still speaks
        return Sound(meta["id"], raw[WAV_HEADER:], text, path8, path16, source)

    def store(self, key: str, sound_id: str, text: str, source: Source, wav8: bytes, wav16: bytes) -> Sound:
        """Write a sound durably enough for a cache. Raises ``OSError`` (disk full, no permission)."""
        path8, path16 = self._audio(sound_id)
        meta = {"id": sound_id, "text": text, "source": source, "sha8": _hash(wav8), "sha16": _hash(wav16)}
        for path, data in (
            (path8, wav8),
            (path16, wav16),
            (self._entry(key), json.dumps(meta, ensure_ascii=False).encode()),
        ):
            write_atomic(path, data, self.folder)
        return Sound(sound_id, wav8[WAV_HEADER:], text, path8, path16, source)

    def usage(self) -> tuple[int, int]:
        """Entries, and bytes on disk."""
        files = [(path, _stat(path)) for path in self._files()]
        return sum(p.suffix == ".json" for p, _ in files), sum(s.st_size for _, s in files if s)

    def prune(self, max_bytes: int) -> int:
        """Delete the longest unused prompts beyond ``max_bytes`` and lost audio; bytes freed."""
        entries = []
        for path in self.folder.glob("*/*.json"):
            audio: tuple[Path, ...]
            try:
                audio = self._audio(json.loads(path.read_bytes())["id"])
            except (OSError, ValueError, KeyError, TypeError):
                audio = ()
            if stat := _stat(path):
                entries.append((stat.st_mtime, path, audio))
        entries.sort(reverse=True)  # newest first
        keep: set[Path] = set()
        total = 0
        for _, path, audio in entries:
            group = {path, *audio} - keep
            total += sum(s.st_size for p in group if (s := _stat(p)))
            if audio and total <= max_bytes:
                keep |= group
        freed, old = 0, time.time() - ORPHAN_S
        known = {p for _, path, audio in entries for p in (path, *audio)}
        for path in self._files():
            stat = _stat(path)
            if path in keep or stat is None or (path not in known and stat.st_mtime > old):
                continue
            path.unlink(missing_ok=True)
            freed += stat.st_size
        return freed

    def _files(self) -> list[Path]:
        return [path for path in self.folder.glob("*/*") if path.is_file()]

    def _entry(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"

    def _audio(self, sound_id: str) -> tuple[Path, Path]:
        stem = self.folder / sound_id[:2] / sound_id
        return stem.with_suffix(".wav"), stem.with_suffix(".wav16")


def write_atomic(path: Path, data: bytes, like: Path) -> None:
    """Write a whole file or none: temporary file in the same folder, then rename.

    Who may read the folder ``like`` may read it: an Asterisk under another user plays prompts (``hotline/private.py``).
    """
    like.mkdir(parents=True, exist_ok=True)
    mode = like.stat().st_mode
    if not path.parent.exists():
        path.parent.mkdir(exist_ok=True)
        path.parent.chmod(mode & 0o2755 | 0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode & 0o644 | 0o600)
            file.write(data)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None
