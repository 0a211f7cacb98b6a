"""Looking for work that others have put into the database, and doing it on the loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Executor
from typing import TypeVar

log = logging.getLogger(__name__)

LOOK_S = 0.3  # how long something that is asked for waits at most
AWAY_S = 2.0  # between two looks at a database that is away
T = TypeVar("T")


async def look_for_ever(
    thread: Executor, look: Callable[[], Iterable[T]], act: Callable[[T], Awaitable[None]], what: str,
    pause_s: float = LOOK_S, away_s: float = AWAY_S,
) -> None:  # fmt: skip
    """Look and act, for ever: ``look`` asks the database on ``thread``, never on the media loop, ``act`` runs here.

    ``what``: named in the log when the database is away or a row is unfit; the next look may do better.
    """
    loop = asyncio.get_running_loop()
    while True:
        pause = pause_s
        try:
            for found in await loop.run_in_executor(thread, look):
                await act(found)
        except Exception:
            log.exception("%s cannot be looked for", what)
            pause = away_s
        await asyncio.sleep(pause)
