"""Log lines that a stranger can cause, bounded: a flood of bad datagrams must not fill a disk (time is passed in)."""

from __future__ import annotations

import logging

WINDOW_S = 60.0


class LogLimit:
    """At most ``lines`` lines of one kind in a minute; the next one says how many were held back."""

    def __init__(self, log: logging.Logger, lines: int = 10) -> None:
        self._log, self._lines = log, lines
        self._since: dict[str, float] = {}
        self._said: dict[str, int] = {}

    def say(self, now: float, level: int, message: str, *args: object, error: BaseException | None = None) -> None:
        """Log ``message``, which names its kind; ``now``: seconds of any clock that only goes forward."""
        said = self._said.get(message, 0)
        if now - self._since.get(message, -WINDOW_S) >= WINDOW_S:
            if said > self._lines:
                self._log.log(level, "%d more like the next one were not written", said - self._lines)
            self._since[message], said = now, 0
        self._said[message] = said + 1
        if said < self._lines:
            self._log.log(level, message, *args, exc_info=error)
