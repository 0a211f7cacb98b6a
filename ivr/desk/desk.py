"""Who sits where and who is free: window → seats (A first, then B), group, general (STF-1 AB岗), or all of them.

A seat can be rung when its phone is reachable and it is in no call and not being rung. Which seat is in which call all
processes know (``ivr/queue/port.py``); what this process took itself it knows at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ivr.queue.local import LocalQueue
from ivr.queue.port import QueueStore

GENERAL = "general"
EVERYBODY = "everybody"  # in danger (EMG-1)


@dataclass(frozen=True, slots=True)
class WindowSeats:
    """A window (窗口): its seats in ringing order, and the group that helps out.

    ``overflow``: seats that help when more wait than the alarm allows (STF-11). ``lunch``: on duty 值班 in the lunch
    break in place of the window's own (STF-6); none: its own.
    """

    name: str
    seats: tuple[str, ...]
    group: tuple[str, ...] = ()
    title: str = ""
    overflow: tuple[str, ...] = ()
    lunch: tuple[str, ...] = ()


class Desk:
    """The seats of one hotline. Not thread-safe: it lives on the conductor's thread."""

    def __init__(
        self, windows: Mapping[str, WindowSeats], store: QueueStore | None = None,
        at_lunch: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self._windows, self._at_lunch = windows, at_lunch
        self.store: QueueStore = store or LocalQueue()
        self.when_free: Callable[[], None] = lambda: None  # a seat got free: the queue looks who is next
        self._reachable: dict[str, bool] = {}
        self._taken: dict[str, str] = {}  # seat -> call

    def reach(self, seat: str, reachable: bool) -> None:
        """A phone registered, or went away."""
        self._reachable[seat] = reachable
        if reachable:
            self.when_free()

    def reachable(self, seat: str) -> bool:
        """Can its phone be rung, if nothing else keeps it?"""
        return self._reachable.get(seat, False)

    def hold(self, seat: str, call_id: str) -> bool:
        """Keep a seat for a call of this process; False when another of its calls has it."""
        return self._taken.setdefault(seat, call_id) == call_id

    def take(self, seat: str, call_id: str, at: int, done: Callable[[bool], None]) -> None:
        """Reserve a seat for a call among all processes: ``done(False)`` when another call has it.

        While the database is away this process decides alone: calls go on.
        """
        if not self.hold(seat, call_id):
            done(False)
            return

        def answered(won: bool | Exception) -> None:
            if won is False and self._taken.get(seat) == call_id:
                del self._taken[seat]
            done(won is not False)

        self.store.take(seat, call_id, at, answered)

    def free(self, seat: str, call_id: str, at: int, *, tried: bool = False, missed: bool = False) -> None:
        """The seat's leg for this call ended. ``tried``: in vain; ``missed``: nobody lifted in time."""
        if self._taken.get(seat) == call_id:
            del self._taken[seat]
        self.store.free(seat, call_id, at, tried=tried, missed=missed)
        self.when_free()

    def pass_on(self, seat: str, giver: str, taker: str, at: int) -> None:
        """The seat goes from one call of this process to another; it is free for nobody meanwhile."""
        self._taken[seat] = taker
        self.store.free(seat, giver, at)
        self.store.take(seat, taker, at, lambda won: None)

    def all_free(self) -> frozenset[str]:
        """The seats that this process could ring now."""
        return frozenset(seat for seat, there in self._reachable.items() if there and seat not in self._taken)

    def serving(self, window: str, levels: int, overflow: bool = False) -> tuple[str, ...]:
        """The seats that serve a window, the best first.

        ``levels``: 1 its own, 2 its group, too, 3 the general window, too. ``overflow``: too many wait.
        """
        here = self._windows.get(window)
        more = here.overflow if here is not None and overflow else ()
        names = ("window", "group", "general")[:levels]
        return tuple(dict.fromkeys((*(seat for level in names for seat in self._seats(window, level)), *more)))

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
        if level == "group":
            return here.group
        return here.lunch if here.lunch and self._at_lunch() else here.seats

    def _why(self, seat: str) -> str:
        return "in a call" if seat in self._taken else "not reachable"
