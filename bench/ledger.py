"""What the ledger costs: facts per second, CPU, time to the answer, and whether the media loop notices.

    python bench/ledger.py                      # SQLite in a temporary folder
    python bench/ledger.py --url postgresql://… # a PostgreSQL database (it is filled)
    python bench/ledger.py --gate               # exit 1 when a limit is missed

Two runs on full durability: as fast as it goes, then 20 calls a second (20 facts each) in real time next to
an asyncio loop that wants to wake every 20 ms, as a stream of RTP packets does.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ivr.facts import calls as f
from ivr.facts import seats
from ivr.ledger import CallTransaction, Fact, Live, Party
from recordings.keys import KeyRing
from store.engine import open_engine
from store.ids import uuid7
from store.journal.sql_ledger import SqlLedger
from store.upgrade import upgrade

CALLS_PER_S = 20
TURNS = 10  # of a call, two facts each
CALL_S = 8
PACKET_S = 0.02
LIMITS = {"cpu_share": 0.5, "ack_p95_ms": 50.0, "late_over_40_ms_share": 0.001}


def turns() -> Iterator[CallTransaction]:
    """One call that reaches an operator: 10 turns, 20 facts."""
    call_id, party, at = uuid7(), uuid7(), time.time_ns() // 1_000_000
    leg = f"{call_id}/101"
    story = [
        f.OfferedFact(called="95598", ref=call_id, flow="bench", party_id=party),
        f.AnsweredFact(),
        f.StepFact("menu"),
        f.DigitFact("0"),
        f.HumanRequested("general"),
        seats.DialSeatFact(leg, "101", "general"),
        seats.SeatRingingFact(leg, "101"),
        seats.SeatAnsweredFact(leg, "101"),
        seats.SeatLeftFact(leg, "101"),
        f.CallEnded("caller", "caller_left"),
    ]
    live = Live("x" * 1200, call_id, "bench", "menu", at, at)
    for n, said in enumerate(story):
        facts = (Fact(at + n, said), Fact(at + n, f.PlayFact(f"p{n}", ("main",))))
        people = (Party(party, "13800001111"),) if n == 0 else ()
        yield CallTransaction(call_id, facts, live if n + 1 < TURNS else None, people)


def flat_out(ledger: SqlLedger, calls: int) -> dict[str, float]:
    """Hand everything over at once."""
    cpu, began = time.process_time(), time.perf_counter()
    for _ in range(calls):
        for turn in turns():
            ledger.commit(turn, _must)
    assert ledger.flush(600)
    facts = calls * TURNS * 2
    took = time.perf_counter() - began
    return {"facts_per_s": facts / took, "cpu_us_per_fact": (time.process_time() - cpu) / facts * 1e6}


async def real_time(make: object, seconds: float) -> dict[str, float]:
    """20 calls a second, each over 8 s, beside a 20 ms pacer."""
    loop = asyncio.get_running_loop()
    ledger: SqlLedger = make(loop.call_soon_threadsafe)  # type: ignore[operator]
    acks: list[float] = []
    late: list[float] = []

    async def call() -> None:
        for turn in turns():
            written: asyncio.Future[None] = loop.create_future()
            sent = time.perf_counter()
            ledger.commit(turn, lambda error, f=written: _settle(f, error))  # type: ignore[misc]
            await written
            acks.append((time.perf_counter() - sent) * 1000)
            await asyncio.sleep(CALL_S / TURNS)

    async def pacer() -> None:
        due = loop.time()
        while True:
            due += PACKET_S
            await asyncio.sleep(max(0.0, due - loop.time()))
            late.append((loop.time() - due) * 1000)
            due = max(due, loop.time() - PACKET_S)

    gc.collect()
    gc.freeze()
    pace = asyncio.create_task(pacer())
    cpu, began = time.process_time(), time.perf_counter()
    calls = []
    while time.perf_counter() - began < seconds:
        calls.append(asyncio.create_task(call()))
        await asyncio.sleep(max(0.0, began + len(calls) / CALLS_PER_S - time.perf_counter()))
    await asyncio.gather(*calls)
    share = (time.process_time() - cpu) / (time.perf_counter() - began)
    pace.cancel()
    ledger.close()
    acks.sort()
    late.sort()
    return {
        "calls": len(calls),
        "cpu_share": share,
        "ack_p50_ms": acks[len(acks) // 2],
        "ack_p95_ms": acks[int(len(acks) * 0.95)],
        "ack_max_ms": acks[-1],
        "late_p99_ms": late[int(len(late) * 0.99)],
        "late_max_ms": late[-1],
        "late_over_40_ms_share": sum(ms > 40 for ms in late) / len(late),
    }


def main() -> int:
    """Run both, print, and with ``--gate`` judge."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--url", default="")
    options.add_argument("--calls", type=int, default=500)
    options.add_argument("--seconds", type=float, default=30)
    options.add_argument("--gate", action="store_true")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        upgrade(given.url or data)
        engine, keys = open_engine(given.url or data), KeyRing.open(data / "keys")

        def make(call_soon: object = None) -> SqlLedger:
            how = {"call_soon": call_soon} if call_soon else {}
            return SqlLedger(engine, keys, owner="bench", spool=data / "spool.jsonl", **how)  # type: ignore[arg-type]

        ledger = make()
        found = flat_out(ledger, given.calls)
        ledger.close()
        found |= asyncio.run(real_time(make, given.seconds))
        engine.dispose()
    for name, value in found.items():
        print(f"{name:24} {value:12.3f}")
    missed = [name for name, limit in LIMITS.items() if found[name] > limit]
    for name in missed:
        print(f"over the limit: {name} = {found[name]:.3f} > {LIMITS[name]}", file=sys.stderr)
    return 1 if given.gate and missed else 0


def _must(error: Exception | None) -> None:
    if error is not None:
        raise error


def _settle(future: asyncio.Future[None], error: Exception | None) -> None:
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)


if __name__ == "__main__":
    sys.exit(main())
