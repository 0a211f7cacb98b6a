"""Telephone numbers as they are dialled here (pure; every engine uses it)."""

from __future__ import annotations

import re

_LAYOUT = re.compile(r"[\s().\-]")
_NUMBER = re.compile(r"[0-9]{2,20}")


def diallable(user: str, country_code: str) -> str | None:
    """Digits as they are dialled here (``+86 138…`` -> ``138…``, ``+86 10…`` -> ``010…``), or None.

    A name instead of a number gives None: nothing can be read back or called.
    """
    number = _LAYOUT.sub("", user)
    if number.startswith("+" + country_code):
        national = number[len(country_code) + 1 :]
        mobile = country_code == "86" and len(national) == 11 and national.startswith("1")
        number = national if mobile or not national else "0" + national
    elif number.startswith("+"):
        number = "00" + number[1:]
    return number if re.fullmatch(r"[0-9]{1,32}", number) else None


def is_number(number: str) -> bool:
    """Nothing but ASCII digits: what is dialled becomes part of a request line."""
    return _NUMBER.fullmatch(number) is not None
