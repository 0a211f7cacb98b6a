"""The database: SQLite in the data folder by default, PostgreSQL by URL.

SQLite runs in WAL mode with ``synchronous=FULL``, and **every** transaction begins with ``BEGIN IMMEDIATE``
(with the defaults, two processes that read and then update lose each other's updates) unless it comes from
:func:`reading`.
"""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from typing import Any

# Types named by those who open or pass on a database (web, hotline) without speaking SQL; `as`: for them, too.
from sqlalchemy import Connection as Connection
from sqlalchemy import Engine as Engine
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.orm import Session as Session

from store.errors import StoreError

DATABASE_FILE = "hotline.db"  # inside the data folder
BUSY_MS = 5000  # how long a writer waits for another writer (SQLite)
TRY_MS = 2  # how often somebody tries to be the next writer (SQLite)
AGAIN_S = 0.02  # then it tries again what SQLite does not wait for
CONNECT_S = 3  # how long a connection attempt may take (PostgreSQL)
POOL = 16  # connections that are kept: as many as the panel has threads; each further one is made anew (PostgreSQL)
SILENT_MS = 8000  # a server that acknowledges nothing for this long is gone (PostgreSQL)


DatabaseError = SQLAlchemyError  # whatever a statement may end with


class DatabaseAway(StoreError):
    """The database cannot be used now; the text says what to do."""


def database_url(target: str | Path) -> URL:
    """The URL of ``target``: a database URL, or the data folder (SQLite inside it).

    >>> database_url("postgres://u@h/hotline").drivername
    'postgresql+psycopg'
    >>> str(database_url("/srv/data"))
    'sqlite:////srv/data/hotline.db'
    """
    if isinstance(target, Path) or "://" not in target:
        return URL.create("sqlite", database=str(Path(target) / DATABASE_FILE))
    try:
        url = make_url(target.replace("postgres://", "postgresql://", 1))
    except ArgumentError as error:
        raise DatabaseAway(
            f"{target!r} is no database URL; write sqlite:///FILE or postgresql://USER@HOST/DATABASE"
        ) from error
    kind = url.get_backend_name()
    if kind not in ("sqlite", "postgresql"):
        raise DatabaseAway(f"{kind!r} is not supported; use sqlite:///FILE or postgresql://USER@HOST/DATABASE")
    return url.set(drivername="postgresql+psycopg") if kind == "postgresql" else url


def open_engine(target: str | Path, *, relaxed: bool = False, busy_ms: int = BUSY_MS) -> Engine:
    """An engine for ``target`` (URL or data folder). Connects only when first used.

    ``relaxed``: commits need not survive a power cut (simulator and tests only).
    """
    url = database_url(target)
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, relaxed, busy_ms)
    options = "-c timezone=UTC" + (" -c synchronous_commit=off" if relaxed else "")
    arguments = {
        "connect_timeout": CONNECT_S,
        "tcp_user_timeout": SILENT_MS,
        "application_name": "open-hotline",
        "options": options,
    }
    try:
        return create_engine(url, connect_args=arguments, pool_pre_ping=True, pool_size=POOL)
    except ModuleNotFoundError as error:
        raise DatabaseAway("the PostgreSQL driver is missing; run: pip install 'open-hotline[postgres]'") from error


def _sqlite(url: URL, relaxed: bool, busy_ms: int) -> Engine:
    if url.database and url.database != ":memory:":
        _private(Path(url.database))
    engine = create_engine(url, connect_args={"timeout": busy_ms / 1000, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        _write_ahead(connection, busy_ms)
        for pragma in (
            f"synchronous={'OFF' if relaxed else 'FULL'}",
            "foreign_keys=ON",
            "secure_delete=ON",  # a destroyed key leaves no trace in the file
            f"busy_timeout={busy_ms}",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchall()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        raw: Any = connection.connection.dbapi_connection
        if options.get("hotline_reading", False):
            connection.exec_driver_sql("BEGIN")
        elif patience := options.get("hotline_patience_ms"):
            if not _begun(raw, patience):
                connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            raw.execute("PRAGMA busy_timeout=0").fetchall()
            try:
                if not _begun(raw, busy_ms):
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
            finally:
                raw.execute(f"PRAGMA busy_timeout={busy_ms}").fetchall()

    return engine


def _private(file: Path) -> None:
    """Make the database file so that only its user reads it; SQLite gives its log and its index the same mode."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError:  # it is there, or cannot be made: SQLite says why at the first statement
        pass


def _write_ahead(connection: Any, busy_ms: int) -> None:
    """Switch to a write-ahead log. Of two who switch a new database at once SQLite refuses one without waiting."""
    end = time.monotonic() + busy_ms / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").fetchall()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(AGAIN_S)


def reading(engine: Engine) -> Engine:
    """Return the engine (with its pool) for transactions that only read one snapshot: no writer waits for them."""
    options: dict[str, Any] = {"hotline_reading": True}
    if engine.dialect.name == "postgresql":
        options |= {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
    return engine.execution_options(**options)


def impatient(connection: Connection, busy_ms: int = 1000) -> Connection:
    """Make a connection wait at most ``busy_ms`` for other writers (SQLite): callers are on the line. Return it."""
    if connection.dialect.name == "sqlite":
        raw: Any = connection.connection.dbapi_connection
        raw.execute(f"PRAGMA busy_timeout={TRY_MS}").fetchall()
        connection.execution_options(hotline_patience_ms=busy_ms)
    return connection


def _begun(raw: Any, patience_ms: int) -> bool:
    """Begin to write, trying every :data:`TRY_MS`; False when others wrote all the time.

    SQLite itself waits up to 100 ms between two tries: who writes often would be there first again and again.
    """
    end = time.monotonic() + patience_ms / 1000
    while True:
        try:
            raw.execute("BEGIN IMMEDIATE")
            return True
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                return False  # the statement that follows says why
        time.sleep(TRY_MS / 1000)


def is_away(error: BaseException) -> bool:
    """Whether ``error`` is about the database (gone, locked, full, read-only), not about what was written."""
    if isinstance(error, DatabaseAway):
        return True
    own = (IntegrityError, DataError, ProgrammingError, NotSupportedError)
    return isinstance(error, DBAPIError) and not isinstance(error, own)


def explain(error: BaseException, url: URL) -> str:
    """What is wrong and what to do, in one line."""
    cause = str(getattr(error, "orig", None) or error).strip().splitlines()
    why = cause[0] if cause else type(error).__name__
    low = why.lower()
    if "no such table" in low or "does not exist" in low:
        todo = "run: hotline db upgrade"
    elif "locked" in low:
        todo = "another program holds the database; end it (a backup? an open sqlite3 shell?)"
    elif "full" in low or "no space" in low:
        todo = "free disk space"
    elif "readonly" in low or "read-only" in low or "unable to open" in low or "permission" in low:
        todo = f"make {url.database} and its folder writable for this user"
    elif "password" in low or "authentication" in low:
        todo = "correct user and password in the database URL"
    elif url.get_backend_name() == "postgresql":
        where = f"{url.host or 'the local socket'}:{url.port or 5432}"
        todo = f"start PostgreSQL on {where}, or correct the database URL"
    else:
        todo = f"check {url.database}"
    return f"database is away: {why}; {todo}"


def check(engine: Engine) -> None:
    """Connect and read once; :class:`DatabaseAway` says what to do otherwise."""
    try:
        with reading(engine).connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        raise DatabaseAway(explain(error, engine.url)) from error
