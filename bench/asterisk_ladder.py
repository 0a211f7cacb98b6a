"""The hotline on Asterisk against what is possible there: a plain dialplan and the least an ARI application can be.

    python bench/asterisk_ladder.py            all of it, about six minutes
    python bench/asterisk_ladder.py --quick    a look, while something is changed: one and a half
    python bench/asterisk_ladder.py --gate     exit status 1 when a figure is missed

Four systems do the same: answer, play the greeting, hear a key, play the menu, until the caller hangs up. (a) to (c)
are numbers of one Asterisk, their prompts are the same files. First each holds 100 calls with sound both
ways and keys (Python callers, arrival times from the kernel). Then sipp calls each at rising rates, rung by
rung in turn, so that whatever else the machine does meets all alike. A rung holds when no call failed and p95 of
INVITE to 200 is under 200 ms. ``CPU`` is processor time per call at the first rate, of all processes that take part.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from support import sipp
from support.holding import Held, hold
from support.ladder import Ladder
from support.systems import NAMES, TITLES, System, Systems, running

from store.engine import open_engine, reading
from store.schema import Call
from tests.support.need import need

SETUP_P95_MS = 200.0
RATIO_THIN, RATIO_PLAIN = 0.7, 0.9  # the gate, and the aim
KEY_MORE_MS = 20.0


@dataclass(frozen=True)
class Plan:
    """How much is measured. ``budget_s``: no new rung begins after it."""

    calls: int = 100
    held_s: float = 9.0
    call_s: float = 6.0
    key_s: float = 2.0
    arrive_s: float = 6.0
    budget_s: float = 225.0
    first: int = 24
    rungs: int = 8
    fine: float = 1.1


QUICK = Plan(calls=30, held_s=5.0, call_s=3.0, key_s=1.0, arrive_s=3.0, budget_s=40.0, rungs=4, fine=1.3)


@dataclass
class Climb:
    """One system's ladder and what its first rung cost, CPU ms per call by process."""

    ladder: Ladder
    cpu_ms: dict[str, float] = field(default_factory=dict)
    went_well: int = 0  # calls, on all rungs
    setups: list[float] = field(default_factory=list)  # of the highest rung that held


def climb(systems: Systems, names: list[str], plan: Plan, folder: Path) -> dict[str, Climb]:
    """Every system's ladder, rung by rung in turn."""
    program = need("sipp")
    text = sipp.scenario(plan.key_s, plan.call_s)
    climbs = {name: Climb(Ladder(plan.first, fine=plan.fine, rungs=plan.rungs)) for name in names}
    end = time.monotonic() + plan.budget_s
    turn = 0
    while any(climb.ladder.next() for climb in climbs.values()) and time.monotonic() < end:
        turn += 1
        for name, climb in climbs.items():
            rate = climb.ladder.next()
            if rate is None or time.monotonic() > end:
                continue
            system = systems.get(name)
            before, calls = system.cpu(), round(rate * plan.arrive_s)
            target = "{}:{}".format(*system.address)
            ran = sipp.run(program, folder / f"{turn}-{name}", target, system.called, rate, calls, text, plan.call_s)
            used = {part: now - before[part] for part, now in system.cpu().items()} | {"sipp": ran.cpu_s}
            if not climb.cpu_ms:
                climb.cpu_ms = {part: 1000 * spent / calls for part, spent in used.items()}
            holds = not ran.failed and ran.p95 < SETUP_P95_MS
            if holds and rate > climb.ladder.best:
                climb.setups = ran.setups
            climb.ladder.went(rate, holds)
            climb.went_well += calls - ran.failed
            cpu = _parts({part: 1000 * spent / calls for part, spent in used.items()}, "{:.1f}")
            took = f"failed {ran.failed:3}  set-up p95 {ran.p95:5.0f} ms  CPU ms/call {cpu}"
            print(f"  {name:<9} {rate:4}/s  {'holds' if holds else '     '}  {took}", flush=True)
            _quiet(systems, system)
    return climbs


def _quiet(systems: Systems, system: System) -> None:
    """Wait until no call is left from the rung before."""
    end = time.monotonic() + 10
    while system.name != "embedded" and systems.channels() > 0 and time.monotonic() < end:
        time.sleep(0.2)


def stored(data: Path) -> int:
    """Calls in the hotline's database that ended as they should."""
    engine = open_engine(data)
    try:
        with Session(reading(engine)) as session:
            query = select(func.count()).where(Call.cause == "caller_left", Call.keys == "*")
            return session.scalar(query) or 0
    finally:
        engine.dispose()


