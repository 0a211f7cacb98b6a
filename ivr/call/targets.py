"""Whom a caller can be handed over to: a seat, a window of the flow, or a number of the one allow-list (pure).

    reach = Targets(seats=("101", "102"), windows={"repair": "repair"}, dialled=rules)
    reach("102")             # TransferTarget("seat", "102")
    reach("window:repair")   # TransferTarget("window", "repair"); on a keypad its place among the windows: "1"
    reach("02288881234")     # TransferTarget("number", "number:02288881234"), if [transfers] numbers has it

In the machine an outside number is an *end* like a seat, called ``number:<digits>``; what is journaled of it is
:func:`shown`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from ivr.masking import mask

NUMBER = "number:"
WINDOW = "window:"
TargetKind = Literal["seat", "window", "number", ""]


@dataclass(frozen=True, slots=True)
class TransferTarget:
    """Whom somebody meant. ``name``: the end to be rung, or the window; ``kind`` "": nobody who can be reached."""

    kind: TargetKind
    name: str = ""


NOBODY = TransferTarget("")


@dataclass(frozen=True, slots=True)
class Targets:
    """``windows``: those the flow leads to. ``dialled``: digits -> (as they are dialled, ""), or ("", why not)."""

    seats: Collection[str] = ()
    windows: Sequence[str] = ()
    dialled: Callable[[str], tuple[str, str]] = lambda digits: ("", "not_on_the_list")

    def __call__(self, meant: str) -> TransferTarget:
        """Return whom these keys, or this user part of a Refer-To, mean. Never raises."""
        meant = meant.strip()
        if meant in self.seats:
            return TransferTarget("seat", meant)
        window = meant.removeprefix(WINDOW)
        if window in self.windows:
            return TransferTarget("window", window)
        if meant.isdecimal() and 0 < int(meant) <= len(self.windows) and len(meant) <= 2:
            return TransferTarget("window", self.windows[int(meant) - 1])
        digits, why = self.dialled(meant.removeprefix(NUMBER))
        return NOBODY if why or not digits else TransferTarget("number", NUMBER + digits)


def is_seat(end: str) -> bool:
    """Is this end a seat of ours, no outside number?"""
    return not end.startswith(NUMBER)


def shown(end: str) -> str:
    """How an end of a call is written into the journal: a seat by its name, of a number its last four digits."""
    digits = end.removeprefix(NUMBER)
    return end if digits == end else NUMBER + mask(digits, "operator")
