"""The queue of one process in memory: for the simulator's long days, and while the database is away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ivr.queue.order import Place
from ivr.queue.port import SeatNow, Snapshot


class LocalQueue:
    """Implements :class:`ivr.queue.port.QueueStore`; answers at once."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}
        self.taken: dict[str, str] = {}  # seat -> call

    def enter(self, place: Place, done: Callable[[bool | Exception], None]) -> None:
        self.places.setdefault(place.call_id, place)
        done(True)

    def leave(self, call_id: str) -> None:
        self.places.pop(call_id, None)

    def keep(self, call_id: str, callback_id: str, done: Callable[[bool | Exception], None]) -> None:
        place = self.places.get(call_id)
        if place is not None:
            self.places[call_id] = replace(place, callback_id=callback_id, seat="")
        done(place is not None)

    def snapshot(self, done: Callable[[Snapshot | Exception], None]) -> None:
        done(self.now())

    def now(self) -> Snapshot:
        """The snapshot itself."""
        return Snapshot(tuple(self.places.values()), tuple(SeatNow(*item) for item in self.taken.items()))

    def talks(self, window: str, done: Callable[[tuple[int, ...] | Exception], None]) -> None:
        done(())

    def take(self, seat: str, call_id: str, at: int, done: Callable[[bool | Exception], None]) -> None:
        done(self.takes(seat, call_id))

    def takes(self, seat: str, call_id: str) -> bool:
        """Reserve a seat; False when another call has it."""
        won = self.taken.setdefault(seat, call_id) == call_id
        if won and call_id in self.places:
            self.places[call_id] = replace(self.places[call_id], seat=seat)
        return won

    def free(self, seat: str, call_id: str, at: int, *, tried: bool = False, missed: bool = False) -> None:
        if self.taken.get(seat) == call_id:
            del self.taken[seat]
        place = self.places.get(call_id)
        if place is not None and place.seat == seat:
            more = (seat,) if tried and seat not in place.tried else ()
            self.places[call_id] = replace(place, seat="", tried=(*place.tried, *more))
