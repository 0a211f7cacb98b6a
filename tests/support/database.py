"""A database at the present schema, made by copying: the migrations run once in a test process, not once in a test.

    migrated(tmp_path)                     # a data folder: SQLite inside it
    migrated("sqlite:///" + path)          # or a URL

Copying takes a few milliseconds, migrating a third of a second of computing. PostgreSQL copies its databases itself
(:meth:`tests.support.postgres.Cluster.new_database`). Tests about the migrations themselves migrate.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path

from store.engine import DATABASE_FILE, database_url
from store.upgrade import upgrade


def migrated(target: str | Path) -> None:
    """Put a migrated, empty SQLite database at ``target`` (data folder or URL), unless there is one."""
    url = database_url(target)
    assert url.get_backend_name() == "sqlite", f"{target}: PostgreSQL copies its own"
    path = Path(str(url.database))
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_template())


@cache
def _template() -> bytes:
    """The file that the migrations make, with nothing left in its write-ahead log."""
    with tempfile.TemporaryDirectory(prefix="hotline-template-") as name:
        upgrade(Path(name))
        path = Path(name) / DATABASE_FILE
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return path.read_bytes()
