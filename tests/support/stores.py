"""Fixtures of the store: a database on SQLite and on PostgreSQL, keys, and ledgers that write into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from recordings.keys import KeyRing
from store.engine import open_engine
from store.journal import rebuild
from store.journal.sql_ledger import SqlLedger
from tests.support.casework import Desk
from tests.support.database import migrated
from tests.support.history import number_for
from tests.support.postgres import Cluster, cluster

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
QUIET_MS = 60_000


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """The tests' own PostgreSQL server."""
    with cluster() as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def pieces_of_a_quiet_machine() -> Iterator[None]:
    """A rebuild beside other tests works as on a machine of its own: slowed down, it would go call by call."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rebuild, "PIECE_MS", QUIET_MS)
        yield


def made_once(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    """The URL of a database for all tests of a module: at the present schema, with nothing in it, of this kind."""
    if kind == "postgresql":
        return str(request.getfixturevalue("postgres").new_database())
    migrated(url := f"sqlite:///{folder / 'hotline.db'}")
    return url


@pytest.fixture
def postgres_url(postgres: Cluster) -> Iterator[str]:
    """The URL of a database on it: at the present schema, with nothing in it."""
    with postgres.lent_database() as url:
        yield url


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    return KeyRing.open(tmp_path / "keys")


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database at the present schema with nothing in it, on SQLite and on PostgreSQL."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    made = f"sqlite:///{tmp_path / 'hotline.db'}"
    migrated(made)
    return made


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """The connections to it."""
    engine = open_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def make_ledger(keys: KeyRing, tmp_path: Path) -> Iterator[Callable[..., SqlLedger]]:
    """Ledgers on an engine; closed at the end."""
    made: list[SqlLedger] = []

    def make(engine: Engine, **options: object) -> SqlLedger:
        settings = {"owner": "node1", "spool": tmp_path / "spool.jsonl", "number_for": number_for, "inline": True}
        made.append(SqlLedger(engine, keys, **(settings | options)))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for ledger in made:
        ledger.close()


@pytest.fixture
def ledger(engine: Engine, make_ledger: Callable[..., SqlLedger]) -> SqlLedger:
    """A ledger that has written when its call returns."""
    return make_ledger(engine)


@pytest.fixture
def desk(engine: Engine, keys: KeyRing, ledger: SqlLedger) -> Desk:
    """Four people at work on cases: two operators, a lead, a supervisor."""
    return Desk(engine, keys, ledger)
