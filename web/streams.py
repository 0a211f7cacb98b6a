"""Telling open boards that there is something new: one look at the database for all of them, no thread for any.

A stream carries no data, only that something changed; the page then asks for it as ever. It ends when the session it
was opened with would not open the page any more, and keeps nobody logged in.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Callable, Iterator

log = logging.getLogger("web")

LOOK_S = 1.0  # how often the database is looked at while anybody listens
BEAT_S = 15.0  # a comment so often, so that no proxy takes the stream for dead
CHECK_S = 15.0  # how often a stream's session is looked at


class Events:
    """The body of a stream: the bridge iterates it on its loop; for a server without one it is over at once."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._pieces

    def __iter__(self) -> Iterator[bytes]:
        return iter((b"event: over\ndata:\n\n",))


class News:
    """``look``: a short text that is another one when the board has something new to say. It runs in a thread."""

    def __init__(self, look: Callable[[], str], look_s: float = LOOK_S) -> None:
        self._look, self._look_s = look, look_s
        self._seen, self._count = "", 0
        self._listening: set[asyncio.Event] = set()
        self._watching: asyncio.Task[None] | None = None

    async def stream(
        self, still: Callable[[], bool], beat_s: float = BEAT_S, check_s: float = CHECK_S
    ) -> AsyncIterator[bytes]:
        """Events in the form of ``text/event-stream`` until ``still()`` (which runs in a thread) says no."""
        news, clock = asyncio.Event(), asyncio.get_running_loop().time
        self._listening.add(news)
        if self._watching is None or self._watching.done():
            self._watching = asyncio.ensure_future(self._watch())
        checked = clock()
        try:
            yield b"retry: 3000\n\n"
            while True:
                if clock() - checked >= check_s:
                    if not await asyncio.to_thread(still):
                        yield b"event: over\ndata:\n\n"
                        return
                    checked = clock()
                try:
                    async with asyncio.timeout(min(beat_s, check_s)):  # `wait_for` may forget a cancellation (3.11)
                        await news.wait()
                except TimeoutError:
                    yield b":\n\n"
                    continue
                news.clear()
                yield b"event: news\ndata: %d\n\n" % self._count
        finally:
            self._listening.discard(news)

    async def _watch(self) -> None:
        for n in itertools.count():
            if not self._listening:
                return
            try:
                seen = await asyncio.to_thread(self._look)
            except Exception:  # the database is away; the page says so
                log.warning("the board's news could not be looked for", exc_info=not n)
                seen = self._seen
            if seen != self._seen:
                self._seen, self._count = seen, self._count + 1
                for news in self._listening:
                    news.set()
            await asyncio.sleep(self._look_s)
