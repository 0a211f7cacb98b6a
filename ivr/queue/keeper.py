"""The queue of one process: gives its callers their places, and offers them seats in turn.

    keeper = QueueKeeper(desk, clock, rules, feed, call_back)
    keeper.enter(call_id, window, reason, exclude, test)       # -> Queued or NobodyFree, by feed(call_id, event)

It looks four times a second while somebody waits here, and at once when a seat gets free, so a free seat meets the
next caller within half a second. What it knows it asks the store each time; nothing is ordered in memory.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ivr.call import events as e
from ivr.clock import Clock, Timer
from ivr.desk.desk import Desk
from ivr.queue.expected import expected_ms
from ivr.queue.order import BONUS_MS, Place, ahead_of, assign
from ivr.queue.port import Snapshot

log = logging.getLogger(__name__)

LOOK_MS = 250  # between two looks while somebody waits
KEPT_LOOK_MS = 2000  # while only places of people who are called back are kept


class CallBack(Protocol):
    """Calls somebody back whose turn it is (``hotline/process/callbacks.py``)."""

    def __call__(self, place: Place, seat: str) -> None: ...


@dataclass(frozen=True, slots=True)
class QueueRules:
    """What of the profile the queue obeys. ``alarm``: more waiting than this is crowded (STF-11)."""

    alarm: int = 10
    bonus_ms: int = BONUS_MS
    stage_ms: int = 12_000  # waited so long: the group may serve too; twice: the general window


class QueueKeeper:
    """Lives on the conductor's thread."""

    def __init__(
        self, desk: Desk, clock: Clock, rules: QueueRules, feed: Callable[[str, e.Event], None],
        call_back: CallBack | None = None,
    ) -> None:  # fmt: skip
        self._store, self._desk, self._clock, self._rules = desk.store, desk, clock, rules
        desk.when_free = self.wake
        self._feed, self._call_back = feed, call_back
        self._waiting: dict[str, Place] = {}  # of this process, as they entered
        self._kept = call_back is not None  # places to call back may be there, of a process that ended, too
        self._looking = False
        self._timer: Timer | None = None

    # --- what a call asks ---

    def enter(
        self, call_id: str, window: str, reason: str, exclude: tuple[str, ...], test: bool, since: int = 0
    ) -> None:
        """Give a call its place -> ``Queued``, or ``NobodyFree`` when no seat could ever serve it.

        ``since``: it has waited from then on (UTC ms); 0: from now on.
        """
        bonus = self._rules.bonus_ms if reason else 0
        place = Place(call_id, window, since or self._clock.now_ms(), bonus, reason, tried=exclude, test=test)

        def entered(answer: bool | Exception) -> None:
            if call_id not in self._waiting:
                return  # left before the place was there
            if isinstance(answer, Exception):
                log.error("call %s: no place in the queue: %s", call_id, answer)
                self._nobody(call_id, window, "the queue cannot be reached")
                return
            self.look_up(call_id, window)
            self.wake()

        self._waiting[call_id] = place
        self._store.enter(place, entered)

    def _nobody(self, call_id: str, window: str, why: str) -> None:
        self.leave(call_id)
        self._feed(call_id, e.NobodyFree(self._clock.now_ms(), window, why))

    def look_up(self, call_id: str, window: str) -> None:
        """How the place stands now -> ``Queued`` or ``NobodyFree``."""

        def seen(answer: Snapshot | Exception) -> None:
            place = answer.place(call_id) if isinstance(answer, Snapshot) else None
            if isinstance(answer, Snapshot) and place is None:  # it came while the database was away
                place = self._waiting.get(call_id)
            if not isinstance(answer, Snapshot) or place is None:
                self._nobody(call_id, window, "no place")
                return
            staffed = self._staffed(place, answer)
            if not staffed:
                self._nobody(call_id, window, "nobody is there")
                return
            ahead = ahead_of(place, answer.places)
            crowded = self._crowded(window, answer)
            self._store.talks(window, lambda talks: told(ahead, staffed, crowded, talks))

        def told(ahead: int, staffed: int, crowded: bool, talks: tuple[int, ...] | Exception) -> None:
            known = () if isinstance(talks, Exception) else talks
            wait = expected_ms(ahead, staffed, known)
            self._feed(call_id, e.Queued(self._clock.now_ms(), ahead, wait, crowded))

        self._store.snapshot(seen)

    def leave(self, call_id: str) -> None:
        """Give the place up."""
        self._waiting.pop(call_id, None)
        self._store.leave(call_id)

    def keep(self, call_id: str, callback_id: str, due: str) -> None:
        """The caller is called back in this place before ``due`` -> ``PlaceKept``. That is journaled already."""

        def kept(answer: bool | Exception) -> None:
            if answer is not True:
                log.error("call %s: its place is not kept, only the call back: %s", call_id, answer)
            self._waiting.pop(call_id, None)
            self._feed(call_id, e.PlaceKept(self._clock.now_ms(), due))
            self.wake()

        self._store.keep(call_id, callback_id, kept)

    # --- giving seats out ---

    def wake(self) -> None:
        """A seat got free, or somebody came: look now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (self._waiting or self._kept) and not self._looking:
            self._looking = True
            self._store.snapshot(self._seen)

    def free_for(self, seats: tuple[str, ...], done: Callable[[tuple[str, ...]], None]) -> None:
        """Of ``seats`` (free as far as this process knows) those a new caller may have: others do not wait for them."""

        def seen(answer: Snapshot | Exception) -> None:
            if not isinstance(answer, Snapshot):
                done(seats)
                return
            free = self._free(answer)
            promised = {seat for _, seat in assign(answer.places, free, lambda place: self._seats(place, answer))}
            done(tuple(seat for seat in seats if seat in free and seat not in promised))

        self._store.snapshot(seen)

    def _seen(self, answer: Snapshot | Exception) -> None:
        self._looking = False
        if isinstance(answer, Snapshot):
            self._offer(answer)
        if self._waiting or self._kept:
            pause = LOOK_MS if self._waiting else KEPT_LOOK_MS
            self._timer = self._clock.call_at(self._clock.now_ms() + pause, self.wake)

    def _offer(self, now: Snapshot) -> None:
        for place, seat in assign(now.places, self._free(now), lambda place: self._seats(place, now)):
            if not place.mine:
                continue  # its own process rings for it
            if place.callback_id:
                if self._call_back is not None:
                    self._call_back(place, seat)
            elif place.call_id in self._waiting:
                self._feed(place.call_id, e.SeatOffered(self._clock.now_ms(), seat))
        for call_id, place in list(self._waiting.items()):
            here = now.place(call_id)
            if here is None:  # it came while the database was away, which is back
                self._store.enter(place, lambda entered: None)
            elif not here.seat and not self._staffed(here, now):
                self._feed(call_id, e.NobodyFree(self._clock.now_ms(), place.window, "nobody is there"))

    def _free(self, now: Snapshot) -> frozenset[str]:
        known = {one.seat: one for one in now.seats}
        promised = {place.seat for place in now.places}  # to who is called back: rung a moment later
        return frozenset(
            seat
            for seat in self._desk.all_free() - promised
            if seat not in known or (known[seat].ready and not known[seat].call_id)
        )

    def _seats(self, place: Place, now: Snapshot) -> tuple[str, ...]:
        waited = self._clock.now_ms() - place.entered
        levels = 1 + min(2, waited // self._rules.stage_ms)
        able = self._desk.serving(place.window, int(levels), overflow=self._crowded(place.window, now))
        return tuple(seat for seat in able if seat not in place.tried)

    def _staffed(self, place: Place, now: Snapshot) -> int:
        """How many seats could serve this place sooner or later."""
        able = self._desk.serving(place.window, 3, overflow=self._crowded(place.window, now))
        return sum(self._desk.reachable(seat) and now.seat(seat).here for seat in able if seat not in place.tried)

    def _crowded(self, window: str, now: Snapshot) -> bool:
        return sum(place.window == window and not place.callback_id for place in now.places) > self._rules.alarm
