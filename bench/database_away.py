"""PostgreSQL is stopped for a minute under five calls a second on Asterisk: what becomes of the calls.

    python bench/database_away.py              what came in, and what is in the database afterwards
    python bench/database_away.py --gate       exit status 1 when something is lost, late or twice

Every call must be answered and be in the journal once, with its end; every case number that was spoken must be
stored once; derived rows must follow from the journal. Every five seconds comes a complaint, by keys and voice.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

import support  # noqa: F401 - the tests can be imported

from tests.e2e.test_database_away import Load, calls_while_away, check
from tests.support.asterisk import AsteriskHotline
from tests.support.books import books_of
from tests.support.postgres import cluster

LOAD = Load(away_s=60.0, short_every_s=0.2, complaint_every_s=5.0)


def measure() -> str:
    """One line of figures. Raises ``AssertionError`` with what does not hold."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder, cluster() as server:
        environ = {"HOTLINE_DATABASE_URL": server.new_database()}
        hotline = AsteriskHotline(Path(folder) / "hotline", environ=environ)
        try:
            hotline.start()
            with books_of(hotline) as books:
                shorts, complaints = asyncio.run(calls_while_away(books, server, LOAD))
                heard = check(books, shorts, complaints)
        finally:
            hotline.close()
    calls = len(shorts) + len(complaints)
    return (
        f"{calls} calls, the database away for {LOAD.away_s:g} s: none failed, all in the journal once   "
        f"{len(complaints)} complaints, {len(heard)} numbers spoken: all stored, once"
    )


def main() -> int:
    """Measure; with ``--gate`` the exit status tells."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--gate", action="store_true", help="exit status 1 when something is lost, late or twice")
    given = options.parse_args()
    try:
        print(measure())
    except AssertionError as error:
        print(f"missed: {error}")
        return int(given.gate)
    return 0


if __name__ == "__main__":
    sys.exit(main())
