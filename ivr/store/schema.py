"""Bring a database to the present schema (``hotline db upgrade``), and say where one stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from ivr.store.engine import DatabaseAway, explain, open_engine, reading
from ivr.store.rebuild import rebuild

PATIENCE_MS = 60_000  # how long an upgrade waits for another one (SQLite)
_LOCK = 0x686F746C  # advisory lock: one upgrade at a time (PostgreSQL)


@dataclass(frozen=True, slots=True)
class Upgraded:
    """From which revision to which (equal: nothing was to do). ``before`` is "" for an empty database."""

    before: str
    after: str


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(target: str | Path | Engine) -> Upgraded:
    """Migrate ``target`` (URL, data folder or engine) to the newest schema, all or nothing; then recompute.

    Raises :class:`DatabaseAway` with what to do.
    """
    engine = target if isinstance(target, Engine) else open_engine(target, busy_ms=PATIENCE_MS)
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            before = MigrationContext.configure(connection).get_current_revision() or ""
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
    """The revision this version of the program works with."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current(engine: Engine) -> str:
    """The revision the database stands at; "" when it is empty."""
    try:
        with reading(engine).connect() as connection:
            return MigrationContext.configure(connection).get_current_revision() or ""
    except SQLAlchemyError as error:
        raise DatabaseAway(explain(error, engine.url)) from error


def require_current(engine: Engine) -> None:
    """Refuse to work on another schema than ours."""
    found = current(engine)
    if found != newest():
        have, need = found or "(empty)", newest()
        raise DatabaseAway(f"the database is at schema {have}, this needs {need}; run: hotline db upgrade")
