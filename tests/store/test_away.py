"""The database goes away in the middle of calls: nobody is told anything that is then lost, nothing comes twice."""

from __future__ import annotations

import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import OperationalError

from ivr.ledger import CallTransaction, CaseRequest
from recordings.keys import KeyRing
from store.engine import open_engine
from store.journal import write_batch
from store.journal.rebuild import verify
from store.journal.spool import Spool
from store.journal.sql_ledger import SPOOL_FIRST, SqlLedger
from tests.support.database import migrated
from tests.support.facts import fact
from tests.support.history import Caller, busy_day
from tests.support.postgres import Cluster, cluster

Make = Callable[..., SqlLedger]
WAIT_S = 60
HASTY = {"patience_s": 0.2, "probe_s": 0.1}


def until(condition: Callable[[], bool]) -> None:
    """Wait, as long as a loaded machine may need."""
    pause = threading.Event()
    for _ in range(WAIT_S * 20):
        if condition():
            return
        pause.wait(0.05)
    raise AssertionError("did not happen in time")


def steps_of(engine: Engine, call_id: str) -> list[str]:
    with engine.connect() as connection:
        query = text("SELECT name FROM journal WHERE call_id = :id ORDER BY seq")
        return list(connection.scalars(query, {"id": call_id}))


def all_rows(engine: Engine, what: str) -> list[Any]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(what))]


