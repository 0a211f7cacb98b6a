"""How far the ledger is behind: the age of the oldest turn whose answer has not come back."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from ivr.ledger import CallTransaction
from recordings.keys import KeyRing
from store.engine import open_engine
from store.journal.sql_ledger import SqlLedger
from tests.support.database import migrated
from tests.support.facts import fact
from tests.support.waiting import wait_until


def test_a_turn_is_late_until_its_answer_has_reached_the_loop(tmp_path: Path) -> None:
    migrated(tmp_path)
    soon: list[Callable[[], None]] = []  # the loop that is behind
    ledger = SqlLedger(
        open_engine(tmp_path),
        KeyRing.open(tmp_path / "keys"),
        owner="test",
        spool=tmp_path / "spool.jsonl",
        call_soon=soon.append,
    )
    try:
        assert ledger.lag_s == 0
        begun, answers = time.monotonic(), list[Exception | None]()
        for number in range(3):
            ledger.commit(CallTransaction("call", (fact(number, "held", {"held": True}),), None), answers.append)
        wait_until(lambda: len(soon) == 3)
        assert 0 < ledger.lag_s <= time.monotonic() - begun  # written, but nobody has acted on it yet
        soon[0]()
        soon[1]()
        assert answers == [None, None] and ledger.lag_s > 0
        soon[2]()
        assert ledger.lag_s == 0
    finally:
        ledger.close()
