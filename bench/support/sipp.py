"""sipp as many callers: a number of calls at a rate, each pressing a key and hanging up, and what came of it."""

from __future__ import annotations

import csv
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from support.processes import cpu_s
from tests.support.sipp import CAPTURES, SCENARIOS, pause

CAPTURE = CAPTURES / "dtmf_2833_star.pcap"
LATE_S = 20.0  # how long after its last call sipp may need


@dataclass(frozen=True)
class Run:
    """What sipp saw of one rung. ``setups``: INVITE to 200 of each answered call, ms."""

    calls: int
    failed: int
    setups: list[float]
    cpu_s: float

    @property
    def p95(self) -> float:
        """Of the set-up times, ms."""
        return percentile(self.setups, 95)


def percentile(values: list[float], share: float) -> float:
    """The value that ``share`` percent do not exceed; infinite when there is none."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * round(share) // 100) - 1)] if ordered else float("inf")


def scenario(key_s: float, call_s: float) -> str:
    """A caller who presses a key ``key_s`` after the answer and hangs up ``call_s`` after it."""
    press = f'<nop><action><exec play_pcap_audio="{CAPTURE}"/></action></nop>'
    middle = [pause(round(key_s * 1000)), press, pause(round((call_s - key_s) * 1000))]
    return (SCENARIOS / "call.xml").read_text().replace("@MIDDLE@", "\n".join(middle))


def run(program: str, folder: Path, target: str, called: str, rate: int, calls: int, text: str, call_s: float) -> Run:
    """Place ``calls`` calls, ``rate`` a second; ends within bounded time."""
    folder.mkdir(parents=True)
    (folder / "scenario.xml").write_text(text)
    limit = calls / rate + call_s + LATE_S
    process = subprocess.Popen(
        [
            program,
            *("-sf", "scenario.xml", "-s", called, "-r", str(rate), "-m", str(calls), "-l", str(calls)),
            *("-i", "127.0.0.1", "-mi", "127.0.0.1", "-nostdin", "-trace_rtt", "-rtt_freq", "1"),
            *("-trace_stat", "-stf", "stat.csv", "-fd", "1", "-timeout", f"{limit:.0f}s"),
            target,
        ],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    used, end = 0.0, time.monotonic() + limit + 10
    try:
        while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() > end:
                process.kill()
            time.sleep(0.05)
        used = cpu_s(process.pid)
        process.wait()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return Run(calls, calls - succeeded(folder / "stat.csv"), setups(folder), used)


def succeeded(stat: Path) -> int:
    """Calls that went as written, from sipp's statistics (the last line is its end)."""
    with stat.open(newline="") as file:
        lines = [line for line in csv.DictReader(file, delimiter=";") if line.get("SuccessfulCall(C)")]
    return int(lines[-1]["SuccessfulCall(C)"]) if lines else 0


def setups(folder: Path) -> list[float]:
    """Response times in ms, from sipp's trace of them."""
    found: list[float] = []
    for path in folder.glob("scenario_*_rtt.csv"):
        with path.open(newline="") as file:
            found += [float(line["response_time_ms"]) for line in csv.DictReader(file, delimiter=";")]
    return found
