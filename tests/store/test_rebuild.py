from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, select, text, update
from sqlalchemy.orm import Session

from ivr.facts import NotUnderstood
from ivr.ledger import CallTransaction, CaseRequest, Fact
from ivr.outages.notice import By, NoticeDraft
from recordings.keys import KeyRing
from services import outages
from store import aside
from store.engine import open_engine
from store.journal import entries
from store.journal.entries import JOURNAL, read_row
from store.journal.rebuild import rebuild, verify
from store.journal.sql_ledger import SqlLedger
from store.sql import table
from tests.support.database import migrated
from tests.support.facts import fact
from tests.support.history import START, Caller, busy_day, call_placed, derived, must, number_for
from tests.support.stores import BOTH, made_once

Make = Callable[..., SqlLedger]


@pytest.fixture(scope="module", params=BOTH)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a database with a generated day, told once and copied for each test."""
    folder = tmp_path_factory.mktemp("day")
    engine = open_engine(url := made_once(request, request.param, folder))
    ledger = SqlLedger(
        engine, KeyRing.open(folder / "keys"), owner="node1", spool=folder / "spool", number_for=number_for,
        inline=True, relaxed=True,
    )  # fmt: skip
    tell_a_day(engine, ledger)
    ledger.close()
    engine.dispose()
    return url


@pytest.fixture
def day(told: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A day of one's own."""
    if told.startswith("sqlite"):
        with closing(sqlite3.connect(told.removeprefix("sqlite:///"))) as source:
            with closing(sqlite3.connect(tmp_path / "hotline.db")) as copy:
                source.backup(copy)
        url = f"sqlite:///{tmp_path / 'hotline.db'}"
    else:
        url = request.getfixturevalue("postgres").new_database(like=told)
    engine = open_engine(url)
    yield engine
    engine.dispose()


def tell_a_day(engine: Engine, ledger: SqlLedger) -> None:
    """A day of calls, with cases of calls and one that came by letter, some of them replied to, an outage."""
    busy_day(ledger, 150)
    letter = CaseRequest("letter-1", None, "complaint", START, "2026-11-21", channel="letter", due="2026-11-26")
    ledger.open_case(letter, lambda case: None)
    for result in ("reached", "busy"):
        call_placed(ledger, "callback", result)
    ledger.flush()
    with engine.begin() as connection:
        for case_id in list(connection.scalars(text("SELECT id FROM cases")))[::3]:
            entries.append_facts(connection, [fact(START + 9_000_000, "case_replied")], case_id=case_id)
        for callback_id, call_id, case_id in list(
            connection.execute(text("SELECT id, call_id, case_id FROM callbacks"))
        ):
            data = {"callback_id": callback_id, "who": "一号", "result": "busy", "next_at": START + 9_600_000}
            tried = fact(START + 9_000_000, "callback_attempted", data)
            entries.append_facts(connection, [tried], call_id=None if case_id else call_id, case_id=case_id)
        by = By("王芳", "lead", START)
        cut = NoticeDraft("城东线", "人民路", "emergency", START, START + 60_000, "线路故障", customers=("市第一医院",))
        outages.announce(connection, "outage-1", cut, by, 7, UTC)


def test_after_a_day_of_calls_the_derived_rows_are_what_the_journal_says(day: Engine) -> None:
    assert verify(day) == []


def test_rebuilding_from_nothing_gives_the_same_rows(day: Engine) -> None:
    with day.begin() as connection:
        before = derived(connection)
        for name in before:
            connection.execute(text(f"DELETE FROM {name}"))
    assert all(before.values())
    rebuild(day)
    with day.begin() as connection:
        assert derived(connection) == before


