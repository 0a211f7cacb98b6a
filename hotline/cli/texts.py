"""What people wrote that callers will hear: the free texts of ``hotline.toml`` and the phrases, and how they are said.

Each text goes through ``ivr.speech`` before a voice reads it; here is what comes of it, with file and line, so that
``hotline flow check`` can show it and refuse what cannot be said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files

from hotline.config.file import line_of
from hotline.config.settings import Settings
from hotline.process import factories
from ivr.phrases import DEFAULT_LANG, Phrases
from ivr.speech import normaliser

REMEDY = "write it in words or with other characters"
OTHER_VOICE = "write another character, or let a person ([voice] human_dir) or another voice ([voice] piper) speak"


@dataclass(frozen=True, slots=True)
class FreeText:
    """A text somebody wrote: ``where`` (``hotline.toml:14``), which setting or phrase it is, and its language."""

    where: str
    name: str
    lang: str
    text: str

    @property
    def said(self) -> str:
        """As callers hear it."""
        return normaliser.said(self.text, self.lang)

    def __str__(self) -> str:
        return f"{self.where}: {self.name}: {self.text} → {self.said}"


def of_settings(settings: Settings) -> Iterator[FreeText]:
    """The texts of ``hotline.toml`` that callers hear."""
    unit = settings.unit
    found: list[tuple[tuple[str, ...], str, str]] = []
    found += [(("unit", "name"), DEFAULT_LANG, unit.name), (("unit", "name_en"), "en", unit.name_en)]
    for name, window in settings.windows.items():
        found.append((("windows", name, "name"), DEFAULT_LANG, window.name))
        if window.name_en:
            found.append((("windows", name, "name_en"), "en", window.name_en))
    for name in settings.hours:
        found += [(("hours", name), lang, factories.hours(settings, name, lang)) for lang in normaliser.RULES]
    lines = settings.config.read_text(encoding="utf-8") if settings.config else ""
    file = settings.config.name if settings.config else "hotline.toml"
    for key, lang, text in found:
        line = line_of(lines, key)
        yield FreeText(f"{file}:{line}" if line else file, ".".join(key), lang, text)


def of_phrases(phrases: Phrases) -> Iterator[FreeText]:
    """The phrases the hotline speaks, without what is filled in."""
    for lang in normaliser.RULES:
        lines = files("callflows").joinpath(f"phrases/{lang}.yaml").read_text("utf-8").splitlines()
        places = {line.partition(":")[0]: n for n, line in enumerate(lines, 1)}
        for phrase in phrases:
            if phrase.use != "O" and lang in phrase.text:
                bare = phrase.without_placeholders(lang)
                yield FreeText(f"phrases/{lang}.yaml:{places.get(phrase.key, 1)}", phrase.key, lang, bare)


def problems(texts: Iterable[FreeText]) -> list[str]:
    """What of the texts cannot be said, with file, line and remedy."""
    found = []
    for text in texts:
        if unknown := normaliser.unsayable(text.text, text.lang):
            signs = " ".join(f"{char} (U+{ord(char[0]):04X})" for char in unknown)
            language = "Chinese" if text.lang == DEFAULT_LANG else "English"
            found.append(f"{text.where}: {text.name}: cannot be said in {language}: {signs} → {REMEDY}")
        elif not text.said:
            found.append(f"{text.where}: {text.name}: nothing in {text.text!r} can be said → {REMEDY}")
    return found


def unspoken(settings: Settings, texts: Iterable[FreeText]) -> list[str]:
    """Which Chinese characters of the texts the voice that is always there does not know. Raises ``VoiceError``."""
    if settings.voice.piper.get(DEFAULT_LANG):
        return []
    voices = factories.voices(settings)
    try:
        return [
            f"{text.where}: {text.name}: espeak-ng has no sound for {' '.join(chars)} → {OTHER_VOICE}"
            for text in texts
            if text.lang == DEFAULT_LANG and (chars := voices.unspoken(text.said))
        ]
    finally:
        voices.close()
