"""Prompts for the conductor: phrases → texts → audio, without ever making the media loop wait.

What was spoken before comes from memory at once; everything else (disk, speech synthesis) is made on
a worker thread and handed back through ``call_soon``.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from datetime import date

from ivr.call.commands import Say
from ivr.phrases import Phrases
from ivr.render_prompts import MUSIC, Named, Spoken, lines
from ivr.telephony import Clip
from recordings import tones
from recordings.errors import RecordingsError
from recordings.music import HoldMusic
from recordings.sound import Sound
from recordings.voices import Voices

log = logging.getLogger(__name__)

PROMPTS = 500  # whole prompts, put together
KEPT = 4000  # clips in memory; a prompt of 4 s is 64 kB of samples
PAUSE_MS = 250  # between two phrases (B5: pause between options)
RINGBACK_S = 60
TONES: Mapping[str, Callable[[], bytes]] = {
    "tone.beep": tones.beep,
    "tone.ringback": lambda: tones.ringback(RINGBACK_S),
}


class VoiceSpeaker:
    """Implements :class:`ivr.call_services.Speaker`."""

    def __init__(
        self,
        voices: Voices,
        phrases: Phrases,
        window_title: Named,
        hours: Named,
        music: HoldMusic,
        today: Callable[[], date],
        worker: Executor,
        call_soon: Callable[[Callable[[], None]], object],
    ) -> None:
        self._voices, self._phrases = voices, phrases
        self._window_title, self._hours, self._today, self._music = window_title, hours, today, music
        self._worker, self._call_soon = worker, call_soon
        self._kept: OrderedDict[tuple[str, str], Clip] = OrderedDict()
        self._prompts: dict[tuple[tuple[Say, ...], str, date], list[Clip]] = {}  # whole, of what is kept
        self._pause = Clip("pause", tones.silence(PAUSE_MS))
        self._tones: dict[str, Clip] = {}

    def clips(self, says: tuple[Say, ...], lang: str, caller: str | None, ready: Callable[[list[Clip]], None]) -> None:
        """Hand over the audio of ``says``: now when all is in memory, else from a worker."""
        known = self._prompts.get(key := (says, lang, self._today()))
        if known is not None:
            ready(known)
            return
        script = self.script(says, lang, caller)
        found = [self._at_hand(line, lang) for line in script]
        if all(found):
            joined = self._joined([clip for clip in found if clip])
            if not any(line.private for line in script):
                if len(self._prompts) >= PROMPTS:
                    self._prompts.clear()
                self._prompts[key] = joined
            ready(joined)
            return

        def make() -> None:
            made = self._joined([clip or self._make(line, lang) for clip, line in zip(found, script, strict=True)])
            self._call_soon(lambda: self._done(script, lang, made, ready))

        self._worker.submit(make)

    def script(self, says: tuple[Say, ...], lang: str, caller: str | None) -> list[Spoken]:
        """What will be said; a phrase that cannot be filled in is left out and logged, never the call lost."""
        script: list[Spoken] = []
        for say in says:
            try:
                script += lines(
                    (say,), self._phrases, lang, caller=caller, window_title=self._window_title, hours=self._hours,
                    today=self._today(),
                )  # fmt: skip
            except LookupError as error:
                log.error("phrase left out: %s", error)
        return script

    def warm(self, texts: list[tuple[str, str, str | None]]) -> int:
        """Load (text, language, phrase key) into memory before the first call; how many were there."""
        count = 0
        for tone in TONES:
            self._tone(tone)
        self._tone(MUSIC + "0")
        for text, lang, key in texts:
            sound = self._voices.cached(text, lang, phrase_key=key)
            if sound is not None:
                self._keep(lang, text, _clip(sound))
                count += 1
        return count

    def _at_hand(self, line: Spoken, lang: str) -> Clip | None:
        if line.tone.startswith(MUSIC) and not self._music.loaded:
            return None
        if line.tone:
            return self._tone(line.tone)
        return self._kept.get((lang, line.text))

    def _tone(self, name: str) -> Clip:
        if name.startswith(MUSIC):
            place, pcm = self._music.piece(int(name.removeprefix(MUSIC)))
            return self._tones.setdefault(f"{MUSIC}{place}", Clip(f"tone-music{place}", pcm))
        if name not in self._tones:
            self._tones[name] = Clip(name.replace(".", "-"), TONES[name]())
        return self._tones[name]

    def _make(self, line: Spoken, lang: str) -> Clip:
        if line.tone:
            return self._tone(line.tone)
        try:
            return _clip(self._voices.speak(line.text, lang, phrase_key=line.key, keep=not line.private))
        except RecordingsError as error:
            log.error("cannot speak %s: %s", line.key or "a phrase", error)
            return self._pause

    def _joined(self, clips: list[Clip]) -> list[Clip]:
        out: list[Clip] = []
        for clip in clips:
            if out and clip.id != "tone-beep":
                out.append(self._pause)
            out.append(clip)
        return out

    def _done(self, script: list[Spoken], lang: str, made: list[Clip], ready: Callable[[list[Clip]], None]) -> None:
        spoken = [clip for clip in made if clip is not self._pause]
        if len(spoken) == len(script):
            for line, clip in zip(script, spoken, strict=True):
                if not line.tone and not line.private:
                    self._keep(lang, line.text, clip)
        ready(made)

    def _keep(self, lang: str, text: str, clip: Clip) -> None:
        self._prompts.clear()
        self._kept[lang, text] = clip
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def _clip(sound: Sound) -> Clip:
    return Clip(sound.id, sound.pcm, sound.text, sound.path8, sound.path16)
