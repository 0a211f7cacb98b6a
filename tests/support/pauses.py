"""Who saw the machine pause: a process on each CPU that does nothing but sleep 20 ms and look at the clock.

    witness = Witness.begin()
    before = witness.now()
    witness.since(before)      # the pauses that ended after that moment
    lost(witness.since(before), before)    # their length, seconds
    witness.end()

Our own programs cannot hold these processes up (a sleeper is woken before whoever computes), so a gap in their
sleep is the machine's. Long is what takes sound away: more than the pacer sends at once when it comes late.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO

from sip.embedded.pacer import BURST, FRAME_S

LONG_S = BURST * FRAME_S
LOOK_S = 0.02

# Ends with its parent: whoever begins it may be killed. The sleep itself is no pause.
WATCH = """
import os, sys, time
cpu, look, long, parent = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
os.sched_setaffinity(0, {cpu})
before = time.monotonic()
while os.getppid() == parent:
    time.sleep(look)
    now = time.monotonic()
    if now - before - look > long:
        print(before + look, now, flush=True)
    before = now
"""


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which a CPU did nothing for us; seconds of the monotonic clock, the same in all processes."""

    began: float
    ended: float

    def __str__(self) -> str:
        return f"{(self.ended - self.began) * 1000:.0f} ms"


def lost(pauses: Iterable[Pause], since: float) -> float:
    """How long the machine stood still after that moment, seconds; what two CPUs saw at once counts once."""
    total, seen = 0.0, since
    for pause in sorted(pauses, key=lambda pause: pause.began):
        total += max(0.0, pause.ended - max(seen, pause.began))
        seen = max(seen, pause.ended)
    return total


class Witness:
    """The processes that look, and what they saw so far."""

    def __init__(self, processes: list[subprocess.Popen[bytes]]) -> None:
        self.processes = processes
        self._seen: list[Pause] = []
        self._rest = dict.fromkeys(range(len(processes)), b"")

    @classmethod
    def begin(cls) -> Witness:
        """Look from now on."""
        processes = []
        for cpu in sorted(os.sched_getaffinity(0)):
            arguments = [str(word) for word in (cpu, LOOK_S, LONG_S, os.getpid())]
            processes.append(
                subprocess.Popen(
                    [sys.executable, "-IS", "-c", WATCH, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
                )
            )
        for process in processes:
            os.set_blocking(_out(process).fileno(), False)
        return cls(processes)

    @staticmethod
    def now() -> float:
        """The moment on the processes' clock."""
        return time.monotonic()

    def since(self, moment: float) -> list[Pause]:
        """The pauses that ended after it, also one that ends just now."""
        time.sleep(2 * LOOK_S)
        for number, process in enumerate(self.processes):
            *lines, self._rest[number] = (self._rest[number] + (_out(process).read() or b"")).split(b"\n")
            self._seen += [Pause(*map(float, line.split())) for line in lines]
        return [pause for pause in self._seen if pause.ended > moment]

    def end(self) -> None:
        """Look no more."""
        for process in self.processes:
            process.kill()
            process.wait()
            _out(process).close()


def _out(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdout is not None
    return process.stdout
