"""The one place that decides how much of a telephone number is seen: pages, API, exports and reports all ask here."""

from __future__ import annotations

HIDDEN = "••••"
SHOWN_DIGITS = 4
MASKED_FROM = 8  # digits; of shorter numbers (extensions, short codes) four digits would be nearly all

SEES_LAST_DIGITS = frozenset({"operator", "lead", "supervisor", "api"})


def mask(number: str | None, role: str, *, anonymous: bool = False) -> str:
    """The part of ``number`` that ``role`` may see: the last four digits, dots, or nothing.

    ``""`` means that there is nothing to show: withheld, destroyed, or an anonymous report, of which
    nobody sees a number (requirements A5.2 no. 16). Roles without personal data get dots only.
    """
    if anonymous or not number:
        return ""
    if role not in SEES_LAST_DIGITS or len(number) < MASKED_FROM:
        return HIDDEN
    return HIDDEN + number[-SHOWN_DIGITS:]
