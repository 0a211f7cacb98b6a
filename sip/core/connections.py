"""How many connections there may be, from whom, and how long: pure, so that what is slow and silent is told in no time.

Three things are bounded. Who has not said a whole SIP message yet (a scanner, a slow or silent socket, an endless
handshake) has few connections and a few seconds. Who has spoken may stay, many from one address (a whole office behind
one), and goes when nothing needs the connection any more. Where all places are taken, the one that is idle longest and
needed by nobody makes room.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sip.core.sip_messages import Addr

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Bounds:
    """``new``: connections without a whole message yet. Times in seconds."""

    new: int = 128
    new_per_host: int = 32
    all: int = 1000
    per_host: int = 250
    first_s: float = 10.0  # from the first byte of the handshake to the end of the first message
    message_s: float = 10.0  # from the first to the last byte of a message
    idle_s: float = 180.0  # a connection nobody needs; 64 x T1 is the least (RFC 3261 §18)

    @classmethod
    def within(cls, files: int) -> Bounds:
        """At most a quarter of the descriptors there are: the others are for sound."""
        usual, most = cls(), files // 4
        return cls(
            min(usual.new, most // 4),
            min(usual.new_per_host, most // 8),
            min(usual.all, most),
            min(usual.per_host, most // 2),
        )


@dataclass(slots=True)
class _Connection:
    host: str
    since: float
    heard: float
    spoken: bool = False
    begun: float | None = None  # when the message that is not whole yet began


class Book(Generic[Key]):
    """Every connection by a key of its own. ``needed``: the far ends of registrations and calls."""

    def __init__(self, bounds: Bounds, needed: Callable[[], set[Addr]]) -> None:
        self.bounds, self._needed = bounds, needed
        self._there: dict[Key, _Connection] = {}
        self._addr: dict[Key, Addr] = {}
        self._hosts: Counter[str] = Counter()
        self._new: Counter[str] = Counter()

    def keys(self) -> list[Key]:
        return list(self._there)

    def __len__(self) -> int:
        return len(self._there)

    def admit(self, key: Key, addr: Addr, now: float) -> tuple[bool, Key | None]:
        """A connection came from outside: is it taken, and which one (its key) has to be closed for it?"""
        host, bounds, leaving = addr.host, self.bounds, None
        if self._new[host] >= bounds.new_per_host or self._new.total() >= bounds.new:
            return False, None
        if self._hosts[host] >= bounds.per_host:
            leaving = self._idlest(host)
        elif len(self._there) >= bounds.all:
            leaving = self._idlest(None)
        if leaving is None and (self._hosts[host] >= bounds.per_host or len(self._there) >= bounds.all):
            return False, None
        self._there[key] = _Connection(host, now, now)
        self._addr[key] = addr
        self._hosts[host] += 1
        self._new[host] += 1
        return True, leaving

    def opened(self, key: Key, addr: Addr, now: float) -> None:
        """A connection of ours: it is nobody's place."""
        self._there[key] = _Connection(addr.host, now, now, spoken=True)
        self._addr[key] = addr
        self._hosts[addr.host] += 1

    def heard(self, key: Key, now: float, whole: bool, begun: bool) -> None:
        """Bytes came: ``whole``: a message ended with them; ``begun``: another one did not."""
        connection = self._there.get(key)
        if connection is None:
            return
        if whole:  # pings alone keep no connection
            connection.heard = now
        if whole and not connection.spoken:
            connection.spoken = True
            self._forget_new(connection.host)
        if not begun:
            connection.begun = None
        elif whole or connection.begun is None:
            connection.begun = now

    def left(self, key: Key) -> None:
        connection = self._there.pop(key, None)
        self._addr.pop(key, None)
        if connection is None:
            return
        self._hosts[connection.host] -= 1
        if not self._hosts[connection.host]:
            del self._hosts[connection.host]
        if not connection.spoken:
            self._forget_new(connection.host)

    def overdue(self, now: float) -> list[Key]:
        """The connections whose time is over."""
        bounds, needed, over = self.bounds, self._needed(), list[Key]()
        for key, connection in self._there.items():
            if not connection.spoken:
                late = now - connection.since >= bounds.first_s
            elif connection.begun is not None and now - connection.begun >= bounds.message_s:
                late = True
            else:
                late = now - connection.heard >= bounds.idle_s and self._addr[key] not in needed
            if late:
                over.append(key)
        return over

    def _idlest(self, host: str | None) -> Key | None:
        """Of a host or of all: the connection that has been idle longest, of those nobody needs."""
        needed = self._needed()
        found = [
            (connection.heard, index, key)
            for index, (key, connection) in enumerate(self._there.items())
            if connection.spoken and host in (None, connection.host) and self._addr[key] not in needed
        ]
        return min(found)[2] if found else None

    def _forget_new(self, host: str) -> None:
        self._new[host] -= 1
        if not self._new[host]:
            del self._new[host]
