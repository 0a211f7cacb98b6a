"""What the conductor asks of the queue's keeper of rows; ``store/journal/queue.py`` and :mod:`ivr.queue.local` answer.

Every ``done`` is called on the conductor's own thread, with the answer or with the error that kept it away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ivr.queue.order import Place


@dataclass(frozen=True, slots=True)
class SeatNow:
    """A seat as all processes see it. ``ready``: its operator may be rung; ``here``: is at work, if busy now."""

    seat: str
    call_id: str = ""
    ready: bool = True
    here: bool = True


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Who waits, and the seats that were ever told of (others are ready)."""

    places: tuple[Place, ...] = ()
    seats: tuple[SeatNow, ...] = ()

    def place(self, call_id: str) -> Place | None:
        """Return the place of a call, if it has one."""
        return next((place for place in self.places if place.call_id == call_id), None)

    def seat(self, seat: str) -> SeatNow:
        """Return what is known of a seat; of one nobody told of that it is ready."""
        return next((one for one in self.seats if one.seat == seat), SeatNow(seat))


class QueueStore(Protocol):
    """Places in the queue and reservations of seats, by compare-and-set."""

    def enter(self, place: Place, done: Callable[[bool | Exception], None]) -> None:
        """Give a call its place; one it has already is kept, and is ours from now on."""

    def leave(self, call_id: str) -> None:
        """Give a place up."""

    def keep(self, call_id: str, callback_id: str, done: Callable[[bool | Exception], None]) -> None:
        """Keep the place of a caller who leaves and is called back by this entry; False: it was taken meanwhile."""

    def snapshot(self, done: Callable[[Snapshot | Exception], None]) -> None:
        """Tell how the queue and the seats stand."""

    def talks(self, window: str, done: Callable[[tuple[int, ...] | Exception], None]) -> None:
        """Tell how long the talks at a window lasted in the last hour, in ms."""

    def take(self, seat: str, call_id: str, at: int, done: Callable[[bool | Exception], None]) -> None:
        """Reserve a seat for a call: False when another call has it. Of two who want it at once one wins."""

    def free(self, seat: str, call_id: str, at: int, *, tried: bool = False, missed: bool = False) -> None:
        """Let a seat go, if this call has it. ``tried``: in vain, so this caller's next seat is another; ``missed``:
        nobody lifted in time, so nobody may be there.
        """
