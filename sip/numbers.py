"""Telephone numbers in signalling: who calls, and what may become part of a request line (pure)."""

from __future__ import annotations

import re

from ivr.numbers import Number, Plan, read

_NUMBER = re.compile(r"[0-9]{2,20}")


def caller_key(user: str, plan: Plan) -> str | None:
    """The digits a caller is known by, however their network writes them (``+86 10…`` -> ``010…``).

    None for a name instead of a number: nothing can be read back or called.
    """
    found = read(user, plan)
    return found.key if isinstance(found, Number) else None


def is_number(number: str) -> bool:
    """Nothing but ASCII digits: what is dialled becomes part of a request line."""
    return _NUMBER.fullmatch(number) is not None
