"""Calls that come in while something else is measured: a ledger as the calls process has it, in a process of its own.

    python bench/support/calls_at_once.py DATABASE_URL DATA_FOLDER 20      # calls a second, until its input ends

Each call tells what a call tells, in its own time: arrives, asks for a person, rings, talks, ends. At the end it prints
as JSON how many turns were written and how long they waited (ms).
"""

from __future__ import annotations

import heapq
import json
import random
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from recordings.keys import KeyRing
from store.engine import open_engine
from store.journal.sql_ledger import SqlLedger
from tests.support.history import Caller


class Timed:
    """A ledger whose turns are timed, from handed over to answered."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._ledger, self.waits, self.failed = ledger, [], 0  # type: ignore[var-annotated]

    def commit(self, turn: object, done: object) -> None:
        began = time.monotonic()

        def answered(problem: Exception | None) -> None:
            self.waits.append((time.monotonic() - began) * 1000)
            self.failed += problem is not None

        self._ledger.commit(turn, answered)  # type: ignore[arg-type]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def story(ledger: Timed, dice: random.Random) -> Iterator[float]:
    """One call; gives the seconds until it goes on. Its facts bear the time at which they are told."""
    call = Caller(ledger, now_ms(), number=f"138{dice.randrange(10**8):08d}")  # type: ignore[arg-type]
    seat = f"1{dice.randrange(1, 41):02d}"
    call.arrives()
    yield 2.0
    call.at = now_ms()
    call.asks_for_a_person(dice.choice(["general", "repair", "business"]), after=0)
    yield 0.1
    call.at = now_ms()
    call.rings(seat)
    yield dice.uniform(1, 5)
    call.at = now_ms()
    if dice.random() < 0.8:
        call.answered_by(seat, after=0)
        yield dice.uniform(5, 20)
        call.at = now_ms()
    call.ends(after=0)


def calls(ledger: Timed, rate: float, over: threading.Event) -> None:
    """``rate`` calls a second until ``over``; then those that are up go on to their end."""
    dice, began, n = random.Random(7), time.monotonic(), 0
    due: list[tuple[float, int, Iterator[float]]] = []
    while due or not over.is_set():
        now = time.monotonic()
        while not over.is_set() and now >= began + n / rate:
            n += 1
            heapq.heappush(due, (now, n, story(ledger, dice)))
        while due and due[0][0] <= now:
            at, number, one = heapq.heappop(due)
            if (pause := next(one, None)) is not None:
                heapq.heappush(due, (at + pause, number, one))
        time.sleep(0.005)


def main() -> int:
    url, data, rate = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
    engine = open_engine(url)
    ledger = SqlLedger(engine, KeyRing.open(data / "keys"), owner="bench", spool=data / "bench-spool.jsonl")
    timed, over = Timed(ledger), threading.Event()
    print("calls come", flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    calls(timed, rate, over)
    ledger.close()
    ordered = sorted(timed.waits) or [0.0]
    told = {"turns": len(timed.waits), "failed": timed.failed, "p50": ordered[len(ordered) // 2]}
    print(json.dumps({**told, "p95": ordered[int(len(ordered) * 0.95)], "longest": ordered[-1]}), flush=True)
    engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
