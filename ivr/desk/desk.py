"""Who sits where and who is free: window → seats (A first, then B), group, general (STF-1 AB岗), or all of them.

A seat can be rung when its phone is reachable and it is in no call and not being rung.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

GENERAL = "general"
EVERYBODY = "everybody"  # in danger (EMG-1)


@dataclass(frozen=True, slots=True)
class WindowSeats:
    """A window (窗口): its seats in ringing order, and the group that helps out."""

    name: str
    seats: tuple[str, ...]
    group: tuple[str, ...] = ()
    title: str = ""


class Desk:
    """The seats of one hotline. Not thread-safe: it lives on the conductor's thread."""

    def __init__(self, windows: Mapping[str, WindowSeats]) -> None:
        self._windows = windows
        self._reachable: dict[str, bool] = {}
        self._taken: dict[str, str] = {}  # seat -> call

    def reach(self, seat: str, reachable: bool) -> None:
        """A phone registered, or went away."""
        self._reachable[seat] = reachable

    def take(self, seat: str, call_id: str) -> bool:
        """Reserve a seat for a call; False when another call has it."""
        return self._taken.setdefault(seat, call_id) == call_id

    def free(self, seat: str, call_id: str) -> None:
        """The seat's leg for this call ended."""
        if self._taken.get(seat) == call_id:
            del self._taken[seat]

    def title(self, window: str) -> str:
        """The window's name for an operator's phone."""
        found = self._windows.get(window)
        return found.title or found.name if found else window

    def find(self, window: str, level: str, exclude: tuple[str, ...] = ()) -> tuple[tuple[str, ...], str]:
        """(seats that can be rung now in their order, why nobody when there are none)."""
        seats = self._seats(window, level)
        fresh = tuple(seat for seat in seats if seat not in exclude)
        free = tuple(seat for seat in fresh if self._reachable.get(seat) and seat not in self._taken)
        if free:
            return free, ""
        if not seats:
            return (), "no seats"
        if not fresh:
            return (), "all tried"
        return (), ", ".join(f"{seat} {self._why(seat)}" for seat in fresh)

    def _seats(self, window: str, level: str) -> tuple[str, ...]:
        here = self._windows.get(window)
        if level == "general":
            general = self._windows.get(GENERAL)
            return general.seats if general and window != GENERAL else ()
        if here is None:
            return ()
        if level == EVERYBODY:
            general = self._windows.get(GENERAL, here)
            return tuple(dict.fromkeys((*here.seats, *here.group, *general.seats, *general.group)))
        return here.group if level == "group" else here.seats

    def _why(self, seat: str) -> str:
        return "in a call" if seat in self._taken else "not reachable"
