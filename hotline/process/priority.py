"""Callers first: the calls process asks for the processor before everything else on the machine."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

NICE = -10
GROUP = Path("/proc/self/autogroup")


def sound_first() -> None:
    """All threads there are, and those they begin. Only root may; for others nothing changes.

    Where Linux shares the processor between sessions first (``sched_autogroup``), a process's own priority counts
    only within its session: there the session's is raised as well, if it is ours alone.
    """
    for thread in os.listdir("/proc/self/task") if GROUP.parent.exists() else ("0",):
        with contextlib.suppress(OSError):  # also: a thread that has just ended
            os.setpriority(os.PRIO_PROCESS, int(thread), NICE)
    if os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):
            GROUP.write_text(str(NICE))


def in_real_time() -> None:
    """Real-time rank for this thread alone: it is woken when a packet is due, whatever else wants to run.

    Needs root or ``CAP_SYS_NICE``. What it begins later (threads, processes) has ordinary rank: nothing
    that computes for long may keep a core.
    """
    with contextlib.suppress(OSError, AttributeError):  # AttributeError: not Linux
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
