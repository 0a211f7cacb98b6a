"""Which numbers may be dialled: by the allow-list, never an emergency number (pure; B12, toll fraud).

    number = dialled("+86 138-0000-1111", rules)    # '13800001111', or NotAllowed with the reason

What is dialled is the number as :mod:`ivr.numbers` reads it, and it is that form the rules look at: no way of writing
a number can show the rules one thing and the network another. What may lead to an emergency number is refused by what
was written, too, before anything is made of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ivr.cases.actions import ActionRefused
from ivr.numbers import HOME, NotANumber, Plan, digits_of, read

# Police, fire, ambulance, traffic accidents; the same from mobiles and abroad; text to the police, forest fire,
# rescue at sea. B12: never from a hotline that was not explicitly set up for it.
EMERGENCY = ("110", "119", "120", "122", "112", "911", "999", "000", "12110", "12119", "12395")
# Ways to the same place: line and trunk digits (0, 9), the country, an area code, in any combination.
_AREA = "(?<=[06])(?:10|2[0-9]|[3-9][0-9]{2})"  # behind its 0, or behind 86
_EMERGENCY = re.compile(rf"[09]*(?:86)?0*(?:{_AREA})?(?:{'|'.join(EMERGENCY)})")
_PATTERN = re.compile(r"(?:[0-9xX]|\[[0-9](?:-?[0-9])*\])+")

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
    plan: Plan = HOME


class NotAllowed(ActionRefused):
    """A call that may not be placed. ``code``: the reason in one word, for journal and audit."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.code = code


def pattern(text: str) -> re.Pattern[str]:
    """``1[3-9]xxxxxxxxx``: digits, ``x`` for any digit, ``[2-8]`` for some. Raises ``ValueError``."""
    if not _PATTERN.fullmatch(text):
        raise ValueError(f'"{text}" is no number pattern: write digits, x for any digit, [3-9] for some of them')
    return re.compile(text.replace("x", "[0-9]").replace("X", "[0-9]"))


def is_emergency(digits: str) -> bool:
    """Does this number lead to the police, the fire brigade, an ambulance …, however it gets there?"""
    return _EMERGENCY.fullmatch(digits) is not None


def dialled(number: str, rules: NumberRules) -> str:
    """The digits to dial. Raises :class:`NotAllowed` with the reason."""
    found = read(number, rules.plan)
    key = "" if isinstance(found, NotANumber) else found.key
    # Both as written and as read: taking the country off must not hide where a number leads.
    if not rules.emergency and (is_emergency(key) or is_emergency(digits_of(number))):
        raise NotAllowed("emergency", "不得外呼紧急号码。", "emergency numbers are never called from here")
    if isinstance(found, NotANumber):
        raise NotAllowed(found.why.code, found.why.zh, found.why.en)
    abroad = key.startswith("00")
    listed = any(pattern(p).fullmatch(key) for p in rules.allow if p.startswith("00") or not abroad)
    if abroad and not listed:
        raise NotAllowed("abroad", "不允许拨打国际号码。", "numbers abroad are not called from here")
    if found.why is not None:
        raise NotAllowed(found.why.code, found.why.zh, found.why.en)
    if not listed:
        raise NotAllowed(
            "not_on_the_list",
            "该号码不在允许外呼的范围内（[outgoing] allow）。",
            "this number is not among those that may be called ([outgoing] allow)",
        )
    return found.dialable


def why_not(number: str, rules: NumberRules) -> NotAllowed | None:
    """Why this number can never be called back; None: it can. Asked when a number is taken down (S4-33)."""
    try:
        dialled(number, rules)
    except NotAllowed as why:
        return why
    return None


def called_back(number: str, rules: NumberRules) -> tuple[str, str]:
    """The digits that will be dialled and "", or "" and in one word why never (what the call machine asks)."""
    try:
        return dialled(number, rules), ""
    except NotAllowed as why:
        return "", why.code
