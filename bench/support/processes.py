"""What a process has used, from ``/proc``."""

from __future__ import annotations

import os
from pathlib import Path


def cpu_s(pid: int) -> float:
    """Seconds of processor time it has used, with the children it waited for."""
    return sum(_ticks(f"/proc/{pid}/stat")[:4]) / os.sysconf("SC_CLK_TCK")


def main_thread_s(pid: int) -> float:
    """Seconds of processor time its first thread has used."""
    return sum(_ticks(f"/proc/{pid}/task/{pid}/stat")[:2]) / os.sysconf("SC_CLK_TCK")


def family_cpu_s(pid: int) -> float:
    """With those it began, and those they began."""
    return cpu_s(pid) + sum(map(family_cpu_s, _begun(pid)))


def busy_s() -> float:
    """Processor time everything on the machine has used together, of all cores."""
    user, nice, system, _idle, _waits, irq, softirq, *_ = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def family_highest_mb(pid: int) -> float:
    """The most it and those it began have had resident, MiB."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024 + sum(map(family_highest_mb, _begun(pid)))


def _begun(pid: int) -> list[int]:
    return [int(one) for task in Path(f"/proc/{pid}").glob("task/*/children") for one in task.read_text().split()]


def memory_kb(pid: int) -> int:
    """Its own memory in KiB: what would be free if it ended."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    kinds = {name.rstrip(":"): int(value) for name, value, *_ in map(str.split, lines)}
    return kinds["Private_Clean"] + kinds["Private_Dirty"]


def _ticks(stat: str) -> list[int]:
    """User, system, and the same of children that were waited for."""
    return [int(field) for field in Path(stat).read_text().rpartition(")")[2].split()[11:15]]
