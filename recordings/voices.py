"""The voices of the hotline: text in, even telephone audio out.

The chain is: a person's recording, the online voice (gTTS), piper, espeak-ng. The fine voices are
made ahead by :meth:`Voices.build`; while a caller waits only what is cached or espeak-ng speaks,
so a network is never on the path of a call.
"""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
import threading
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from recordings.cache import Disk, Memory
from recordings.errors import RecordingsError
from recordings.human import Human
from recordings.online import Online
from recordings.sound import Sound, Source, SpokenText, wav_bytes
from recordings.studio import Studio, Unspeakable, VoiceError, VoiceWorkerFailed

log = logging.getLogger(__name__)

ESPEAK_VOICES = {"zh": "cmn", "en": "en"}  # by the language's first part
ESPEAK_WPM = 140  # at pace 1.0: some 165 Chinese characters a minute (requirements B5: at most 200)
PACES = (0.55, 1.6)  # espeak-ng's slowest, and the fastest that is still polite
PROCESSING = "2"  # part of every cache key: raise it when recordings/audio.py changes how a prompt sounds
TEXT_LIMIT = 2000  # characters: minutes of speech, surely a mistake beyond

Progress = Callable[[int, int, SpokenText, "Sound | Exception"], None]
Words = Callable[[str, str], str]  # (text, language) -> the text in words, as a machine's voice shall say it


