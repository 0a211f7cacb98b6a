"""Who writes to SQLite beside a ledger that has always more to write comes to write, too."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from sqlalchemy import text

from store.engine import impatient, open_engine
from store.journal.sql_ledger import REST_S

HELD_S, NOTES = 0.03, 10
TURNS_MOST = 5  # of the ledger's to one of ours; when SQLite itself waited they were eight


def test_a_clerks_note_does_not_wait_for_ever_beside_a_busy_ledger(tmp_path: Path) -> None:
    engine = open_engine(tmp_path, relaxed=True)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE notes (n INTEGER)"))
    over, turns = threading.Event(), [0]

    def ledger() -> None:
        with engine.connect() as connection:
            impatient(connection)
            while not over.is_set():
                with connection.begin():
                    turns[0] += 1
                    time.sleep(HELD_S)
                time.sleep(REST_S)

    thread = threading.Thread(target=ledger)
    thread.start()
    try:
        for n in range(NOTES):
            with engine.begin() as connection:
                connection.execute(text("INSERT INTO notes VALUES (:n)"), {"n": n})
    finally:
        over.set()
        thread.join()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM notes")).scalar() == NOTES
    assert turns[0] <= NOTES * TURNS_MOST
    engine.dispose()
