"""Who is served next: places in turn, and free seats given out to them (pure; STF-8, STF-11, STF-14).

assign(waiting, free, seats_of)     # [("call 7", "101"), …]: each caller and each seat at most once
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

BONUS_MS = 120_000  # 绿色通道 by default: as if the caller had waited two minutes more
BONUS_MAX_MS = 600_000  # and at most: nobody is overtaken by who came more than ten minutes later
REASONS = (
    "emergency",
    "elderly",
    "disabled",
    "lead",
)  # who may have it; status is none of them (S0 干部、群众一样尊重)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the queue. Times are UTC ms.

    ``seat``: rings for it now; ``tried``: seats that did not answer it; ``callback_id``: the caller left and is called
    back in this place; ``mine``: this process serves it.
    """

    call_id: str
    window: str
    entered: int
    bonus_ms: int = 0
    reason: str = ""
    callback_id: str = ""
    seat: str = ""
    tried: tuple[str, ...] = ()
    mine: bool = True
    test: bool = False

    @property
    def turn(self) -> tuple[int, str]:
        """What the order goes by: the moment of entering, moved back by the bonus."""
        return self.entered - min(max(self.bonus_ms, 0), BONUS_MAX_MS), self.call_id


SeatsOf = Callable[[Place], Sequence[str]]  # the seats that may serve a place now, the best first


def in_turn(places: Collection[Place]) -> list[Place]:
    """Return the places in the order in which they are served."""
    return sorted(places, key=lambda place: place.turn)


def ahead_of(place: Place, places: Collection[Place]) -> int:
    """Return how many wait for the same window and are served before ``place``."""
    return sum(other.window == place.window and other.turn < place.turn for other in places)


def assign(places: Collection[Place], free: Collection[str], seats_of: SeatsOf) -> list[tuple[Place, str]]:
    """Give free seats to those who wait and are rung by none, in turn. Each seat goes to one, each caller gets one.

    Who was not answered by a seat gets it again only when no other is left to try.
    """
    left, given = set(free), list[tuple[Place, str]]()
    for place in in_turn(places):
        if place.seat or not left:
            continue
        able = [seat for seat in seats_of(place) if seat in left]
        seat = next((seat for seat in able if seat not in place.tried), next(iter(able), None))
        if seat is not None:
            left.discard(seat)
            given.append((place, seat))
    return given