def test_what_was_falsified_is_named_and_put_right(day: Engine) -> None:
    with day.begin() as connection:
        before = derived(connection)
        connection.execute(text("UPDATE calls SET human_wait = 1 WHERE id = (SELECT min(id) FROM calls)"))
        connection.execute(text("UPDATE cases SET due = '2030-01-01' WHERE channel = 'letter'"))
        connection.execute(text("DELETE FROM legs WHERE id = (SELECT min(id) FROM legs)"))
        connection.execute(text("INSERT INTO calls SELECT * FROM calls WHERE false"))
        connection.execute(
            text(
                "INSERT INTO recordings (id, call_id, token, path, ms, bytes, sha256, created) "
                "VALUES ('stray', 'nobody', 'r9', 'x', 1, 1, '', 1)"
            )
        )
    found = [str(difference) for difference in rebuild(day)]
    assert len(found) == 4
    assert any("human_wait is 1, should be" in line for line in found)
    assert any("due is '2030-01-01', should be '2026-11-26'" in line for line in found)
    assert any(line.startswith("legs") and line.endswith("missing") for line in found)
    assert "recordings stray: not in the journal" in found
    with day.begin() as connection:
        assert derived(connection) == before


def test_more_strange_rows_than_a_statement_can_name_are_all_removed(tmp_path: Path) -> None:
    migrated(tmp_path)
    engine = open_engine(tmp_path)
    few = 500  # instead of SQLite's 250,000

    @event.listens_for(engine, "connect")
    def names_few(connection: sqlite3.Connection, _: object) -> None:
        connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, few)

    rows = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 600) INSERT INTO outage_customers "
        "(id, outage_id, n, name, tries, how, result, who) SELECT 'x' || i, 'nobody', i, '', 0, '', '', '' FROM n"
    )
    with engine.begin() as connection:
        connection.execute(text(rows))
    assert len(rebuild(engine)) == 600
    assert verify(engine) == []
    engine.dispose()


def test_verify_changes_nothing(day: Engine) -> None:
    with day.begin() as connection:
        connection.execute(text("UPDATE calls SET keys = '999'"))
    assert len(verify(day)) == len(verify(day)) == 150


def test_progress_goes_from_the_first_call_to_the_last(day: Engine) -> None:
    steps: list[tuple[int, int]] = []
    rebuild(day, lambda done, total: steps.append((done, total)))
    assert steps[-1][0] == steps[-1][1] == 152  # and two calls we placed
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert len(steps) > 3  # in pieces


def test_calls_may_go_on_while_it_rebuilds(engine: Engine, make_ledger: Make) -> None:
    ledger = make_ledger(engine, inline=False)
    calls = threading.Thread(target=busy_day, args=(ledger, 60))
    calls.start()
    while calls.is_alive():
        rebuild(engine)
    calls.join()
    assert ledger.flush()
    assert verify(engine) == []


@pytest.mark.postgres
def test_one_journal_gives_the_same_rows_on_sqlite_and_postgresql(
    make_ledger: Make, tmp_path: Path, postgres_url: str
) -> None:
    migrated(tmp_path)
    sqlite, server = open_engine(tmp_path), open_engine(postgres_url)
    busy_day(make_ledger(sqlite), 60)
    with sqlite.connect() as source, server.begin() as target:
        rows = [read_row(r) for r in source.execute(select(JOURNAL).order_by(JOURNAL.c.seq)).mappings()]
        entries.append(target, rows)
        assert derived(target) == derived(source)
    assert verify(server) == []
    sqlite.dispose()
    server.dispose()


def test_a_fact_of_a_later_version_is_set_aside_and_what_is_derived_of_its_call_stands(
    engine: Engine, ledger: SqlLedger
) -> None:
    call, other = Caller(ledger).arrives(), Caller(ledger).arrives()
    later = Fact(START + 9000, NotUnderstood("step", 7, "command", {"road": "left"}, "version 7 of step is not known"))
    ledger.commit(CallTransaction(call.call_id, (later,), call.live), must)
    with engine.begin() as connection:
        connection.execute(update(table("calls")).values(called="changed"))
    found = rebuild(engine)
    assert [(one.table, one.id == other.call_id, one.why) for one in found] == [
        ("journal", False, "version 7 of step is not known"),
        ("calls", True, ""),
    ]
    with engine.begin() as connection:
        assert [row.reason for row in aside.waiting(Session(connection))] == ["version 7 of step is not known"]
        stored = connection.execute(select(JOURNAL).where(JOURNAL.c.version == 7)).mappings().one()
        assert (stored["name"], json.loads(stored["data"])) == ("step", {"road": "left"})
