from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from store.engine import DatabaseAway, check, open_engine, reading
from store.journal import entries
from store.schema import Base
from store.upgrade import _config, current, newest, require_current, upgrade
from tests.support.facts import fact
from tests.support.postgres import Cluster, free_port


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, on SQLite and on PostgreSQL: here the migrations themselves are the subject."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hotline.db'}"
    server: Cluster = request.getfixturevalue("postgres")
    return server.new_database(empty=True)


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """The connections to a database that the migrations brought to the present schema."""
    upgrade(url)
    engine = open_engine(url)
    yield engine
    engine.dispose()


def test_the_migrations_make_exactly_the_tables_of_the_models(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_upgrading_twice_does_nothing_the_second_time(url: str) -> None:
    assert (upgrade(url).before, upgrade(url).before) == ("", newest())


def test_upgrading_an_older_database_recomputes_what_is_derived(url: str) -> None:
    """A case of the first schema gets its steps, its due date's history and the next moment to look at it."""
    engine = open_engine(url)
    with engine.begin() as connection:
        command.upgrade(_config(connection), "0001")
        opened = '{"number": "2611210018", "command_id": "c", "kind": "complaint", "received": 1000, "party_id": "p", '
        connection.execute(
            text(
                "INSERT INTO journal (id, at, case_id, kind, name, data, reason)"
                " VALUES ('j', 1000, 'k', 'case', 'case_opened', :data, '')"
            ),
            {"data": opened + '"due": "1970-01-02", "due_ms": 86400000}'},
        )
    assert upgrade(engine).before == "0001"
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version, next_action_at FROM cases")).one() == (1, 43_200_500)
        assert connection.scalar(text("SELECT due FROM case_dues")) == "1970-01-02"
        assert connection.scalar(text("SELECT kind FROM callbacks")) == "answer"
    engine.dispose()


def test_two_processes_may_upgrade_at_once(url: str) -> None:
    failed: list[Exception] = []

    def run() -> None:
        try:
            upgrade(url)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    engine = open_engine(url)
    assert current(engine) == newest()
    engine.dispose()


def test_an_empty_database_says_to_upgrade(url: str) -> None:
    engine = open_engine(url)
    with pytest.raises(DatabaseAway, match="hotline db upgrade"):
        require_current(engine)
    engine.dispose()


def test_a_data_folder_gets_a_database_file_without_any_ini_file(tmp_path: Path) -> None:
    code = "import sys; from store.upgrade import upgrade; print(upgrade(sys.argv[1]).after)"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "data")], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.stdout.strip(), done.stderr) == (newest(), "")
    assert (tmp_path / "data" / "hotline.db").exists()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET reason = 'better'",
        "DELETE FROM journal",
        "UPDATE audit SET detail = 'nothing happened'",
        "DELETE FROM audit",
    ],
)
def test_journal_and_audit_are_append_only(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        entries.append_facts(connection, [fact(1, "trunk_state", {"state": "registered"})])
        connection.execute(
            text(
                "INSERT INTO audit (at, \"user\", action, target, detail, remote) VALUES (1, 'a', 'login', '', '', '')"
            )
        )
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement))


def test_two_processes_that_read_and_then_update_lose_nothing(engine: Engine) -> None:
    """libraries.md pitfall 19: with the defaults 37 % of such updates were lost."""
    if engine.dialect.name == "postgresql":
        lock = " FOR UPDATE"
    else:
        lock = ""
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO case_counters VALUES ('2026-11-21', 0)"))

    def count() -> None:
        own = open_engine(engine.url.render_as_string(hide_password=False))
        for _ in range(100):
            with own.begin() as connection:
                last = connection.scalar(text("SELECT last FROM case_counters" + lock))
                connection.execute(text("UPDATE case_counters SET last = :n"), {"n": (last or 0) + 1})
        own.dispose()

    threads = [threading.Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT last FROM case_counters")) == 300


def test_a_reader_waits_for_no_writer(engine: Engine) -> None:
    with engine.begin() as writer:
        writer.execute(text("INSERT INTO case_counters VALUES ('2026-11-21', 1)"))
        with reading(engine).connect() as reader:
            assert reader.scalar(text("SELECT count(*) FROM case_counters")) == 0


def test_sqlite_is_durable_by_default(tmp_path: Path) -> None:
    engine = open_engine(tmp_path)
    with engine.connect() as connection:
        pragmas = {p: connection.scalar(text(f"PRAGMA {p}")) for p in ("journal_mode", "synchronous", "foreign_keys")}
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    engine.dispose()


@pytest.mark.parametrize(
    ("target", "what_to_do"),
    [
        ("mysql://u@h/d", "use sqlite:///FILE or postgresql://"),
        ("://", "write sqlite:///FILE or postgresql://"),
        ("postgresql://hotline@127.0.0.1:{port}/hotline", "start PostgreSQL on 127.0.0.1:{port}"),
        ("sqlite:////proc/none.db", "make /proc/none.db and its folder writable"),
    ],
)
def test_a_database_that_is_away_says_what_to_do(target: str, what_to_do: str) -> None:
    port = free_port()
    with pytest.raises(DatabaseAway) as caught:
        check(open_engine(target.format(port=port)))
    assert what_to_do.format(port=port) in str(caught.value)
