"""Many rows at once into an empty or quiet database: indexes are set aside and made anew at the end.

    with Bulk(engine) as bulk:
        bulk.add("calls", rows)

SQLite takes whole-row inserts without syncing, PostgreSQL takes COPY. A process that dies in between leaves a
database without its indexes: make it again. Nothing of a hotline at work uses this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Engine, text

from store.sql import table

PIECE = 20_000  # rows written at once
AUTOMATIC = {"journal": "seq", "audit": "seq"}  # columns the database numbers


class Bulk:
    """See the module."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sqlite = engine.dialect.name == "sqlite"
        self._waiting: dict[str, list[tuple[Any, ...]]] = {}
        self._columns: dict[str, list[str]] = {}
        self._indexes: list[str] = []

    def __enter__(self) -> Self:
        self._raw: Any = self._engine.raw_connection()
        self._set_indexes_aside()
        if self._sqlite:
            for pragma in ("foreign_keys=OFF", "synchronous=OFF", "cache_size=-200000"):
                self._raw.execute(f"PRAGMA {pragma}").fetchall()
        return self

    def add(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Whole rows of a table; a column that is missing is None."""
        columns = self._columns_of(name)
        waiting = self._waiting.setdefault(name, [])
        waiting += [tuple(map(row.get, columns)) for row in rows]
        if len(waiting) >= PIECE:
            self._write(name)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                for name in sorted(self._waiting, key=lambda name: name == "party_keys"):
                    self._write(name)
                self._make_indexes()
            else:
                self._raw.rollback()
        finally:
            if self._sqlite:
                for pragma in ("foreign_keys=ON", "synchronous=FULL", "cache_size=-2000"):
                    self._raw.execute(f"PRAGMA {pragma}").fetchall()
            self._raw.close()

    def _columns_of(self, name: str) -> list[str]:
        if name not in self._columns:
            self._columns[name] = [c.name for c in table(name).columns if c.name != AUTOMATIC.get(name)]
        return self._columns[name]

    def _write(self, name: str) -> None:
        if name == "party_keys":
            self._write("parties")
        rows, self._waiting[name] = self._waiting.get(name, []), []
        if not rows:
            return
        columns = self._columns_of(name)
        named = ", ".join(f'"{column}"' for column in columns)
        if self._sqlite:
            self._raw.execute("BEGIN IMMEDIATE")
            places = ", ".join("?" * len(columns))
            self._raw.executemany(f'INSERT INTO "{name}" ({named}) VALUES ({places})', rows)
            self._raw.execute("COMMIT")
            return
        with self._raw.cursor() as cursor, cursor.copy(f'COPY "{name}" ({named}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
        self._raw.commit()

    def _set_indexes_aside(self) -> None:
        if self._sqlite:
            found = (
                "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
                " AND sql NOT LIKE '%UNIQUE%'"
            )
        else:
            found = (
                "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()"
                " AND indexdef NOT LIKE '%UNIQUE%'"
            )
        with self._engine.begin() as connection:
            for name, sql in connection.execute(text(found)).all():
                self._indexes.append(sql)
                connection.execute(text(f'DROP INDEX "{name}"'))

    def _make_indexes(self) -> None:
        with self._engine.begin() as connection:
            for sql in self._indexes:
                connection.exec_driver_sql(sql)
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
