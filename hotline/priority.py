"""Callers first: the calls process asks for the processor before everything else on the machine."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

NICE = -10
GROUP = Path("/proc/self/autogroup")


def sound_first() -> None:
    """Only root may; for others nothing changes.

    Where Linux shares the processor between sessions first (``sched_autogroup``), a process's own priority counts
    only within its session: there the session's is raised as well, if it is ours alone.
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    if os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):
            GROUP.write_text(str(NICE))
