"""Source of tags, branches and pauses: a generator passed in, so that a test can have the same call twice."""

from __future__ import annotations

from typing import Protocol


class Dice(Protocol):
    """The part of ``random.Random`` that is used; out in the world it is ``random.SystemRandom``."""

    def getrandbits(self, k: int, /) -> int: ...
    def random(self) -> float: ...


def token(dice: Dice, bits: int = 64) -> str:
    """Hexadecimal digits nobody can guess (RFC 3261 §19.3 wants 32 bits at least)."""
    return f"{dice.getrandbits(bits):0{bits // 4}x}"


def between(dice: Dice, least: float, most: float) -> float:
    """Any number from ``least`` to ``most``."""
    return least + (most - least) * dice.random()
