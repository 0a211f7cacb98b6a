"""The form of the rules of one language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

Say = Callable[[re.Match[str]], str | None]  # None: this rule does not mean it, ask the next one
Rule = tuple[re.Pattern[str], Say]


@dataclass(frozen=True, slots=True)
class SpeechRules:
    """``table``: tried in order at each place. ``letters``: what is said as it is. ``tidy``: spaces and pauses."""

    table: tuple[Rule, ...]
    letters: re.Pattern[str]
    tidy: Callable[[str], str]


def rule(pattern: str, say: Say) -> Rule:
    """One row of a table; blanks in the pattern mean nothing."""
    return re.compile(pattern, re.VERBOSE), say


def whole(digits: str) -> int:
    """The number of ``12,345``."""
    return int(digits.replace(",", ""))


def longest_first(words: Iterable[str]) -> str:
    """The words as one alternative of a pattern: kWh before kW."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def day_of(match: re.Match[str]) -> tuple[int, int, int] | None:
    """(year, month, day) of the groups y, m and d; None when there is no such day."""
    year, month, day = int(match["y"]), int(match["m"]), int(match["d"])
    return (year, month, day) if 1 <= month <= 12 and 1 <= day <= 31 else None
