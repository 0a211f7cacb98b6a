"""Offline buffer of turns while the database is away: an encrypted file, on disk before anybody goes on.

Lines of ``base64(encrypted JSON)`` after one header line; the rest of the file is reserved room (zeros), so
that a disk that fills up does not take the spool along with the database. A line without its end was never
acknowledged. What has been replayed is recognised by its journal ids, so replaying twice does nothing.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from store.journal.write_batch import WriteBatch, dump, parse
from store.keys import Keys

LOG = logging.getLogger(__name__)
RESERVE = 4 << 20  # bytes kept free for the first minutes of a full disk
DAYS_KEPT = 3  # whose last spooled case sequence the header remembers


class Spool:
    """An append-only file of works, read back in order. Not thread-safe: the writer owns it."""

    def __init__(self, path: Path, keys: Keys) -> None:
        self._path = path
        self._keys = keys
        self._numbers: dict[str, int] = {}  # day -> last case sequence given out from here
        self._lines: list[tuple[int, int]] = []  # offset and length of what waits
        self._end = 0
        if path.exists():
            self._read()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._start_afresh()

    def __len__(self) -> int:
        """How many works wait."""
        return len(self._lines)

    def append(self, works: Sequence[WriteBatch]) -> None:
        """Have ``works`` on the disk when this returns. Raises OSError (disk full, too)."""
        lines = [base64.b64encode(self._keys.encrypt(dump(work))) for work in works]
        with self._path.open("r+b") as file:
            file.seek(self._end)
            file.write(b"".join(line + b"\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
        self._place(lines)

    def peek(self, limit: int) -> list[WriteBatch | None]:
        """The first works that wait (None: cannot be read, see :meth:`drop`)."""
        return [self._parse(line) for line in self._raw(self._lines[:limit])]

    def waiting(self) -> Iterable[WriteBatch]:
        """Every readable work that waits, in order."""
        return (work for work in map(self._parse, self._raw(self._lines)) if work is not None)

    @property
    def aside(self) -> Path:
        """Where what cannot be replayed is kept."""
        return self._path.with_suffix(".bad")

    def drop(self, count: int, rejected: Iterable[int] = ()) -> list[bytes]:
        """The first ``count`` works are written; those ``rejected`` (indices) are kept :attr:`aside` and returned."""
        bad = list(self._raw([self._lines[index] for index in sorted(rejected)]))
        self._keep_aside(bad)
        del self._lines[:count]
        if not self._lines:
            self._start_afresh()
        return bad

    def _keep_aside(self, bad: Sequence[bytes]) -> None:
        if not bad:
            return
        with _appending(self.aside) as file:
            file.write(b"".join(line + b"\n" for line in bad))
            file.flush()
            os.fsync(file.fileno())
        LOG.error("%d spooled turns could not be replayed; kept in %s", len(bad), self.aside)

    def next_sequence(self, day: str, first: int) -> int:
        """The next case sequence of ``day`` in the spool's own range; safe once appended."""
        self._numbers[day] = max(first, self._numbers.get(day, first - 1) + 1)
        return self._numbers[day]

    def _place(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            self._lines.append((self._end, len(line)))
            self._end += len(line) + 1

    def _raw(self, places: Sequence[tuple[int, int]]) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            for offset, length in places:
                file.seek(offset)
                yield file.read(length)

    def _parse(self, line: bytes) -> WriteBatch | None:
        try:
            return parse(self._keys.decrypt(base64.b64decode(line)))
        except Exception:
            LOG.exception("a spooled turn in %s cannot be read", self._path)
            return None

    def _read(self) -> None:
        content = self._path.read_bytes().split(b"\0", 1)[0]
        *lines, torn = content.split(b"\n")
        if not lines:
            self._start_afresh()
            return
        try:
            self._numbers = {str(day): int(last) for day, last in dict(json.loads(lines[0])["numbers"]).items()}
        except (ValueError, KeyError, TypeError):  # numbers given out are read from the turns that wait
            self._keep_aside(lines[:1])
        self._end = len(lines[0]) + 1
        self._place(lines[1:])
        for work in self.waiting():
            if work.case is not None and work.case.sequence:
                day = work.case.request.day
                self._numbers[day] = max(work.case.sequence, self._numbers.get(day, 0))
        if torn:  # never acknowledged; wiped so that it cannot be taken for the head of a later line
            with self._path.open("r+b") as file:
                file.truncate(self._end)
                _reserve(file.fileno(), self._end)

    def _start_afresh(self) -> None:
        """Replace the file by an empty one, with the header that keeps case numbers from coming twice."""
        kept = sorted(self._numbers)[-DAYS_KEPT:]
        header = json.dumps({"spool": 1, "numbers": {day: self._numbers[day] for day in kept}}).encode() + b"\n"
        new = self._path.with_suffix(".new")
        with new.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(header)
            file.flush()
            _reserve(file.fileno(), len(header))
            os.fsync(file.fileno())
        os.replace(new, self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._end = len(header)


def waiting_by(path: Path) -> set[bytes]:
    """The lines of a spool that still wait, as they stand there; another process may own it."""
    try:
        return set(path.read_bytes().split(b"\0", 1)[0].split(b"\n")[1:-1])
    except FileNotFoundError:
        return set()


def reseal_aside(path: Path, anew: Callable[[bytes], bytes | None]) -> int:
    """Seal the lines kept aside anew; how many. ``anew``: a token sealed by the newest key, None: it stays as it is."""
    if not path.exists():
        return 0
    with _appending(path) as held:  # nobody appends meanwhile
        lines, done = path.read_bytes().split(b"\n"), 0
        for n, line in enumerate(lines):
            try:
                fresh = anew(base64.b64decode(line))
            except binascii.Error:  # a head, or a torn line
                continue
            if fresh is not None:
                lines[n], done = base64.b64encode(fresh), done + 1
        if not done:
            return 0
        new = path.with_suffix(".anew")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(b"\n".join(lines))
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
        held.flush()
    return done


@contextmanager
def _appending(path: Path) -> Iterator[BinaryIO]:
    """The file of that name at its end, and nobody else's until the block is over."""
    while True:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
        fcntl.flock(file, fcntl.LOCK_EX)
        if path.exists() and os.stat(path).st_ino == os.fstat(file.fileno()).st_ino:
            break
        file.close()  # it was replaced while we waited
    with file:
        yield file


def _reserve(file: int, at: int) -> None:
    try:
        os.posix_fallocate(file, at, RESERVE)
    except OSError as error:  # not every file system can
        LOG.warning("no room reserved for the spool: %s", error)
