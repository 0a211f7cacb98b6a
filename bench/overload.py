"""More than can be carried: nothing is lost and nothing collapses.

python bench/overload.py                    the three tables
python bench/overload.py --gate             exit status 1 when a figure is missed
python bench/overload.py --part slowed      only one of: surplus, slowed, memory
python bench/overload.py --calls 3000       memory: fewer calls

surplus: 1.5 × ``max_calls`` callers, all at once in the end; each admitted one hears a packet every 20 ms.
slowed: 20 calls/s, each 8 s in the menu, into a process that is stopped half of the time. Who cannot be served in
time gets 503; every other caller is answered soon, hears the menu and has a row.
memory: 10,000 calls of one second, while one call stays up all the time.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np
from hotline_load import CALL_S, GAP_MS, Result, hotline, stored
from support.callers import Call
from support.processes import memory_kb
from support.slowing import slowed as slow

MAX_CALLS, HELD_S, RAMP_S = 200, 15.0, 0.05
PER_S, SLOWED_S, SHARE, SETUP_P95_MS, PROMPT_MS = 20, 60.0, 0.5, 1000.0, 2000.0
CALLS, FIRST, SHORT_S, SHORT_PER_S, GROWTH_KB = 10_000, 1000, 1.0, 30, 5 * 1024


def surplus() -> Result:
    """Half as many again as there is room for."""
    with hotline(max_calls=MAX_CALLS) as bench:
        callers = bench.callers
        offered = MAX_CALLS * 3 // 2
        for n in range(offered):
            callers.at(n * RAMP_S, callers.dial)
        callers.run(offered * RAMP_S + 5)
        begin = time.time_ns()
        callers.run(HELD_S)
        end = time.time_ns()
        refused = [call.failed for call in callers.calls if call.failed]
        admitted = [call for call in callers.calls if call.answered]
        for call in admitted:
            callers.hang_up(call)
        callers.run(10, until=lambda: not callers.open)
        waits = [np.diff([at for at in call.arrivals if begin <= at <= end]) / 1e6 for call in admitted]
        widest = max((float(gaps.max()) for gaps in waits if len(gaps)), default=float("inf"))
        result = Result("surplus", {
            "offered": str(offered), "admitted": str(len(admitted)),
            "refused": f"{len(refused)} ({', '.join(sorted(set(refused))) or '-'})", "widest gap": f"{widest:.0f} ms",
        })  # fmt: skip
        result.demand(refused == ["503"] * (offered - MAX_CALLS), f"refused: {refused}")
        result.demand(len(admitted) == MAX_CALLS, f"{len(admitted)} admitted")
        result.demand(widest <= GAP_MS, f"a gap of {widest:.0f} ms")
        return result


def slowed() -> Result:
    """Half of its time is taken from the hotline."""
    with hotline() as bench:
        callers = bench.callers

        def listen(call: Call) -> None:
            callers.at(2.0, lambda: callers.press(call, "*"))
            callers.at(CALL_S, lambda: callers.hang_up(call))

        count = round(PER_S * SLOWED_S)
        for n in range(count):
            callers.at(n / PER_S, lambda: callers.dial(listen))
        with slow(bench.pid, SHARE):
            callers.run(SLOWED_S + CALL_S + 4)
        callers.run(40, until=lambda: not callers.open)
        taken = [call for call in callers.calls if call.answered]
        refused = sum(1 for call in callers.calls if call.failed == "503")
        lost = sum(1 for call in callers.calls if not call.answered and call.failed != "503")
        setups = [call.setup_ms for call in taken] or [float("inf")]
        p95 = float(np.percentile(setups, 95))
        unheard = sum(1 for call in taken if not _heard(call))
        rows = stored(bench.data)
        missing = sum(1 for call in taken if rows.get(call.ref) != ("caller_left", "*"))
        result = Result("slowed", {
            "calls": str(count), "taken": str(len(taken)), "refused": str(refused), "neither": str(lost),
            "set-up median": f"{np.median(setups):.0f} ms", "p95": f"{p95:.0f} ms", "worst": f"{max(setups):.0f} ms",
            "without a prompt": str(unheard), "without a row": str(missing),
        })  # fmt: skip
        result.demand(lost == 0, f"{lost} calls were neither taken nor refused")
        # 160 calls at once are more than half a core carries: the first ones come in, then as many as end.
        result.demand(len(taken) >= count / 3, f"only {len(taken)} of {count} calls were taken")
        result.demand(p95 < SETUP_P95_MS, f"set-up p95 {p95:.0f} ms >= {SETUP_P95_MS:g} ms")
        result.demand(unheard == 0, f"{unheard} callers heard no prompt within {PROMPT_MS:g} ms")
        result.demand(missing == 0, f"{missing} calls have no row, or not the right one")
        return result


def _heard(call: Call) -> bool:
    """The menu after the key; a key counts from its first packet."""
    key = call.keys_sent[0] if call.keys_sent else 0
    return any(key - 1e8 < at < key + PROMPT_MS * 1e6 for at, _ in call.heard)


def memory(calls: int = CALLS) -> Result:
    """What calls that have ended leave behind, while one goes on."""
    with hotline() as bench:
        callers = bench.callers

        def stay(call: Call) -> None:
            for turn in range(1, 60):  # the menu again, before it gives up
                callers.at(10.0 * turn, lambda: callers.press(call, "*"))

        def short(call: Call) -> None:
            callers.at(SHORT_S, lambda: callers.hang_up(call))

        staying = callers.dial(stay)
        sizes = []
        for part in (FIRST, calls - FIRST):
            for n in range(part):
                callers.at(n / SHORT_PER_S, lambda: callers.dial(short))
            callers.run(part / SHORT_PER_S)
            callers.run(40, until=lambda: callers.open == 1)
            callers.run(35.0)  # SIP remembers a call for 32 s (RFC 3261 §17.2.2)
            sizes.append(memory_kb(bench.pid))
        up = bool(staying.answered and not staying.ended)
        failed = sum(1 for call in callers.calls if call.failed)
        grown = sizes[1] - sizes[0]
        result = Result("memory", {
            "calls": str(calls), "failed": str(failed), f"after {FIRST}": f"{sizes[0] / 1024:.1f} MiB",
            "at the end": f"{sizes[1] / 1024:.1f} MiB", "growth": f"{grown / 1024:.1f} MiB",
        })  # fmt: skip
        result.demand(up, "the call that was to stay up did not")
        result.demand(failed == 0, f"{failed} calls failed")
        result.demand(grown < GROWTH_KB * calls / CALLS, f"{grown} KiB of growth")
        return result


PARTS: dict[str, Callable[[], Result]] = {"surplus": surplus, "slowed": slowed, "memory": memory}


def main() -> int:
    """Run the parts; with ``--gate`` the exit status tells."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--part", choices=PARTS, action="append")
    options.add_argument("--gate", action="store_true", help="exit status 1 when a figure is missed")
    options.add_argument("--calls", type=int, default=CALLS, help="of the part memory")
    given = options.parse_args()
    parts = PARTS | {"memory": lambda: memory(given.calls)}
    missed = []
    for name in given.part or parts:
        result = parts[name]()
        print(f"{name:<9}" + "   ".join(f"{key} {value}" for key, value in result.figures.items()), flush=True)
        missed += [f"{name}: {what}" for what in result.missed]
    for what in missed:
        print(f"missed: {what}")
    return int(bool(missed and given.gate))


if __name__ == "__main__":
    sys.exit(main())
