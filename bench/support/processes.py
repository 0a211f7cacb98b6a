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


def memory_kb(pid: int) -> int:
    """Its own memory in KiB: what would be free if it ended."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    kinds = {name.rstrip(":"): int(value) for name, value, *_ in map(str.split, lines)}
    return kinds["Private_Clean"] + kinds["Private_Dirty"]


def _ticks(stat: str) -> list[int]:
    """User, system, and the same of children that were waited for."""
    return [int(field) for field in Path(stat).read_text().rpartition(")")[2].split()[11:15]]
