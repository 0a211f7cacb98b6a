"""People's recordings: ``<dir>/<lang>/<phrase key>.wav`` (or .flac, .ogg), any rate.

Beside each lies ``<phrase key>.json``, which says for which text the audio was recorded. A new
audio file counts as recorded for the text as it stands when it is first seen; when the text
changes afterwards, the same audio is *stale* until somebody records it again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from dataclasses import dataclass
from pathlib import Path

from recordings.cache import write_atomic

log = logging.getLogger(__name__)

SUFFIXES = (".wav", ".flac", ".ogg")
_NAME = re.compile(r"[\w-]+(\.[\w-]+)*")


@dataclass(frozen=True, slots=True)
class Take:
    """One recording. ``audio``: hash of the file. ``stale``: another text was said into it."""

    path: Path
    audio: str
    stale: bool


class Human:
    """The recordings under one folder (None: there are none)."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._takes: dict[tuple[Path, str], tuple[tuple[int, int], Take]] = {}

    def take(self, phrase_key: str | None, lang: str, text: str) -> Take | None:
        """The recording of a phrase, None when nobody recorded it. Cheap when the file is unchanged."""
        if phrase_key is None or (path := self._find(phrase_key, lang)) is None:
            return None
        try:
            stat = path.stat()
            mark = (stat.st_mtime_ns, stat.st_size)
            known = self._takes.get((path, text))
            if known is None or known[0] != mark:
                known = self._takes[(path, text)] = (mark, self._look(path, text))
        except OSError as error:
            log.warning("the recording %s cannot be read, another voice says it: %s", path, error.strerror)
            return None
        return known[1]

    def _find(self, phrase_key: str, lang: str) -> Path | None:
        if self.folder is None or not (_NAME.fullmatch(phrase_key) and _NAME.fullmatch(lang)):
            return None
        base = self.folder / lang
        return next((path for s in SUFFIXES if (path := base / (phrase_key + s)).is_file()), None)

    def _look(self, path: Path, text: str) -> Take:
        audio = hashlib.sha256(path.read_bytes()).hexdigest()
        note = path.with_name(path.stem + ".json")
        try:
            said = json.loads(note.read_text("utf-8"))
            if said["audio_sha256"] == audio:
                return Take(path, audio, stale=said["text"] != text)
        except (OSError, ValueError, KeyError, TypeError):
            pass  # no usable note: a new recording
        try:
            said = json.dumps({"text": text, "audio_sha256": audio}, ensure_ascii=False, indent=1)
            write_atomic(note, said.encode(), note.parent)
        except OSError:
            pass  # a read-only folder: the recording is good, only its staleness stays unknown
        return Take(path, audio, stale=False)
