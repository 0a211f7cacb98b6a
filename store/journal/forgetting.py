"""What was destroyed is gone from SQLite's write-ahead log, too: it is written back and cut to nothing.

``secure_delete`` overwrites a destroyed key in the database file, but the log beside it (``hotline.db-wal``) still
holds the page as it was, for as long as the hotline runs. So whoever destroys something ends with a checkpoint that
truncates. A reader of a moment before can hold it up; it is tried again, and at every start, whatever killed us.
PostgreSQL has no such file of ours: see docs/security.md for its vacuum and its log.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Engine

from store.journal.jobs import Job

LOG = logging.getLogger(__name__)
WAIT_MS = 50  # for readers; writers wait as long, too
AGAIN_S = 0.2
PATIENCE_S = 20.0  # of those whom nobody waits for


def truncate(engine: Engine, patience_s: float = PATIENCE_S) -> bool:
    """Empty the log; False when readers held it up for ``patience_s``. Does nothing on PostgreSQL."""
    if engine.dialect.name != "sqlite":
        return True
    end = time.monotonic() + patience_s
    raw: Any = engine.raw_connection()
    try:
        while not _cut(raw.dbapi_connection):
            if time.monotonic() + AGAIN_S > end:
                LOG.warning("what was destroyed is still in the database's log; it goes at the next deletion or start")
                return False
            time.sleep(AGAIN_S)
        return True
    finally:
        raw.invalidate()  # it waits less than others do
        raw.close()


class Forgetting:
    """For one who writes all the time: remembers that something was destroyed until the log is empty."""

    def __init__(self) -> None:
        self._next: float | None = None  # when it is tried (monotonic)

    @property
    def wait_s(self) -> float | None:
        """In how many seconds it is to be tried again; None: nothing is to be forgotten."""
        return None if self._next is None else max(0.0, self._next - time.monotonic())

    def look(self, connection: Connection | None, jobs: Iterable[Job] = ()) -> None:
        """After a transaction with these jobs, outside of any: empty the log when it is to be and can be."""
        if any(job.destroys for job in jobs):
            self._next = 0.0
        if self._next is None or connection is None or time.monotonic() < self._next:
            return
        if connection.dialect.name != "sqlite":
            self._next = None
            return
        self._next = time.monotonic() + AGAIN_S
        raw: Any = connection.connection.dbapi_connection
        try:
            (patience,) = raw.execute("PRAGMA busy_timeout").fetchone()
            done = _cut(raw)
            raw.execute(f"PRAGMA busy_timeout={patience}").fetchall()
        except sqlite3.Error as error:  # the next transaction will say so, too
            LOG.warning("the database's log could not be emptied: %s", error)
            return
        if done:
            self._next = None


def _cut(raw: Any) -> bool:
    """One try, for :data:`WAIT_MS`."""
    raw.execute(f"PRAGMA busy_timeout={WAIT_MS}").fetchall()
    try:
        (busy, _pages, _moved) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError:  # somebody writes, or the disk is full: the next try tells
        return False
    return not busy
