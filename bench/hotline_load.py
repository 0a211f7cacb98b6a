"""A real hotline under load, with real SIP and RTP: the timings of a finished call path.

python bench/hotline_load.py                    the three tables
python bench/hotline_load.py --gate             exit status 1 when a figure is missed
python bench/hotline_load.py --part streams     only one of: streams, keys, arrivals

streams: 200 calls at once, RTP both ways, 30 s; each presses a key for the menu every 10 s, so that it is still in it
and every version does the same work. keys: last packet of a key press to the first packet of the next prompt.
arrivals: 20 calls/s, each 8 s in the menu, for 60 s, journal and database on. The hotline is ``hotline calls`` in its
own process with its own data folder; the callers are one process beside it (``bench/support/callers.py``).
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session
from support.callers import Call, Callers
from support.measures import waits_of
from support.processes import cpu_s, main_thread_s
from support.prompts import rehearse

from hotline.config.file import load, template, to_toml
from hotline.config.settings import Settings
from hotline.doctor.testcall import temporary
from hotline.process import runfile
from store.engine import open_engine, reading
from store.schema import Call as CallRow

ROOT = Path(__file__).resolve().parent.parent
CALLED = "95598"
STREAMS, STREAMS_S, AGAIN_S = 200, 30.0, 10.0
RATE_MIN, GAP_MS, GAPS_MAX = 49.9, 40.0, 0.001
KEY_CALLS, KEY_PRESSES, KEY_P95_MS = 20, 15, 60.0
ARRIVALS_PER_S, ARRIVALS_S, CALL_S, SETUP_P95_MS = 20, 60.0, 8.0, 200.0
RAMP_S = 0.05  # between two calls while the streams are set up


@dataclass
class Result:
    """What a part gave: figures to print, and what was missed."""

    name: str
    figures: dict[str, str]
    missed: list[str] = field(default_factory=list)

    def demand(self, holds: bool, what: str) -> None:
        """Note what does not hold."""
        if not holds:
            self.missed.append(what)


@dataclass
class Bench:
    """The running hotline."""

    callers: Callers
    pid: int
    data: Path

    def cpu(self) -> np.ndarray:
        """Seconds of processor time its process has used: all its threads, and the loop (the main thread)."""
        return np.array([cpu_s(self.pid), main_thread_s(self.pid)])


def settings(folder: Path, max_calls: int) -> Settings:
    """The shipped settings, with room for the load and the prompts made before."""
    tree = tomllib.loads(template())
    tree["sip"] = {**tree.get("sip", {}), "max_calls": max_calls, "calls_per_number": 0}
    tree["voice"] = {"cache_dir": str(ROOT / "build" / "voices")}
    (folder / "hotline.toml").write_text(to_toml(tree), encoding="utf-8")
    return load(folder / "hotline.toml", environ={})


@contextmanager
def hotline(max_calls: int = 400) -> Iterator[Bench]:
    """A hotline for one part."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        chosen = settings(Path(folder), max_calls)
        known = rehearse(chosen).frames()
        with temporary(chosen) as (address, data):
            time.sleep(1.0)  # what it does once after its start is done
            callers = Callers((address.host, address.port), CALLED, known)
            try:
                yield Bench(callers, int(runfile.read(data)["calls"]["pid"]), data)
            finally:
                callers.close()


def streams() -> Result:
    """(a) 200 calls at once."""
    with hotline() as bench:
        callers, pressed = bench.callers, Counter[str]()

        def again(call: Call) -> None:
            """Before the menu is over: who presses nothing is led to a person, which is other work."""
            if not (call.ended or hung_up):
                callers.press(call, "*")
                pressed[call.ref] += 1
                callers.at(AGAIN_S, partial(again, call))

        hung_up = False
        for n in range(STREAMS):
            callers.at(n * RAMP_S, partial(callers.dial, lambda call: callers.at(AGAIN_S, partial(again, call))))
        callers.run(STREAMS * RAMP_S + 30, until=lambda: callers.up == STREAMS)
        callers.run(1.0)
        begin, cpu = time.time_ns(), bench.cpu()
        callers.run(STREAMS_S)
        end, used = time.time_ns(), (bench.cpu() - cpu) / STREAMS_S
        hung_up = True
        callers.run(0.5)  # a key that is being pressed is let go
        for call in callers.calls:
            callers.hang_up(call)
        callers.run(10, until=lambda: not callers.open)
        known = stored(bench.data)
        rates, gaps = [], []
        for call in callers.calls:
            within = np.array([at for at in call.arrivals if begin <= at <= end])
            rates.append((len(within) - 1) / ((within[-1] - within[0]) / 1e9) if len(within) > 1 else 0.0)
            gaps.append(np.diff(within) / 1e6)
        between = np.concatenate(gaps)
        wide = float((between > GAP_MS).mean())
        result = Result(
            "streams",
            {
                "calls": str(callers.up or len(rates)),
                "packets/s, slowest call": f"{min(rates):.2f}",
                "gaps > 40 ms": f"{wide:.3%}",
                "widest": f"{between.max():.0f} ms",
                "hotline CPU": cores(used),
                "keys": str(pressed.total()),
                "late ticks of the callers": f"{callers.late_ticks / callers.ticks:.2%}",
            },
        )
        asked = {call.ref: ("caller_left", "*" * pressed[call.ref]) for call in callers.calls}
        result.demand(known == asked, "not all calls stayed in the menu, or a key is missing")
        result.demand(len(rates) == STREAMS and not any(c.failed for c in callers.calls), "not all calls came up")
        result.demand(min(rates) >= RATE_MIN, f"{min(rates):.2f} packets/s < {RATE_MIN}")
        result.demand(wide < GAPS_MAX, f"{wide:.3%} gaps over {GAP_MS:g} ms >= {GAPS_MAX:.1%}")
        return result


