"""Codes on an operator's phone during a talk: a star, a digit, and where it takes one a target ended by ``#``.

``*1`` hold or resume, ``*2<seat>#`` consult, ``*3`` join, ``*4`` leave, ``*5<target>#`` blind, ``*6`` mute or unmute,
``*0`` back. The keys of a code are swallowed; all others are the keypad's.
"""

from __future__ import annotations

AT_ONCE = {"0": "back", "1": "hold", "3": "join", "4": "leave", "6": "mute"}
WITH_TARGET = {"2": "consult", "5": "blind"}
TYPED_MAX = 24  # characters of a code; longer is no code


def typed(before: str, key: str) -> tuple[str, tuple[str, str]]:
    """(the code as far as it is typed, (act, target)); no code: "", no act yet: ("", "")."""
    if key == "*":  # a star begins anew
        return "*", ("", "")
    if not before:
        return "", ("", "")
    code = before + key
    first = code[1]
    if first in AT_ONCE:
        return "", (AT_ONCE[first], "")
    if first not in WITH_TARGET or len(code) > TYPED_MAX:
        return "", ("", "")
    if key == "#":
        return "", (WITH_TARGET[first], code[2:-1])
    return code, ("", "")
