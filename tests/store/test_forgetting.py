"""What was destroyed is in no file of the database: the write-ahead log is cut after it (B10)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, select

from hotline.config.settings import Settings
from hotline.process import factories
from ivr.profile import Profile
from recordings.keys import KeyRing
from store.engine import open_engine, reading
from store.journal.forgetting import truncate
from store.journal.sql_ledger import SqlLedger
from store.sql import table
from store.upkeep import pruning
from store.upkeep.pruning import DAY_MS, Keep, Rule
from tests.store.test_away import until
from tests.support.casework import Desk
from tests.support.database import migrated
from tests.support.history import START, Caller

Make = Callable[..., SqlLedger]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    migrated(tmp_path)
    engine = open_engine(tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def reader(engine: Engine) -> Iterator[Connection]:
    """Somebody beside, so that the log is not removed because its last reader left."""
    with reading(engine).connect() as connection:
        yield connection


def in_the_files(folder: Path, secret: bytes) -> bool:
    return any(secret in path.read_bytes() for path in folder.glob("hotline.db*"))


def key_of(engine: Engine, party: str) -> bytes:
    keys = table("party_keys")
    with reading(engine).connect() as connection:
        found = connection.scalar(select(keys.c.wrapped).where(keys.c.party_id == party))
    assert found is not None
    return bytes(found)


def test_b10_the_key_of_a_sealed_reporter_is_in_no_file_when_the_turn_is_answered(
    engine: Engine, make_ledger: Make, tmp_path: Path, reader: Connection
) -> None:
    caller = Caller(make_ledger(engine)).arrives()
    secret = key_of(engine, caller.party)
    assert in_the_files(tmp_path, secret)
    caller.tell(("digit", {"key": "1"}), seal_party=caller.party)
    assert not in_the_files(tmp_path, secret)


def test_b10_somebody_who_reads_holds_it_up_only_until_they_have_read(
    engine: Engine, make_ledger: Make, tmp_path: Path, reader: Connection
) -> None:
    ledger = make_ledger(engine, inline=False)
    caller = Caller(ledger).arrives()
    ledger.flush()
    secret = key_of(engine, caller.party)
    reader.exec_driver_sql("SELECT count(*) FROM parties").scalar()  # an open look at how it was
    answered = threading.Event()
    caller.done = lambda error: answered.set()
    caller.tell(("digit", {"key": "1"}), seal_party=caller.party)
    assert answered.wait(15), "the caller does not wait for readers"
    assert in_the_files(tmp_path, secret)
    reader.rollback()
    until(lambda: not in_the_files(tmp_path, secret))


def test_b10_a_start_empties_what_a_killed_process_left(
    engine: Engine, make_ledger: Make, tmp_path: Path, reader: Connection
) -> None:
    caller = Caller(make_ledger(engine)).arrives()
    secret = key_of(engine, caller.party)
    with engine.begin() as connection:  # destroyed, and killed before the log was cut
        keys = table("party_keys")
        connection.execute(keys.delete().where(keys.c.party_id == caller.party))
    assert in_the_files(tmp_path, secret)
    factories.up_to_date(Settings.model_validate({"data": {"dir": str(tmp_path)}}))
    assert not in_the_files(tmp_path, secret)


def test_b10_what_is_pruned_is_in_no_file(engine: Engine, keys: KeyRing, make_ledger: Make, tmp_path: Path,
                                          reader: Connection) -> None:  # fmt: skip
    caller = Caller(make_ledger(engine)).arrives()
    secret = key_of(engine, caller.party)
    (rule,) = [rule for rule in pruning.rules(Profile.load(), Keep(), START + 400 * DAY_MS) if rule.name == "people"]
    assert pruning.prune(engine, rule, lambda ident: True, lambda: START, "test")["count"] == 1
    assert not in_the_files(tmp_path, secret)


def test_b10_a_sealed_identity_that_is_pruned_is_in_no_file(engine: Engine, keys: KeyRing, make_ledger: Make,
                                                            tmp_path: Path, reader: Connection) -> None:  # fmt: skip
    desk = Desk(engine, keys, make_ledger(engine))
    case_id = desk.letter("report", anonymous=True, number="", identity="王某,电力公司职工")
    sealed = table("sealed_identities")
    with engine.begin() as connection:
        (secret,) = connection.scalars(select(sealed.c.wrapped)).all()
        cases = table("cases")
        connection.execute(cases.update().where(cases.c.id == case_id).values(closed=1))
    assert in_the_files(tmp_path, secret)
    pruning.prune(engine, Rule("identities", "p", desk.now, desk.now), lambda ident: True, lambda: START, "test")
    assert not in_the_files(tmp_path, secret)


def test_who_reads_for_too_long_is_told_of_and_stops_nobody(
    engine: Engine, tmp_path: Path, reader: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    reader.exec_driver_sql("SELECT count(*) FROM parties").scalar()
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO case_counters VALUES ('2026-11-21', 1)")
    assert not truncate(engine, patience_s=0.1)
    assert "still in the database's log" in caplog.text
