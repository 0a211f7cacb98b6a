"""Bring a database to the present schema (``hotline db upgrade``), and say where one stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from store.engine import DatabaseAway, explain, open_engine, reading

if TYPE_CHECKING:
    from alembic.config import Config

PATIENCE_MS = 60_000  # how long an upgrade waits for another one (SQLite)
_MIGRATIONS = Path(__file__).parent / "schema" / "migrations"
_REVISION = re.compile(r'^(down_)?revision = "(\w+)"$', re.MULTILINE)
_LOCK = 0x686F746C  # advisory lock: one upgrade at a time (PostgreSQL)


@dataclass(frozen=True, slots=True)
class Upgraded:
    """From which revision to which (equal: nothing was to do). ``before`` is "" for an empty database."""

    before: str
    after: str


def _config(connection: Connection | None = None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(target: str | Path | Engine) -> Upgraded:
    """Migrate ``target`` (URL, data folder or engine) to the newest schema, all or nothing; then recompute.

    Raises :class:`DatabaseAway` with what to do.
    """
    engine = target if isinstance(target, Engine) else open_engine(target, busy_ms=PATIENCE_MS)
    try:
        if current(engine) == newest():  # nearly always; Alembic takes a quarter of a second to load
            return Upgraded(newest(), newest())
        from alembic import command

        from store.journal.rebuild import rebuild

        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            before = _revision(connection)
            command.upgrade(_config(connection), "head")
        if before and before != newest():
            rebuild(engine)  # what is derived takes the meaning of this version
        return Upgraded(before, newest())
    except SQLAlchemyError as error:
        raise DatabaseAway(explain(error, engine.url)) from error
    finally:
        if engine is not target:
            engine.dispose()


def newest() -> str:
    """The revision this version of the program works with: the one no other follows."""
    return _head()


@cache
def _head() -> str:
    known: set[str] = set()
    followed: set[str] = set()
    for path in (_MIGRATIONS / "versions").glob("*.py"):
        for down, revision in _REVISION.findall(path.read_text(encoding="utf-8")):
            (followed if down else known).add(revision)
    (head,) = known - followed
    return head


def current(engine: Engine) -> str:
    """The revision the database stands at; "" when it is empty."""
    try:
        with reading(engine).connect() as connection:
            return _revision(connection)
    except SQLAlchemyError as error:
        raise DatabaseAway(explain(error, engine.url)) from error


def require_current(engine: Engine) -> None:
    """Refuse to work on another schema than ours."""
    found = current(engine)
    if found != newest():
        have, need = found or "(empty)", newest()
        raise DatabaseAway(f"the database is at schema {have}, this needs {need}; run: hotline db upgrade")


def _revision(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.scalar(text("SELECT version_num FROM alembic_version")) or "")