def table(held: dict[str, Held], climbs: dict[str, Climb]) -> list[str]:
    """The figures, a line for each system."""
    calls = next(iter(held.values())).calls
    lines = [
        f"{calls} calls at once           key -> prompt p50   p95    gaps > 40 ms  widest   memory per call",
        *(
            f"{TITLES[name]:<28} {sipp.percentile(one.waits, 50):8.0f} ms {sipp.percentile(one.waits, 95):5.0f} ms"
            f"  {one.pacing.share:9.3%}  {one.pacing.widest_ms:5.0f} ms   {_parts(one.memory_kb, '{:.0f} KiB')}"
            + (f"   FAILED {one.failed}" if one.failed else "")
            for name, one in held.items()
        ),
        "",
        "highest rate                  calls/s  set-up p50   p95    CPU ms per call",
        *(
            f"{TITLES[name]:<28} {one.ladder.best:8}  {sipp.percentile(one.setups, 50):7.0f} ms"
            f" {sipp.percentile(one.setups, 95):4.0f} ms   {_ours(one):5.1f}: {_parts(one.cpu_ms, '{:.1f}')}"
            for name, one in climbs.items()
        ),
    ]
    return lines


def _ours(climb: Climb) -> float:
    """Processor time per call without the callers', ms."""
    return sum(spent for part, spent in climb.cpu_ms.items() if part != "sipp")


def _parts(figures: dict[str, float], form: str) -> str:
    return "  ".join(f"{part} {form.format(value)}" for part, value in figures.items())


def ratios(climbs: dict[str, Climb]) -> list[str]:
    """How the hotline on Asterisk stands to the others, in rate and in processor time."""
    ours = climbs["asterisk"]
    out = []
    for name in NAMES:
        if name != "asterisk" and name in climbs and climbs[name].ladder.best:
            rate = ours.ladder.best / climbs[name].ladder.best
            cpu = _ours(ours) / _ours(climbs[name])
            out.append(f"(c) to {TITLES[name]:<28} rate x {rate:.2f}   CPU per call x {cpu:.2f}")
    return out


def judge(held: dict[str, Held], climbs: dict[str, Climb], rows: dict[str, tuple[int, int]]) -> list[str]:
    """What is missed."""
    missed = []
    for name, one in held.items():
        if one.failed or len(one.waits) < one.keys:
            missed.append(
                f"{name}: {one.failed} of {one.calls} calls failed, {len(one.waits)} of {one.keys} keys answered"
            )
    plain, ours = sipp.percentile(held["plain"].waits, 95), sipp.percentile(held["asterisk"].waits, 95)
    if ours > plain + KEY_MORE_MS:
        missed.append(f"key -> prompt p95 {ours:.0f} ms > {plain:.0f} + {KEY_MORE_MS:.0f} ms of the dialplan")
    rate, thin = climbs["asterisk"].ladder.best, climbs["thin"].ladder.best
    if not rate or rate < RATIO_THIN * thin:
        missed.append(f"{rate} calls/s < {RATIO_THIN} x {thin} of the thin application")
    for name, (found, placed) in rows.items():
        if found < placed:
            missed.append(f"{name}: {found} of {placed} calls are in the database")
    return missed


def measure(plan: Plan, names: list[str], folder: Path) -> list[str]:
    """Everything; what was missed (with all four systems measured)."""
    with running(folder) as systems:
        held = {}
        for name in names:
            system = systems.get(name, fresh=True)
            time.sleep(1.0)  # what it does once after its start is done
            held[name] = one = hold(system, systems.prompts, plan.calls, plan.held_s)
            busy = f"  the machine is busy: {one.late_ticks:.1%} late ticks" if one.late_ticks > 0.005 else ""
            print(f"  {name:<9} held {one.calls}  CPU of a core {_parts(one.cpu, '{:.0%}')}{busy}", flush=True)
            _quiet(systems, system)
        before = {name: stored(_data(systems, name)) for name in ("asterisk", "embedded") if name in names}
        climbs = climb(systems, names, plan, folder)
        time.sleep(1.0)  # the last turns are written
        rows = {n: (stored(_data(systems, n)) - before[n], climbs[n].went_well) for n in before}
    print("\n" + "\n".join(table(held, climbs)) + "\n")
    if len(names) < len(NAMES):
        return []
    print("\n".join(ratios(climbs)))
    print(
        "\n".join(
            f"{TITLES[n]:<28} {found} rows of {placed} calls of the ladder" for n, (found, placed) in rows.items()
        )
    )
    return judge(held, climbs, rows)


def _data(systems: Systems, name: str) -> Path:
    return (systems.asterisk if name == "asterisk" else systems.embedded).data


def main() -> int:
    """Measure and print; with ``--gate`` the exit status tells."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--gate", action="store_true", help="exit status 1 when a figure is missed")
    options.add_argument("--quick", action="store_true", help="fewer, shorter calls: for development")
    options.add_argument("--system", choices=NAMES, action="append", help="only this one (no judgement)")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        missed = measure(QUICK if given.quick else Plan(), given.system or list(NAMES), Path(folder))
    for what in missed:
        print(f"missed: {what}")
    return int(bool(missed and given.gate))


if __name__ == "__main__":
    sys.exit(main())
