"""Databases as earlier versions left them (``tests/store/before``, by their schema): nothing derived changes.

Each is a generated day of calls and two months of casework, written by that version's own store. ``0015`` is the last
one before facts had versions: it holds every fact there was.
"""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, RowMapping, insert, select

from store.engine import open_engine
from store.journal.projection import DERIVED
from store.journal.rebuild import rebuild, verify
from store.sql import table
from store.upgrade import newest, upgrade
from tests.support.postgres import Cluster

BEFORE = Path(__file__).parent / "before"
COUNTED_AHEAD = "call_hours"  # how many hours are, depends on when it was done; verify compares those there are


def contents(file: Path) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, each table in an order of its own."""
    with sqlite3.connect(file) as connection:
        connection.row_factory = sqlite3.Row
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: sorted((dict(row) for row in connection.execute(f"SELECT * FROM {name}")), key=_order)
            for name in names
            if name not in ("alembic_version", COUNTED_AHEAD) and not name.startswith("sqlite_")
        }


def archived(tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The rows with the one status that got another name since (schema 0017): 归档 was called ``closed``."""
    for row in (*tables["cases"], *tables["case_steps"]):
        row.update({name: "archived" for name in ("was", "status") if row.get(name) == "closed"})
    for row in tables.get("inbox", []):
        row["data"] = row["data"].replace('"status": "closed"', '"status": "archived"')
    return tables


def _order(row: dict[str, Any]) -> str:
    return str(row.get("id") or list(row.values()))


@pytest.mark.parametrize("schema", ["0003", "0009", "0015"])
def test_acceptance_4_a_rebuild_of_a_journal_of_before_gives_the_same_rows(schema: str, tmp_path: Path) -> None:
    file = tmp_path / "hotline.db"
    with sqlite3.connect(file) as connection:
        connection.executescript(gzip.decompress((BEFORE / f"{schema}.sql.gz").read_bytes()).decode())
    before = archived(contents(file))
    assert all(before[name] for name in ("journal", "calls", "legs", "cases", "case_steps", "callbacks", "parties"))
    done = upgrade(tmp_path)
    assert (done.before, done.after) == (schema, newest())
    engine = open_engine(tmp_path)
    try:
        assert verify(engine) == [] and rebuild(engine) == []
    finally:
        engine.dispose()
    after = contents(file)
    assert not after["set_aside"]
    for name, rows in before.items():
        assert [{column: row[column] for column in old} for old, row in zip(rows, after[name], strict=True)] == rows


def test_a_rebuild_of_a_journal_of_before_gives_the_same_rows_on_postgresql(tmp_path: Path, postgres: Cluster) -> None:
    file = tmp_path / "hotline.db"
    with sqlite3.connect(file) as connection:
        connection.executescript(gzip.decompress((BEFORE / "0015.sql.gz").read_bytes()).decode())
    before = archived(contents(file))
    engine = open_engine(postgres.new_database())
    try:
        with engine.begin() as target:
            target.execute(insert(table("journal")), sorted(before["journal"], key=lambda row: int(row["seq"])))
        assert rebuild(engine)
        with engine.begin() as target:
            for name in DERIVED:
                known = before[name][0].keys() if before[name] else ()  # what is derived since, was in no row
                now = ({column: row[column] for column in known} for row in _all(target, name))
                assert _plain(now) == _plain(before[name]), name
    finally:
        engine.dispose()


def _all(connection: Connection, name: str) -> Iterable[RowMapping]:
    return connection.execute(select(table(name))).mappings()


def _plain(rows: Iterable[dict[str, Any]]) -> list[str]:
    """In an order of its own; SQLite has no truth values but 0 and 1."""
    numbers = ({key: int(value) if isinstance(value, bool) else value for key, value in row.items()} for row in rows)
    return sorted(json.dumps(row, sort_keys=True) for row in numbers)
