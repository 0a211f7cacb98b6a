"""Whoever can spoil one row of the database (a disk error can) keeps the hotline from ever answering again.

Before: the calls process read the states of the calls that were up, met one it could not read, and ended; `serve`
started it anew, 56 times. Now: that call is closed and set aside with its reason, and the others go on.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from sqlalchemy import update
from sqlalchemy.orm import Session

from recordings.keys import KeyRing
from store import aside
from store.engine import open_engine
from store.journal.sql_ledger import SqlLedger
from store.sql import table
from store.upgrade import upgrade
from tests.support.history import START, Caller, number_for


def main() -> int:
    """0: the attack fails."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        upgrade(folder)
        keys, engine = KeyRing.open(folder / "keys"), open_engine(folder)

        def process() -> SqlLedger:
            return SqlLedger(engine, keys, owner="n", spool=folder / "spool.jsonl", number_for=number_for, inline=True)

        first = process()
        spoiled, whole = Caller(first).arrives(), Caller(first).arrives()
        live = table("live_calls")
        with engine.begin() as connection:
            connection.execute(update(live).where(live.c.call_id == spoiled.call_id).values(state=b"\x00"))
        try:
            found = [call.call_id for call in process().interrupted(START + 60_000)]
        except Exception as error:
            print(f"the next process cannot start: {error}")
            return 1
        with Session(engine) as session:
            why = [row.reason for row in aside.waiting(session)]
        engine.dispose()
    print(f"the next process starts with {len(found)} call of 2; set aside: {why}")
    return 0 if found == [whole.call_id] and len(why) == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
