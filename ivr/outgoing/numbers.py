"""Which numbers may be dialled: by the allow-list, never an emergency number (pure; B12, toll fraud).

    number = dialled("+86 138-0000-1111", rules)    # '13800001111', or Refused with the reason

What is dialled is the number in its plain form, and it is that form the rules look at: no way of writing a number
can show the rules one thing and the network another. Anything that is not a digit, or a separator people write
between digits, is refused rather than dropped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ivr.cases.actions import Refused

# Police, fire, ambulance, traffic accidents; the same from mobiles and abroad; text to the police, forest fire,
# rescue at sea. B12: never from a hotline that was not explicitly set up for it.
EMERGENCY = ("110", "119", "120", "122", "112", "911", "999", "000", "12110", "12119", "12395")
# Ways to the same place: line and trunk digits (0, 9), the country, an area code, in any combination.
_AREA = "(?<=[06])(?:10|2[0-9]|[3-9][0-9]{2})"  # behind its 0, or behind 86
_EMERGENCY = re.compile(rf"[09]*(?:86)?0*(?:{_AREA})?(?:{'|'.join(EMERGENCY)})")
_SEPARATORS = re.compile(r"[ \-().]")
_DIGITS = re.compile(r"\+?[0-9]+")
_PATTERN = re.compile(r"(?:[0-9xX]|\[[0-9](?:-?[0-9])*\])+")
LONGEST = 20

# Mobiles; landlines with their area code, whose own part begins with 2 to 8. Not service or premium numbers (400,
# 800, 95…, 96…, 168…), nothing abroad.
USUAL = (
    "1[3-9]xxxxxxxxx",
    "010[2-8]xxxxxxx",
    "02[0-9][2-8]xxxxxxx",
    "0[3-9]xx[2-8]xxxxxx",
    "0[3-9]xx[2-8]xxxxxxx",
)


@dataclass(frozen=True, slots=True)
class NumberRules:
    """``allow``: patterns, see :func:`pattern`. ``emergency``: the explicit word of a production set-up."""

    allow: Sequence[str] = USUAL
    emergency: bool = False
    country_code: str = "86"


class NotAllowed(Refused):
    """A call that may not be placed. ``code``: the reason in one word, for journal and audit."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.code = code


def pattern(text: str) -> re.Pattern[str]:
    """``1[3-9]xxxxxxxxx``: digits, ``x`` for any digit, ``[2-8]`` for some. Raises ``ValueError``."""
    if not _PATTERN.fullmatch(text):
        raise ValueError(f'"{text}" is no number pattern: write digits, x for any digit, [3-9] for some of them')
    return re.compile(text.replace("x", "[0-9]").replace("X", "[0-9]"))


def plain(number: str, country_code: str = "86") -> str:
    """The number as it is dialled in the country, digits only. Raises :class:`NotAllowed` for anything else."""
    written = _SEPARATORS.sub("", number)
    if not _DIGITS.fullmatch(written) or len(written) > LONGEST:
        raise NotAllowed("not_a_number", "号码含有不能拨打的字符。", "this is no number that can be dialled")
    digits = "00" + written[1:] if written.startswith("+") else written
    if digits.startswith("00" + country_code):
        national = digits[2 + len(country_code) :]
        mobile = country_code == "86" and len(national) == 11 and national.startswith("1")
        return national if mobile or national.startswith("0") else "0" + national
    return digits


def is_emergency(digits: str) -> bool:
    """Does this number lead to the police, the fire brigade, an ambulance …, however it gets there?"""
    return _EMERGENCY.fullmatch(digits) is not None


def dialled(number: str, rules: NumberRules) -> str:
    """The digits to dial. Raises :class:`NotAllowed` with the reason."""
    digits = plain(number, rules.country_code)
    # Both as written and as dialled: taking the country off must not hide where a number leads.
    written = _SEPARATORS.sub("", number).lstrip("+")
    if not rules.emergency and (is_emergency(digits) or is_emergency(written)):
        raise NotAllowed("emergency", "不得外呼紧急号码。", "emergency numbers are never called from here")
    abroad = digits.startswith("00")
    if not any(pattern(p).fullmatch(digits) for p in rules.allow if p.startswith("00") or not abroad):
        if abroad:
            raise NotAllowed("abroad", "不允许拨打国际号码。", "numbers abroad are not called from here")
        raise NotAllowed(
            "not_on_the_list",
            "该号码不在允许外呼的范围内（[outgoing] allow）。",
            "this number is not among those that may be called ([outgoing] allow)",
        )
    return digits
