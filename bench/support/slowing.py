"""A process that gets only a part of its time: stopped and let go on again, many times a second.

As a sampling profiler, a busy host of virtual machines or a thermal throttle does it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

PERIOD_S = 0.020


@contextlib.contextmanager
def slowed(pid: int, share: float = 0.5, period_s: float = PERIOD_S) -> Iterator[None]:
    """Stop ``pid`` for ``share`` of each ``period_s``; afterwards it runs as before."""
    helper = subprocess.Popen([sys.executable, __file__, str(pid), str(share), str(period_s)])
    try:
        yield
    finally:
        helper.terminate()
        helper.wait()
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def main(pid: int, share: float, period_s: float) -> None:
    """Until terminated, or until the process is gone."""
    with contextlib.suppress(OSError):  # on time also on a busy machine, where that is allowed
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(2))
    due = time.monotonic()
    with contextlib.suppress(ProcessLookupError):
        while True:
            os.kill(pid, signal.SIGSTOP)
            time.sleep(max(0.0, due + share * period_s - time.monotonic()))
            os.kill(pid, signal.SIGCONT)
            due += period_s
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
