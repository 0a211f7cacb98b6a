"""From what the machine wants said to the texts a voice speaks, in order. Pure.

Arguments may point at something: ``@caller`` is the caller's own number, ``@window:NAME`` a window's
title, ``@hours:NAME`` the hours of a schedule, ``@label.repair`` another phrase.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from ivr.call.commands import Say
from ivr.phrases import Phrases

TONE = "tone."
MUSIC = "tone.music"  # and which piece of it
HOLD_FIRST, HOLD_STILL = "hold.first", "hold.still"  # what is said before a piece
Named = Callable[[str, str], str]  # (name, language) -> what it is called


@dataclass(frozen=True, slots=True)
class Spoken:
    """One text to be spoken, or a tone (``tone.beep``) to be heard.

    ``key``: the phrase's key when it says the same to every caller, so that a human recording may stand for it.
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
    window_title: Named,
    hours: Named,
    today: date | None = None,
) -> Iterator[Spoken]:
    """The texts of ``says``. ``window_title``: a window's name; ``hours``: those of a schedule in words."""
    for say in says:
        if say.key.startswith(TONE):
            yield Spoken("", tone=say.key)
            continue
        args = {name: _value(value, lang, caller, window_title, hours) for name, value in say.args}
        personal = any(name in ("phone", "code", "number") for name, _ in say.args)
        yield Spoken(phrases.text(say.key, args, lang, today), say.key if set(args) <= {"hours"} else None, personal)


def _value(value: str, lang: str, caller: str | None, window_title: Named, hours: Named) -> str:
    if value == "@caller":
        return caller or ""
    if value.startswith("@window:"):
        return window_title(value.removeprefix("@window:"), lang)
    if value.startswith("@hours:"):
        return hours(value.removeprefix("@hours:"), lang)
    return value.removeprefix("@")
