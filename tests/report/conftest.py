from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ivr.store.engine import open_engine
from ivr.store.ledger import SqlLedger
from ivr.store.schema import upgrade
from recordings.keys import KeyRing
from tests.store.history import number_for


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a database at the present schema."""
    found = tmp_path / "data"
    found.mkdir(mode=0o700)
    upgrade(found)
    return found


@pytest.fixture
def engine(folder: Path) -> Iterator[Engine]:
    engine = open_engine(folder, relaxed=True)
    yield engine
    engine.dispose()


@pytest.fixture
def ledger(folder: Path, engine: Engine) -> Iterator[SqlLedger]:
    keys = KeyRing.load(folder / "keys", {})
    ledger = SqlLedger(
        engine, keys, owner="test", spool=folder / "spool.jsonl", number_for=number_for, inline=True
    )  # fmt: skip
    yield ledger
    ledger.close()
