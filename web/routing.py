"""Addresses of pages: what is compiled for them is compiled when the first link to such a page is written.

Werkzeug compiles two functions for each of the panel's rules as it starts: a good third of a second of computing. And
it looks for the rule of every single link, of which a list has a hundred: here each kind of link is put together once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from flask import request, url_for
from werkzeug.routing import BuildError, Rule

PLAIN = re.compile(r"[A-Za-z0-9_-]+")  # what stands in an address as it is


class LazyRule(Rule):
    """A rule whose two builders are compiled when they are needed."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        made: Callable[..., tuple[str, str]] | None = None
        compiled = super()._compile_builder

        def build(rule: Rule, /, **values: object) -> tuple[str, str]:
            nonlocal made
            if made is None:
                made = compiled(append_unknown)
            return made(rule, **values)

        return build


def links() -> Callable[..., str]:
    """Return ``url_for`` for templates."""
    known: dict[tuple[str, ...], str | None] = {}  # by root, endpoint and names: with a mark where each word comes

    def link(endpoint: str, /, **words: object) -> str:
        kind = (request.script_root, endpoint, *words)
        if kind not in known:
            known[kind] = _pattern(endpoint, words)
        if (found := known[kind]) is None:
            return url_for(endpoint, **words)  # type: ignore[arg-type]
        for name, word in words.items():
            if not (isinstance(word, str) and PLAIN.fullmatch(word)):
                return url_for(endpoint, **words)  # type: ignore[arg-type]
            found = found.replace(f"~{name}~", word)
        return found

    return link


def _pattern(endpoint: str, words: Iterable[str]) -> str | None:
    """Return the address with marks for words; None: it is another with each word, or each page."""
    marks = {name: f"~{name}~" for name in words}
    try:
        return None if endpoint.startswith(".") else url_for(endpoint, **marks)  # type: ignore[arg-type]
    except (BuildError, ValueError):  # only some words are allowed there
        return None
