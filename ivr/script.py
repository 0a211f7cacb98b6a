"""From what the machine wants said to the texts a voice speaks, in order. Pure.

Arguments may point at something: ``@caller`` is the caller's own number, ``@window:NAME`` a window's
title, ``@label.repair`` another phrase.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from ivr.call.commands import Say
from ivr.phrases import Phrases

TONE = "tone."


@dataclass(frozen=True, slots=True)
class Spoken:
    """One text to be spoken, or a tone (``tone.beep``) to be heard.

    ``key``: the phrase's key when it has no arguments, so that a human recording may stand for it.
    ``private``: holds personal data, so its audio is never kept on disk.
    """

    text: str
    key: str | None = None
    private: bool = False
    tone: str = ""


def lines(
    says: Sequence[Say],
    phrases: Phrases,
    lang: str,
    *,
    caller: str | None,
    window_title: Callable[[str, str], str],
    today: date | None = None,
) -> Iterator[Spoken]:
    """The texts of ``says``. ``window_title``: (window, language) -> its name."""
    for say in says:
        if say.key.startswith(TONE):
            yield Spoken("", tone=say.key)
            continue
        args = {name: _value(value, lang, caller, window_title) for name, value in say.args}
        personal = any(name in ("phone", "code", "number") for name, _ in say.args)
        yield Spoken(phrases.text(say.key, args, lang, today), None if args else say.key, personal)


def _value(value: str, lang: str, caller: str | None, window_title: Callable[[str, str], str]) -> str:
    if value == "@caller":
        return caller or ""
    if value.startswith("@window:"):
        return window_title(value.removeprefix("@window:"), lang)
    return value.removeprefix("@")
