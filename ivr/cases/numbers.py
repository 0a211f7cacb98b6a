"""Case numbers 受理编号 that can be said, typed and checked, and query codes 查询码 that cannot be guessed.

A case number is ``YYMMDD`` + the day's sequence (three digits, more when needed) + a check digit by
Damm's scheme, which catches every single wrong digit and every swap of two neighbours: what a
citizen mistypes never opens somebody else's case.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from datetime import date

# Damm's totally anti-symmetric quasigroup of order 10 (H. M. Damm, 2004).
_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)
_DATE_DIGITS, _SEQUENCE_DIGITS = 6, 3
QUERY_CODE_DIGITS = (6, 8)  # shortest and longest


@dataclass(frozen=True, slots=True)
class CaseNumber:
    """A case number taken apart."""

    day: date
    sequence: int

    def __str__(self) -> str:
        return case_number(self.day, self.sequence)


def check_digit(digits: str) -> str:
    """The digit that, appended, makes ``digits`` valid."""
    state = 0
    for digit in digits:
        state = _DAMM[state][int(digit)]
    return str(state)


def case_number(day: date, sequence: int) -> str:
    """The number of the ``sequence``-th case (from 1) received on ``day``: 2026-11-26, 1 -> 2611260013."""
    if sequence < 1:
        raise ValueError(f"the sequence of a case begins at 1, not {sequence}")
    if not 2000 <= day.year <= 2099:
        raise ValueError(f"case numbers carry two digits of the year: {day.year} does not fit")
    body = f"{day:%y%m%d}{sequence:0{_SEQUENCE_DIGITS}d}"
    return body + check_digit(body)


def spoken_number(day: str, sequence: int) -> str:
    """The number of a case received on a local day (``YYYY-MM-DD``), as the store asks for it."""
    return case_number(date.fromisoformat(day), sequence)


def parse_case_number(text: str) -> CaseNumber:
    """Take a typed or written number apart; a :class:`ValueError` says what is wrong with it.

    Spaces and hyphens are ignored.
    """
    bare = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"[0-9]+", bare):
        raise ValueError(f"{text!r} is no case number: it has only digits, for example 2611260013")
    if len(bare) < _DATE_DIGITS + _SEQUENCE_DIGITS + 1:
        raise ValueError(f"{text!r} is no case number: it has at least 10 digits, this has {len(bare)}")
    if check_digit(bare[:-1]) != bare[-1]:
        raise ValueError(f"{text!r} is no case number: its check digit is wrong, so a digit was mistyped")
    sequence = bare[_DATE_DIGITS:-1]
    try:
        day = date(2000 + int(bare[:2]), int(bare[2:4]), int(bare[4:6]))
    except ValueError:
        raise ValueError(f"{text!r} is no case number: it begins with no date (YYMMDD)") from None
    number = CaseNumber(day, int(sequence))
    if number.sequence < 1 or str(number) != bare:
        raise ValueError(f"{text!r} is no case number: the day's sequence {sequence} is not one we give")
    return number


def is_case_number(text: str) -> bool:
    """Could this be one of our numbers?"""
    try:
        parse_case_number(text)
    except ValueError:
        return False
    return True


def query_code(source: random.Random, length: int = QUERY_CODE_DIGITS[0]) -> str:
    """A code for an anonymous report, drawn from ``source``.

    Never with a 0 in front (key 0 leads to a person), never one digit over and over, never the same digit
    three times in a row, never a plain count up or down: such codes are guessed first and misheard most.
    """
    shortest, longest = QUERY_CODE_DIGITS
    if not shortest <= length <= longest:
        raise ValueError(f"a query code has {shortest} to {longest} digits, not {length}")
    while True:
        code = "".join(str(source.randrange(10)) for _ in range(length))
        if not _weak(code):
            return code


def _weak(code: str) -> bool:
    ladder = "0123456789" * 2
    if code[0] == "0" or len(set(code)) < 3:
        return True
    return bool(re.search(r"(\d)\1\1", code)) or code in ladder or code[::-1] in ladder
