"""The calls process's side of operators at their seats: states end when their time is over, acts in talks are done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from hotline.process.looking import look_for_ever
from services import operators as at_seats
from services import seat_acts
from services.seat_acts import SeatWish
from store import operators
from store import seat_acts as rows
from store.engine import Engine, reading

DoAct = Callable[[str, str, str], bool]  # (seat, act, target) -> was there a talk to do it in


class OperatorsAtSeats:
    """``act``: does an act in the talk at a seat (``Conductor.seat_asked``); ``owner``: this process."""

    def __init__(self, database: Engine, owner: str, now_ms: Callable[[], int], act: DoAct) -> None:
        self._database, self._owner, self._now, self._act = database, owner, now_ms, act

    async def run(self) -> None:
        """Look and act, for ever. The database is asked on a thread of its own, never on the media loop."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="operators") as thread:

            async def act(wish: SeatWish) -> None:
                reason = self.do(wish)
                await loop.run_in_executor(thread, partial(self.told, wish, reason))

            await look_for_ever(thread, self.look, act, "operators' states and acts")

    def look(self) -> list[SeatWish]:
        """End what is over; return the acts that are ours to do. Nobody is held up when there is nothing."""
        now = self._now()
        with reading(self._database).connect() as connection:
            over = at_seats.over(operators.every(connection), now)
            if not over and not rows.queued(connection, self._owner):
                return []
        with self._database.begin() as connection:
            at_seats.end_by_themselves(connection, now)
            return seat_acts.taken(connection, self._owner, now)

    def do(self, wish: SeatWish) -> str:
        """Do an act, on the conductor's thread; why not, or nothing."""
        each = wish.target if wish.act == "key" else (wish.target,)  # keys are pressed one by one
        return "" if all([self._act(wish.seat, wish.act, target) for target in each]) else "no_talk"

    def told(self, wish: SeatWish, reason: str) -> None:
        """Write down what came of it."""
        with self._database.begin() as connection:
            rows.end(connection, wish.id, self._now(), reason)
