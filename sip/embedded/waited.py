"""How long messages waited for us: datagrams in their socket (the kernel stamps them when they arrive), and what was
read of a connection until its turn came.

A loop that has too much to do shows it here first: its timers are still punctual while keys and speech pile up.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Iterable

SO_TIMESTAMPNS = 35  # Linux; Python has no name for it
ANCILLARY = 64  # bytes that hold the stamp
SAMPLE = 16  # of a stream's packets one in so many is looked at: each 0.3 s
KEPT_S = 0.1  # how long what was seen counts, at least: one pause must be forgotten before it is taken for a queue
LONGEST_S = 32.0  # more is a clock that was set
_STAMP = struct.Struct("@qq")


def stamp(sock: socket.socket) -> None:
    """Have arrivals stamped; elsewhere than on Linux nothing is known of them."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)


def age_s(ancillary: Iterable[tuple[int, int, bytes]]) -> float:
    """How long the datagram with these control messages (``recvmsg``) waited, in seconds."""
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS and len(data) >= _STAMP.size:
            seconds, nanos = _STAMP.unpack_from(data)
            age = time.time() - seconds - nanos / 1e9
            return age if 0 < age < LONGEST_S else 0.0
    return 0.0


class Waited:
    """The longest wait of the last moments. ``now``: seconds on a clock that only goes forward."""

    def __init__(self) -> None:
        self._since = 0.0
        self._longest = self._before = 0.0

    def note(self, age: float, now: float) -> None:
        """One datagram waited for ``age`` seconds."""
        self._turn(now)
        self._longest = max(self._longest, age)

    def lag_s(self, now: float) -> float:
        """The longest wait of the last ``KEPT_S`` to twice as long."""
        self._turn(now)
        return max(self._longest, self._before)

    def _turn(self, now: float) -> None:
        if now - self._since >= KEPT_S:
            self._before = self._longest if now - self._since < 2 * KEPT_S else 0.0
            self._since, self._longest = now, 0.0
