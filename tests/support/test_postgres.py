"""The databases that PostgreSQL tests hand on to each other: each gets one as if it were new."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from store.engine import open_engine
from store.journal.sql_ledger import SqlLedger
from tests.support.history import Caller, derived
from tests.support.postgres import Cluster

pytestmark = pytest.mark.postgres


def test_what_a_test_wrote_is_gone_and_numbers_begin_again(
    postgres: Cluster, make_ledger: Callable[..., SqlLedger]
) -> None:
    seen = []
    for _ in range(2):
        with postgres.lent_database() as url:
            engine = open_engine(url)
            with engine.begin() as connection:
                assert not any(derived(connection).values())
            ledger = make_ledger(engine)
            Caller(ledger).arrives().ends()
            ledger.close()
            seen.append((url, journal(engine)))
            engine.dispose()
    assert seen[0] == seen[1] and seen[0][1][0] == 1


def test_a_database_that_was_changed_or_is_held_is_handed_to_nobody(postgres: Cluster) -> None:
    with postgres.lent_database() as changed:
        engine = open_engine(changed)
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE calls ADD COLUMN more text"))
        engine.dispose()
    with postgres.lent_database() as held:
        assert held != changed
        engine = open_engine(held)
        connection = engine.connect()
        connection.execute(text("SELECT 1"))
    with postgres.lent_database() as other:
        assert other not in (changed, held)
    connection.close()
    engine.dispose()


def journal(engine: Engine) -> list[int]:
    with engine.begin() as connection:
        return list(connection.scalars(text("SELECT seq FROM journal ORDER BY seq")))