def keys() -> Result:
    """(b) A key, and the prompt that follows it."""
    with hotline() as bench:
        callers, chance = bench.callers, random.Random(8)

        def press(call: Call) -> Callable[[], None]:
            return lambda: callers.press(call, "*")  # the menu again, from its beginning

        def begin() -> None:
            call = callers.dial()
            for n in range(KEY_PRESSES):
                callers.at(2.0 + 1.5 * n + chance.uniform(0, 0.4), press(call))

        for n in range(KEY_CALLS):
            callers.at(n * RAMP_S, begin)
        callers.run(4.0 + 1.5 * KEY_PRESSES)
        waits = [wait for call in callers.calls for wait in waits_of(call)]
        for call in callers.calls:
            callers.hang_up(call)
        callers.run(10, until=lambda: not callers.open)
        p95 = float(np.percentile(waits, 95)) if waits else float("inf")
        result = Result(
            "keys",
            {
                "keys": f"{len(waits)} of {KEY_CALLS * KEY_PRESSES}",
                "median": f"{np.median(waits):.0f} ms" if waits else "-",
                "p95": f"{p95:.0f} ms",
                "worst": f"{max(waits):.0f} ms" if waits else "-",
            },
        )
        result.demand(len(waits) == KEY_CALLS * KEY_PRESSES, "a key was not followed by the menu")
        result.demand(p95 <= KEY_P95_MS, f"key to prompt p95 {p95:.0f} ms > {KEY_P95_MS:g} ms")
        return result


def arrivals() -> Result:
    """(c) 20 calls a second, 160 at once."""
    with hotline() as bench:
        callers = bench.callers

        def one() -> None:
            call = callers.dial()
            callers.at(2.0, lambda: callers.press(call, "*"))
            callers.at(CALL_S, lambda: callers.hang_up(call))

        count = round(ARRIVALS_PER_S * ARRIVALS_S)
        for n in range(count):
            callers.at(n / ARRIVALS_PER_S, one)
        cpu = bench.cpu()
        callers.run(ARRIVALS_S)
        used = (bench.cpu() - cpu) / ARRIVALS_S
        callers.run(CALL_S + 40, until=lambda: not callers.open)
        setups = [call.setup_ms for call in callers.calls if call.answered]
        silent = sum(1 for call in callers.calls if call.answered and len(call.arrivals) < CALL_S * RATE_MIN - 10)
        failed = sum(1 for call in callers.calls if call.failed or not call.ended)
        p95 = float(np.percentile(setups, 95)) if setups else float("inf")
        rows = sum(how == ("caller_left", "*") for how in stored(bench.data).values())
        result = Result(
            "arrivals",
            {
                "calls": str(len(callers.calls)),
                "failed": str(failed),
                "set-up median": f"{np.median(setups):.1f} ms" if setups else "-",
                "p95": f"{p95:.1f} ms",
                "worst": f"{max(setups):.0f} ms" if setups else "-",
                "rows": str(rows),
                "hotline CPU": cores(used),
            },
        )
        result.demand(failed == 0, f"{failed} calls failed")
        result.demand(silent == 0, f"{silent} calls heard too little")
        result.demand(rows == count, f"{rows} of {count} calls are in the database")
        result.demand(p95 < SETUP_P95_MS, f"set-up p95 {p95:.0f} ms >= {SETUP_P95_MS:g} ms")
        return result


def cores(used: np.ndarray) -> str:
    """Of one core, by the whole process and by its loop."""
    return f"{used[0]:.1%} of a core, of it the loop {used[1]:.1%}"


def stored(data: Path) -> dict[str, tuple[str, str]]:
    """Every call in the database, once the last is written: how it ended and the keys pressed, by SIP Call-ID."""
    engine = open_engine(data)
    try:
        time.sleep(1.0)
        with Session(reading(engine)) as session:
            query = select(CallRow.ref, CallRow.cause, CallRow.keys)
            return {ref: (cause, keys) for ref, cause, keys in session.execute(query)}
    finally:
        engine.dispose()


PARTS: dict[str, Callable[[], Result]] = {"streams": streams, "keys": keys, "arrivals": arrivals}


def main() -> int:
    """Run the parts; with ``--gate`` the exit status tells."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--part", choices=PARTS, action="append")
    options.add_argument("--gate", action="store_true", help="exit status 1 when a figure is missed")
    given = options.parse_args()
    missed = []
    for name in given.part or PARTS:
        result = PARTS[name]()
        print(f"{name:<9}" + "   ".join(f"{key} {value}" for key, value in result.figures.items()), flush=True)
        missed += [f"{name}: {what}" for what in result.missed]
    for what in missed:
        print(f"missed: {what}")
    return int(bool(missed and given.gate))


if __name__ == "__main__":
    sys.exit(main())
