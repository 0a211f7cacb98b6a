"""Addresses of pages, written by functions that are compiled when the first link to such a page is.

Werkzeug compiles two for each of the panel's rules as it starts: a good third of a second of computing, for links of
which a page has a few dozen.
"""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.routing import Rule


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
