"""One pacer for all streams: a frame each 20 ms, on absolute deadlines, spread over the 20 ms."""

from __future__ import annotations

import asyncio
from typing import Protocol

FRAME_S = 0.020
SLOTS = 10
SLOT_S = FRAME_S / SLOTS
BURST = 3  # packets a stream may send back to back after a stall


class Paced(Protocol):
    """Something that sends one frame when it is told to."""

    def tick(self, now: float) -> None: ...
    def skip(self, frames: int) -> None: ...
    def broke(self, error: Exception) -> None: ...


class Slots:
    """The order of play, without a clock: who is due at which moment.

    Slot ``n`` of round ``r`` is due at ``start + r * 20 ms + n * 2 ms``; deadlines never drift with how late
    a call was. After a stall every stream catches up with at most ``BURST`` frames; the frames beyond that
    are skipped (the stream only moves its timestamp), so that no phone is flooded.
    """

    def __init__(self, start: float) -> None:
        self._start = start
        self._step = 0  # steps of 2 ms since start
        self._slots: list[list[Paced]] = [[] for _ in range(SLOTS)]
        self.stalls = 0

    def join(self, stream: Paced) -> None:
        """Add a stream to the emptiest slot."""
        min(self._slots, key=len).append(stream)

    def leave(self, stream: Paced) -> None:
        """Remove a stream."""
        for slot in self._slots:
            if stream in slot:
                slot.remove(stream)

    def __len__(self) -> int:
        return sum(map(len, self._slots))

    def resume(self, now: float) -> None:
        """Begin again at ``now``, after a time without streams."""
        self._start, self._step = now, 0

    @property
    def due(self) -> float:
        """When the next slot with a stream in it is due."""
        step = self._step
        while not self._slots[step % SLOTS] and step < self._step + SLOTS:
            step += 1
        return self._start + step * SLOT_S

    def run(self, now: float) -> None:
        """Let everything send that is due at ``now``."""
        late = int((now - self._start) / SLOT_S) - self._step  # whole steps behind
        rounds = late // SLOTS - (BURST - 1)
        if rounds > 0:
            self.stalls += 1
            self._step += rounds * SLOTS
            for slot in self._slots:
                for stream in slot:
                    stream.skip(rounds)
        while self._start + self._step * SLOT_S <= now:
            # A tick may close its stream, or another one: go over a copy.
            for stream in tuple(self._slots[self._step % SLOTS]):
                try:
                    stream.tick(now)
                except Exception as error:  # one broken stream must not silence the others, nor break at each frame
                    self.leave(stream)
                    stream.broke(error)
            self._step += 1


class Pacer:
    """Runs :class:`Slots` on an asyncio loop; asleep while there is no stream."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._slots = Slots(loop.time())
        self._timer: asyncio.TimerHandle | None = None

    @property
    def stalls(self) -> int:
        """How often the loop was held up so long that frames had to be skipped."""
        return self._slots.stalls

    def join(self, stream: Paced) -> None:
        """Begin to pace a stream."""
        if not len(self._slots):
            self._slots.resume(self._loop.time())
        self._slots.join(stream)
        if self._timer is None:
            self._sleep()

    def leave(self, stream: Paced) -> None:
        """Stop pacing a stream."""
        self._slots.leave(stream)

    def stop(self) -> None:
        """Pace nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wake(self) -> None:
        self._timer = None
        self._slots.run(self._loop.time())
        if len(self._slots):
            self._sleep()

    def _sleep(self) -> None:
        self._timer = self._loop.call_at(self._slots.due, self._wake)
