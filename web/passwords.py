"""Argon2id behind the small interface of ``services/users.py``, and no more of it at once than the machine bears."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from web.errors import WebError

AT_ONCE = 2  # each takes a core and 64 MiB for a moment
WAIT_S = 10.0  # so long one waits for the others


class Busy(WebError):
    """Too many passwords are being checked; try again in a moment."""


class Argon2:
    """Argon2id with the library's current parameters (RFC 9106, low-memory profile).

    At most ``at_once`` hashes are made at the same time, by whatever threads; who waits longer than ``wait_s`` gets
    :class:`Busy`.
    """

    def __init__(self, hasher: PasswordHasher | None = None, at_once: int = AT_ONCE, wait_s: float = WAIT_S) -> None:
        self._hasher = hasher or PasswordHasher()
        self._room, self._wait_s = threading.BoundedSemaphore(at_once), wait_s

    def hash(self, password: str) -> str:
        with self._turn():
            return self._hasher.hash(password)

    def verify(self, hashed: str, password: str) -> bool:
        with self._turn():
            try:
                return self._hasher.verify(hashed, password)
            except (VerificationError, InvalidHashError):
                return False

    def outdated(self, hashed: str) -> bool:
        return self._hasher.check_needs_rehash(hashed)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._room.acquire(timeout=self._wait_s):
            raise Busy("too many passwords are being checked")
        try:
            yield
        finally:
            self._room.release()
