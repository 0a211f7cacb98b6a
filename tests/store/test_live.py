"""Calls whose process died: found, closed with the cause, or left to whoever still serves them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine, text

from ivr.ledger import CallTransaction
from recordings.keys import KeyRing
from store.journal import write_batch
from store.journal.spool import Spool
from store.journal.sql_ledger import SqlLedger
from tests.support.facts import fact
from tests.support.history import START, Caller

Make = Callable[..., SqlLedger]
NOW = START + 10_000


def clock() -> int:
    return NOW


def test_a_live_call_is_shown_with_its_step_and_gone_when_it_ended(engine: Engine, ledger: SqlLedger) -> None:
    call = Caller(ledger).arrives()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT step FROM live_calls")) == "greet"
    call.ends()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM live_calls")) == 0


def test_a_restarted_node_finds_its_own_calls_at_once_with_their_state(engine: Engine, make_ledger: Make) -> None:
    call = Caller(make_ledger(engine, now_ms=clock)).arrives().asks_for_a_person().rings("101")
    [lost] = make_ledger(engine, now_ms=clock).interrupted(NOW)
    assert (lost.call_id, lost.seats) == (call.call_id, ("101",))
    assert lost.live == call.live


def test_a_node_does_not_take_its_own_running_calls_for_lost(engine: Engine, make_ledger: Make) -> None:
    ledger = make_ledger(engine, now_ms=clock)
    Caller(ledger).arrives()
    assert ledger.interrupted(NOW) == []


def test_another_nodes_call_is_left_alone_until_its_lease_runs_out(engine: Engine, make_ledger: Make) -> None:
    other = make_ledger(engine, owner="node2", now_ms=clock, lease_ms=15_000)
    Caller(other).arrives()
    ledger = make_ledger(engine)
    assert ledger.interrupted(NOW + 15_000) == []
    assert len(ledger.interrupted(NOW + 15_001)) == 1
    other.renew(NOW + 10_000)
    assert ledger.interrupted(NOW + 15_001) == []


def test_a_call_whose_end_is_still_in_the_spool_is_not_interrupted(
    engine: Engine, make_ledger: Make, tmp_path: Path, keys: KeyRing
) -> None:
    call = Caller(make_ledger(engine)).arrives()
    ended = CallTransaction(call.call_id, (fact(NOW, "call_ended", {"released_by": "caller"}),), None)
    Spool(tmp_path / "spool.jsonl", keys).append([write_batch.of_turn(ended)])
    assert make_ledger(engine, inline=False).interrupted(NOW) == []


def test_a_seat_keeps_what_was_not_said_to_have_changed(engine: Engine, ledger: SqlLedger) -> None:
    ledger.seat_changed("101", 1, reachable=True)
    ledger.seat_changed("101", 2, call_id="c1")
    ledger.seat_changed("101", 3, reachable=True)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT reachable, call_id, since FROM seats")).one()
    assert tuple(row) == (True, "c1", 2)


def test_the_heart_beat_shows_the_process(engine: Engine, ledger: SqlLedger) -> None:
    ledger.heartbeat("calls", 1000, {"calls": 3})
    ledger.heartbeat("calls", 2000, {"calls": 4})
    with engine.connect() as connection:
        row = connection.execute(text("SELECT kind, beat, detail FROM processes")).one()
    assert (row.kind, row.beat) == ("calls", 2000)
    assert '"calls": 4' in row.detail


CHILD = """
import sys
from pathlib import Path
from store.engine import open_engine
from store.journal.sql_ledger import SqlLedger
from recordings.keys import KeyRing
from tests.support.history import Caller, number_for

folder = Path(sys.argv[1])
ledger = SqlLedger(open_engine(sys.argv[2]), KeyRing.open(folder / "keys"), owner="node1",
                   spool=folder / "spool.jsonl", number_for=number_for)
while True:
    call = Caller(ledger)
    print(call.arrives().opens_case(command_id=call.call_id).number, flush=True)
"""


def test_after_kill_9_every_number_that_was_told_is_stored_and_none_twice(
    engine: Engine, url: str, make_ledger: Make, tmp_path: Path, keys: KeyRing
) -> None:
    told: list[str] = []
    for round_ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path), url],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.getcwd()},
        )
        assert child.stdout is not None
        told += [child.stdout.readline().strip() for _ in range(5 + 3 * round_)]
        child.send_signal(signal.SIGKILL)
        told += [line.strip() for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        child.wait()
        child.stdout.close()
    ledger = make_ledger(engine)
    with engine.connect() as connection:
        stored = list(connection.scalars(text("SELECT number FROM cases")))
    assert set(told) <= set(stored)
    assert len(told) == len(set(told)) >= 24
    assert len(ledger.interrupted(NOW)) >= len(told)
