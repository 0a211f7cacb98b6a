"""The panel with a year of 1,000,000 calls and 100,000 cases behind it, in SQLite and in PostgreSQL.

    python bench/panel_at_size.py                      # both databases (made once, kept in build/size)
    python bench/panel_at_size.py --database sqlite --seconds 60
    python bench/panel_at_size.py --gate               # exit 1: a page's p95 >= 150 ms, report >= 5 s, 300 MB
    python bench/panel_at_size.py --at-work --gate     # 20 calls a second come in, and the 20 people write, too

20 people of five roles are logged in to a real ``hotline panel``; each asks for a page every 2 s, all pages in turn:
lists with their filters and later pages, single calls and cases, worklists, figures of a day and of a month with the
rows behind them, board and its live poll. A page that is not in the list stops the bench; files (exports, recordings)
are left out. Percentiles are of each page's own answers; beside them the processor's time of the panel for a page,
which other programs on the machine change less. The monthly report is ``hotline report monthly`` as a process
of its own.

At work, a copy of the year is used: every fourth time an operator, lead or supervisor sends a note to a case instead,
and a ledger writes 20 calls a second as they go on (``support/calls_at_once.py``); how long its turns waited is told.

The load is a hard one on purpose: ten pages a second are what 20 people ask for who never read one, and 20 calls a
second are those of a city of ten million in its busiest hour. All of it, the askers too, shares the machine's cores;
how busy they were, and how much of that was not the panel, is printed, because a p95 says nothing without it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from support.panel_pages import STAFF, Page, pages, together
from support.panel_people import Browser, ask, log_in, panel
from support.processes import busy_s, family_cpu_s, family_highest_mb
from support.year_at_size import SIZE, copied, plan_of, postgres_year, sqlite_year

from bench.synthetic.plan import Plan

P95_MS, REPORT_S, MEMORY_MB = 150.0, 5.0, 300.0
CALLS_A_SECOND = 20
TURN_P95_MS = 200.0


@dataclass
class Used:
    """Processor time between two looks, s: of the panel, and of everything on the machine."""

    pid: int
    panel: float = 0.0
    machine: float = 0.0
    lasted: float = 0.0

    def __enter__(self) -> Used:
        self._before = time.monotonic(), family_cpu_s(self.pid), busy_s()
        return self

    def __exit__(self, *_: object) -> None:
        began, panel_s, machine_s = self._before
        self.lasted = time.monotonic() - began
        self.panel, self.machine = family_cpu_s(self.pid) - panel_s, busy_s() - machine_s

    def told(self, answers: int) -> str:
        every = self.lasted * len(os.sched_getaffinity(0)) / 100
        return (
            f"processor of the panel {self.panel * 1000 / max(1, answers):.1f} ms a page, "
            f"{self.panel / every:.0f}% of the machine, which was busy {self.machine / every:.0f}%"
        )


@contextmanager
def calls_come(url: str, data: Path, told: dict[str, float]) -> Iterator[None]:
    """Twenty calls a second meanwhile; ``told``: afterwards, how long their turns waited."""
    script = Path(__file__).parent / "support" / "calls_at_once.py"
    command = [sys.executable, str(script), url, str(data), str(CALLS_A_SECOND)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        yield
    finally:
        out, _ = process.communicate("", 120)
        told |= json.loads(out)


def measure(kind: str, url: str, data: Path, plan: Plan, seconds: float, alone: bool, at_work: bool) -> list[str]:
    """Print the table of one database; what missed its figure."""
    found, missed = pages(url, plan.zone), []
    notes = Page("a note", next(page for page in found if page.name == "a case").paths, STAFF) if at_work else None
    turns: dict[str, float] = {}
    with panel(url, data) as (port, pid, config):
        browsers = log_in(port)
        for page in found:  # once, so that nobody is measured compiling templates
            next(b for role, b in browsers if role in page.roles).get(page.paths[0])
        with Used(pid) as used:
            if alone:
                one_by_one(browsers, found)
            else:
                with calls_come(url, data, turns) if at_work else nullcontext():
                    missed += ask(browsers, found, seconds, notes)[:5]
        memory = family_highest_mb(pid)
        report = monthly_report(config, plan)
    found += [notes] if notes else []
    missed += [f"{page.name}: {wrong}" for page in found if (wrong := page.missed(P95_MS))]
    missed += [f"the monthly report took {report:.1f} s >= {REPORT_S} s"] if report >= REPORT_S else []
    missed += [f"the panel had {memory:.0f} MB >= {MEMORY_MB:.0f} MB"] if memory >= MEMORY_MB else []
    every = together(found)
    print(f"{kind}: page{'':28} answers   p50 ms   p95 ms")
    for page in (*found, every):
        print(f"{'':8}{page.name:28} {len(page.took):7} {page.at(0.5):8.0f} {page.at(0.95):8.0f}")
    print(f"{'':8}{used.told(len(every.took))}")
    if turns:
        words = ", ".join(f"{name} {value:.0f}" for name, value in turns.items())
        print(f"{'':8}{CALLS_A_SECOND} calls a second meanwhile: {words} ms")
        missed += [f"calls' turns: {words}"] if turns["failed"] or turns["p95"] >= TURN_P95_MS else []
    print(f"{'':8}monthly report {report:.1f} s   panel's memory {memory:.0f} MB")
    return [f"{kind}: {what}" for what in missed]


def monthly_report(config: list[str], plan: Plan) -> float:
    """Seconds ``hotline report monthly`` takes for the last whole month. Raises ``CalledProcessError``."""
    last = (datetime.now(plan.zone).replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    out = tempfile.mkdtemp()
    command = [sys.executable, "-m", "hotline", "report", "monthly", "--month", last, "--html-only", "--out", out]
    try:
        began = time.perf_counter()
        subprocess.run([*command, *config], stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - began
    finally:
        shutil.rmtree(out, ignore_errors=True)


def one_by_one(browsers: list[tuple[str, Browser]], found: list[Page]) -> None:
    """Each page alone: what it costs without a queue."""
    for page in found:
        browser = next(b for role, b in browsers if role in page.roles)
        for path in (page.paths * 5)[:12]:
            status, text, took = browser.get(path)
            assert status == 200, f"{path}: {status} {text[:200]}"
            page.took.append(took)
        page.took = page.took[1:]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=SIZE[0])
    parser.add_argument("--cases", type=int, default=SIZE[1])
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--alone", action="store_true", help="one request after the other, to see what a page costs")
    parser.add_argument("--at-work", action="store_true", help="people write, and 20 calls a second come in")
    parser.add_argument("--gate", action="store_true", help="fail when a figure is missed")
    options = parser.parse_args()
    plan = plan_of(options.calls, options.cases)
    missed = []
    if options.database in ("sqlite", "both"):
        with copied(*sqlite_year(plan)) if options.at_work else nullcontext(sqlite_year(plan)) as (url, data):
            missed += measure("SQLite", url, data, plan, options.seconds, options.alone, options.at_work)
    if options.database in ("postgresql", "both"):
        with postgres_year(plan, copy=options.at_work) as (url, data):
            missed += measure("PostgreSQL", url, data, plan, options.seconds, options.alone, options.at_work)
    for what in missed:
        print(f"missed: {what}")
    return int(options.gate and bool(missed))


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).resolve().parent.parent))
    sys.exit(main())