@dataclass
class Sick:
    """An SQLite database that fails for real, by SQLite's own means, and recovers."""

    engine: Engine
    pragma: str = ""
    dead: bool = False  # nothing at all can be asked of it
    well: dict[str, str] = field(default_factory=lambda: {"query_only": "0", "max_page_count": "1073741823"})

    def __post_init__(self) -> None:
        event.listen(self.engine, "begin", self._fall_ill, insert=True)

    def _fall_ill(self, connection: Any) -> None:
        if self.dead:
            raise OperationalError("BEGIN", {}, Exception("disk I/O error"))
        for name, value in self.well.items():
            raw = connection.connection.dbapi_connection
            raw.execute(f"PRAGMA {name}={value if name not in self.pragma else self.pragma.split('=')[1]}").fetchall()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Engine]:
    migrated(tmp_path)
    engine = open_engine(tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def server() -> Iterator[Cluster]:
    """A PostgreSQL of one's own, to be stopped."""
    with cluster() as own:
        yield own


@pytest.mark.postgres
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
def test_postgresql_stopped_in_mid_call_and_started_again(
    server: Cluster, make_ledger: Make, how: signal.Signals
) -> None:
    url = server.new_database()
    engine = open_engine(url)
    ledger = make_ledger(engine, inline=False, **HASTY)
    call = Caller(ledger).arrives()
    before = call.opens_case(command_id="one")

    server.stop(how)
    call.asks_for_a_person().rings("101")
    while_away = Caller(ledger).arrives().opens_case(command_id="two")
    assert Caller(ledger).opens_case(command_id="two") == while_away
    assert ledger.spooled > 0

    server.start()
    until(lambda: ledger.spooled == 0)
    call.answered_by("101", after=3000).ends()
    after = Caller(ledger).arrives().opens_case(command_id="three")
    assert ledger.flush()

    names = ["offered", "answered", "step", "case_opened", "digit", "human_requested", "dial_seat", "seat_ringing"]
    assert steps_of(engine, call.call_id) == [*names, "seat_answered", "bridge", "line_quality", "call_ended"]
    stored = set(all_rows(engine, "SELECT id, number, due FROM cases"))
    assert stored == {(c.id, c.number, c.due) for c in (before, while_away, after)}
    assert (before.number, after.number) == ("11210001", "11210002")
    assert verify(engine) == []
    engine.dispose()


def test_sqlite_held_by_another_program(sqlite: Engine, make_ledger: Make, tmp_path: Path) -> None:
    ledger = make_ledger(sqlite, inline=False, **HASTY)
    call = Caller(ledger).arrives()
    assert ledger.flush()
    other = sqlite3.connect(tmp_path / "hotline.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    case = call.opens_case()
    call.ends()
    assert ledger.flush()
    assert ledger.spooled > 0
    other.execute("ROLLBACK")
    other.close()
    until(lambda: ledger.spooled == 0)
    assert steps_of(sqlite, call.call_id) == ["offered", "answered", "step", "case_opened", "call_ended"]
    assert all_rows(sqlite, "SELECT number FROM cases") == [(case.number,)]


@pytest.mark.parametrize("pragma", ["query_only=1", "max_page_count=1"], ids=["read-only", "full"])
def test_sqlite_read_only_or_full(sqlite: Engine, make_ledger: Make, pragma: str) -> None:
    sick = Sick(sqlite)
    ledger = make_ledger(sqlite, **HASTY)
    call = Caller(ledger).arrives()
    sick.pragma = pragma
    busy_day(ledger, 12)
    case = call.opens_case()
    assert ledger.spooled > 20
    [(reached,)] = all_rows(sqlite, "SELECT count(*) FROM calls")
    assert reached < 13  # a full database still takes what fits into its last page

    sick.pragma = ""
    ledger.close()
    again = make_ledger(sqlite, inline=False)  # restarted: the spool of the last process is written first
    until(lambda: again.spooled == 0)
    assert all_rows(sqlite, "SELECT count(*) FROM calls") == [(13,)]
    assert all_rows(sqlite, f"SELECT number FROM cases WHERE id = '{case.id}'") == [(case.number,)]
    assert verify(sqlite) == []


def test_numbers_given_out_while_away_never_come_again_that_day(sqlite: Engine, make_ledger: Make) -> None:
    sick = Sick(sqlite)
    ledger = make_ledger(sqlite, inline=False, **HASTY)
    numbers = [Caller(ledger).arrives().opens_case().number]
    for _ in range(3):
        sick.pragma = "query_only=1"
        numbers += [Caller(ledger).arrives().opens_case().number for _ in range(2)]
        ledger.close()
        ledger = make_ledger(sqlite, inline=False, **HASTY)
        numbers += [Caller(ledger).arrives().opens_case().number]
        sick.pragma = ""
        until(lambda ledger=ledger: ledger.spooled == 0)  # type: ignore[misc]
        numbers += [Caller(ledger).arrives().opens_case().number]
    assert len(numbers) == len(set(numbers)) == 13
    assert f"1121{SPOOL_FIRST}" in numbers
    assert sorted(n for (n,) in all_rows(sqlite, "SELECT number FROM cases")) == sorted(numbers)


def test_a_commit_whose_answer_was_lost_is_not_written_twice(sqlite: Engine, make_ledger: Make) -> None:
    lost = []

    @event.listens_for(sqlite, "commit")
    def lose_the_answer(connection: Any) -> None:
        if len(lost) < 1:
            lost.append(True)
            connection.connection.dbapi_connection.execute("COMMIT")
            raise OperationalError("COMMIT", {}, Exception("connection reset"))

    # However slow the machine is: what takes longer than a ledger's patience goes to the spool.
    call = Caller(make_ledger(sqlite, patience_s=WAIT_S)).arrives()
    assert lost == [True]
    assert steps_of(sqlite, call.call_id) == ["offered", "answered", "step"]


def test_a_case_committed_unheard_and_spoken_under_another_number_goes_by_the_spoken_one(
    sqlite: Engine, make_ledger: Make
) -> None:
    sick = Sick(sqlite)

    @event.listens_for(sqlite, "commit")
    def commit_and_die(connection: Any) -> None:
        raw = connection.connection.dbapi_connection
        if raw.execute("SELECT count(*) FROM cases").fetchone() == (1,):
            raw.execute("COMMIT")
            sick.dead = True
            raise OperationalError("COMMIT", {}, Exception("disk I/O error"))

    ledger = make_ledger(sqlite, **HASTY)
    spoken = Caller(ledger).arrives().opens_case()
    assert spoken.number == f"1121{SPOOL_FIRST}"
    event.remove(sqlite, "commit", commit_and_die)
    sick.dead = False
    assert all_rows(sqlite, "SELECT number FROM cases") == [("11210001",)]
    ledger.close()
    again = make_ledger(sqlite, inline=False)
    until(lambda: again.spooled == 0)
    assert all_rows(sqlite, "SELECT number FROM cases") == [(spoken.number,)]
    assert verify(sqlite) == []


def test_when_neither_database_nor_spool_can_be_written_the_caller_is_told_nothing(
    sqlite: Engine, make_ledger: Make, tmp_path: Path
) -> None:
    sick = Sick(sqlite)
    ledger = make_ledger(sqlite, spool=tmp_path / "away" / "spool.jsonl", **HASTY)
    call = Caller(ledger).arrives()
    sick.pragma = "query_only=1"
    (tmp_path / "away" / "spool.jsonl").unlink()
    answers: list[Exception | None] = []
    ledger.commit(CallTransaction(call.call_id, (fact(1, "step", {"step": "x"}),), None), answers.append)
    assert isinstance(answers[0], OSError)
    with pytest.raises(AssertionError, match="FileNotFoundError"):
        call.opens_case()


# --- the file ----------------------------------------------------------------------------------


def works(keys: KeyRing, count: int) -> list[write_batch.WriteBatch]:
    return [write_batch.of_turn(CallTransaction(f"c{n}", (fact(n, "offered"),), None)) for n in range(count)]


def test_the_spool_gives_back_what_it_was_given_after_a_restart(keys: KeyRing, tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    given = works(keys, 5)
    spool = Spool(path, keys)
    spool.append(given[:2])
    spool.append(given[2:])
    assert list(Spool(path, keys).waiting()) == given
    spool.drop(5)
    assert len(Spool(path, keys)) == 0


def test_a_line_that_was_cut_by_a_power_failure_was_never_acknowledged(keys: KeyRing, tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    given = works(keys, 3)
    Spool(path, keys).append(given)
    content = path.read_bytes().split(b"\0", 1)[0]
    path.write_bytes(content[:-20] + b"\0" * 500)
    again = Spool(path, keys)
    assert list(again.waiting()) == given[:2]
    again.append(given[2:])
    assert list(Spool(path, keys).waiting()) == given


def test_the_spool_shows_no_number_and_is_for_its_owner_only(keys: KeyRing, tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    ledger_work = write_batch.of_turn(CallTransaction("c1", (fact(1, "offered", {"ref": "secret-ref"}),), None))
    Spool(path, keys).append([ledger_work])
    assert b"secret-ref" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0


def test_a_spooled_turn_that_cannot_be_read_is_kept_aside_and_the_others_go_on(
    sqlite: Engine, make_ledger: Make, keys: KeyRing, tmp_path: Path
) -> None:
    path = tmp_path / "spool.jsonl"
    Spool(path, keys).append(works(keys, 3))
    lines = path.read_bytes().split(b"\n")
    lines[2] = b"A" * len(lines[2])
    path.write_bytes(b"\n".join(lines))
    ledger = make_ledger(sqlite, inline=False)
    until(lambda: ledger.spooled == 0)
    assert all_rows(sqlite, "SELECT id FROM calls ORDER BY id") == [("c0",), ("c2",)]
    assert path.with_suffix(".bad").read_bytes() == lines[2] + b"\n"


def test_a_case_survives_the_spool_whole(keys: KeyRing) -> None:
    request = CaseRequest("c", "call", "report", 1, "2026-11-21", explanation=("a", "b"), recordings=("r1",), due_ms=5)
    made = write_batch.of_case(request, keys)
    assert write_batch.parse(write_batch.dump(made)) == made
