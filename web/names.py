"""Names that are said in both languages where the thing itself is defined, in the language of the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from flask_babel import LazyString

from web.language import chosen


class Named(Protocol):
    """What has a name in Chinese and, without a capital, in English: a kind of case, a state, a rating."""

    @property
    def zh(self) -> str: ...
    @property
    def en(self) -> str: ...


class Names(Mapping[str, LazyString]):
    """The names by their codes: no copy, so what is added where the things are defined is here at once."""

    def __init__(self, things: Mapping[str, Named]) -> None:
        self._things = things

    def __getitem__(self, code: str) -> LazyString:
        return LazyString(_said, self._things[code])

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)


def said(thing: Named) -> str:
    """Return the words in the language of the page."""
    return thing.en if chosen() == "en" else thing.zh


def _said(thing: Named) -> str:
    word = said(thing)
    return word[:1].upper() + word[1:]