@dataclass(frozen=True, slots=True)
class VoiceChoice:
    """How the voices are chosen. ``stale``: what speaks when a text changed after its recording.

    ``piper``: voice files (``.onnx``) by language, for those who installed ``piper-tts``.
    """

    stale: Literal["machine", "use"] = "machine"
    espeak_wpm: int = ESPEAK_WPM
    piper: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did: counts by source, and what could not be spoken and why."""

    sources: Mapping[str, int]
    failed: tuple[tuple[SpokenText, str], ...]
    stale: tuple[SpokenText, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """For ``hotline doctor``. A ``..._trouble`` is empty when all is well.

    ``stale``: phrases whose recording says an older text. ``unusable``: recordings that cannot be read.
    """

    espeak: str
    espeak_trouble: str
    online: str
    piper: str
    cache_entries: int
    cache_bytes: int
    cache_trouble: str
    stale: tuple[SpokenText, ...]
    unusable: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Voice:
    """One way to speak a line. ``live``: quick and local enough to be used while a caller waits.

    ``text``: what is said, by which it is kept; a person's recording stands for the text as it is written.
    """

    engine: str
    source: Source
    text: str
    make: Callable[[], tuple[bytes, bytes]]
    live: bool


class Voices:
    """Speaks texts; see the module's docstring. Safe to use from several threads."""

    def __init__(
        self,
        cache_dir: Path,
        human_dir: Path | None = None,
        allow_online: bool = False,
        settings: VoiceChoice | None = None,
        *,
        words: Words = lambda text, lang: text,
        studio: Studio | None = None,
        online: Online | None = None,
    ) -> None:
        self._words = words
        self._settings = settings or VoiceChoice()
        self._online = (online or Online()) if allow_online else None
        self._disk, self._memory = Disk(cache_dir), Memory()
        self._human = Human(human_dir)
        self._studio = studio or Studio()
        self._versions = {name: _version(name) for name in ("espeakng-loader", "gtts", "piper-tts")}
        self._making = threading.Lock()
        self._disk_trouble = ""
        self._unusable: dict[str, tuple[str, str]] = {}  # by engine: which recording, and why

    # --- while a caller waits ---

    def cached(self, text: str, lang: str = "zh-CN", pace: float = 1.0, phrase_key: str | None = None) -> Sound | None:
        """The best voice that was already made: from memory, else from disk; None when there is none."""
        line = _checked(SpokenText(text, lang, pace, phrase_key))
        return next((s for voice in self._voices(line) if (s := self._get(line, voice))), None)

    def speak(
        self,
        text: str,
        lang: str = "zh-CN",
        pace: float = 1.0,
        phrase_key: str | None = None,
        *,
        keep: bool = True,
    ) -> Sound:
        """The text as audio; blocks (some 50 ms) when it was never spoken before.

        ``phrase_key``: see :class:`SpokenText`. ``keep=False`` for texts with personal data (a caller's
        number read back): held in memory, never on disk. Raises :class:`VoiceError` when nothing
        can speak, ``Unspeakable`` for a text or a pace that cannot be spoken.
        """
        line = _checked(SpokenText(text, lang, pace, phrase_key))
        return self._first(line, keep, live=True)

    # --- ahead of time ---

    def build(self, lines: Iterable[SpokenText | str], progress: Progress | None = None) -> Built:
        """Make every line with the best voice that can be had now; a failed line stops no other.

        Only for phrases without personal data: an online voice sends the text away.
        """
        todo = [SpokenText(line) if isinstance(line, str) else line for line in lines]
        sources: Counter[str] = Counter()
        failed = []
        for n, line in enumerate(todo, 1):
            result: Sound | Exception
            try:
                good = _checked(line)
                result = self._first(good, keep=True, live=False)
                sources[result.source] += 1
            except RecordingsError as error:
                result = error
                failed.append((line, str(error)))
            if progress:
                progress(n, len(todo), line, result)
        return Built(sources, tuple(failed), self._stale(todo))

    def warm(self) -> None:
        """Start the speech worker now, so that the first caller does not wait for it (0.2 s)."""
        try:
            self._studio.version()
        except VoiceError as error:
            log.error("%s", error)

    def prune(self, max_bytes: int) -> int:
        """Delete the longest unused prompts beyond ``max_bytes`` on disk; bytes freed."""
        return self._disk.prune(max_bytes)

    def status(self, lines: Iterable[SpokenText] = ()) -> Status:
        """What works and what does not. ``lines``: the present phrases, to find stale recordings."""
        espeak = trouble = ""
        try:
            espeak = self._studio.version()
        except VoiceError as error:
            trouble = str(error)
        online = "off"
        if self._online:
            online = self._online.trouble or f"gTTS {self._versions['gtts']}"
        entries, size = self._disk.usage()
        return Status(
            espeak=espeak,
            espeak_trouble=trouble,
            online=online,
            piper=", ".join(f"{lang}: {path}" for lang, path in self._settings.piper.items()) or "off",
            cache_entries=entries,
            cache_bytes=size,
            cache_trouble=self._disk_trouble,
            stale=self._stale(lines),
            unusable=dict(self._unusable.values()),
        )

    def phonemes(self, text: str, lang: str = "zh-CN") -> str:
        """What espeak-ng would say, in its notation: ``(en)`` in Chinese marks a spelled-out part."""
        return self._studio.phonemes(_checked(SpokenText(text, lang)).text, _espeak_voice(lang))

    def unspoken(self, text: str) -> tuple[str, ...]:
        """The Chinese characters of a text that espeak-ng would spell in English. Raises :class:`VoiceError`."""
        if "(en)" not in self._studio.phonemes(text, "cmn"):
            return ()
        chars = dict.fromkeys(char for char in text if char > "\u3000")
        return tuple(char for char in chars if "(en)" in self._studio.phonemes(char, "cmn"))

    def close(self) -> None:
        """End the speech worker."""
        self._studio.close()

    @staticmethod
    def key(text: str, lang: str, pace: float, engine: str) -> str:
        """Cache key of a text in one voice; ``engine`` names the voice and its version."""
        what = json.dumps([text, lang, round(pace, 3), engine, PROCESSING])
        return hashlib.sha256(what.encode()).hexdigest()[:40]

    # --- the chain ---

    def _voices(self, line: SpokenText) -> list[_Voice]:
        """The voices that may speak this line, best first."""
        studio, settings, chain = self._studio, self._settings, []
        take = self._human.take(line.phrase_key, line.lang, line.text)
        if take and not (take.stale and settings.stale == "machine"):
            path = take.path
            name = f"human:{take.audio}"
            chain.append(_Voice(name, "human", line.text, lambda: studio.file(path, 1 / line.pace), live=True))
        text = self._words(line.text, line.lang)
        if not any(c.isalnum() for c in text):
            return chain
        if self._online and (installed := self._versions["gtts"]):
            chain.append(_Voice(f"gtts:{installed}", "gtts", text, lambda: self._fetch(line, text), live=False))
        if model := settings.piper.get(line.lang):
            name = f"piper:{self._versions['piper-tts']}:{model.name}:{_size(model)}"
            chain.append(_Voice(name, "piper", text, lambda: studio.piper(text, model, 1 / line.pace), live=True))
        wpm, voice = round(settings.espeak_wpm * line.pace), _espeak_voice(line.lang)
        name = f"espeak:{self._versions['espeakng-loader']}:{wpm}"
        chain.append(_Voice(name, "espeak", text, lambda: studio.espeak(text, voice, wpm), live=True))
        return chain

    def _first(self, line: SpokenText, keep: bool, live: bool) -> Sound:
        """The line in the first voice that has or can make it; ``live``: a caller waits."""
        troubles = []
        for voice in self._voices(line):
            if sound := self._get(line, voice):
                return sound
            if (live and not voice.live) or voice.engine in self._unusable:
                continue
            try:
                return self._make(line, voice, keep)
            except VoiceError as error:
                troubles.append(f"{voice.source}: {error}")
                if voice.source == "human" and not isinstance(error, VoiceWorkerFailed):
                    self._unusable[voice.engine] = (f"{line.lang}/{line.phrase_key}", str(error))
        raise VoiceError("no voice can speak: " + ("; ".join(troubles) or f"nothing in {line.text!r} can be said"))

    def _make(self, line: SpokenText, voice: _Voice, keep: bool) -> Sound:
        if not voice.live:
            return self._put(line, voice, *voice.make(), keep)
        with self._making:  # whoever waited here finds it made
            return self._get(line, voice) or self._put(line, voice, *voice.make(), keep)

    def _get(self, line: SpokenText, voice: _Voice) -> Sound | None:
        key = self.key(voice.text, line.lang, line.pace, voice.engine)
        sound = self._memory.get(key)
        if sound is None and (sound := self._disk.load(key)) is not None:
            self._memory.put(key, sound)
        return sound

    def _put(self, line: SpokenText, voice: _Voice, pcm8: bytes, pcm16: bytes, keep: bool) -> Sound:
        key = self.key(voice.text, line.lang, line.pace, voice.engine)
        name = hashlib.sha256(pcm8).hexdigest()[:32]
        sound = Sound(name, pcm8, line.text, None, None, voice.source)
        if keep:
            wav8, wav16 = wav_bytes(pcm8, 8000), wav_bytes(pcm16, 16000)
            try:
                sound = self._disk.store(key, name, line.text, voice.source, wav8, wav16)
                if self._disk_trouble:  # over: what is only in memory shall come to disk, too
                    self._disk_trouble = ""
                    self._memory.clear()
            except OSError as error:  # the caller must hear it all the same
                self._disk_trouble = f"no prompt can be kept in {self._disk.folder}: {error.strerror or error}"
                log.error("%s; free some space or correct the folder's rights", self._disk_trouble)
        self._memory.put(key, sound)
        return sound

    def _fetch(self, line: SpokenText, text: str) -> tuple[bytes, bytes]:
        assert self._online is not None
        with tempfile.NamedTemporaryFile(suffix=".mp3") as mp3:
            mp3.write(self._online.say(text, line.lang))
            mp3.flush()
            return self._studio.file(Path(mp3.name), 1 / line.pace)

    def _stale(self, lines: Iterable[SpokenText]) -> tuple[SpokenText, ...]:
        takes = ((line, self._human.take(line.phrase_key, line.lang, _clean(line.text))) for line in lines)
        return tuple(line for line, take in takes if take and take.stale)


def _clean(text: str) -> str:
    """One form for equal texts; control characters (espeak-ng obeys some) and line breaks become spaces."""
    text = unicodedata.normalize("NFC", text)
    return " ".join("".join(" " if unicodedata.category(c) == "Cc" else c for c in text).split())


def _checked(line: SpokenText) -> SpokenText:
    """The line with its text cleaned. Raises :class:`Unspeakable`."""
    text = _clean(line.text)
    if not any(c.isalnum() for c in text):
        raise Unspeakable(f"there is nothing to speak in {line.text!r}")
    if len(text) > TEXT_LIMIT:
        raise Unspeakable(f"a text of {len(text)} characters is too long to be one prompt (at most {TEXT_LIMIT})")
    if not PACES[0] <= line.pace <= PACES[1]:
        raise Unspeakable(f"pace {line.pace} is out of range ({PACES[0]} to {PACES[1]}; 1.0 is normal)")
    return SpokenText(text, line.lang, line.pace, line.phrase_key)


def _espeak_voice(lang: str) -> str:
    """espeak-ng's name of a language: Mandarin is ``cmn`` (``zh`` would not be found)."""
    return ESPEAK_VOICES.get(lang.split("-")[0].lower(), lang.lower())


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
