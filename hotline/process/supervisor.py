"""Keeps child processes running: restarts a crashed one, ends all within a bounded time.

A child that ran well before it crashed is restarted at once; one that keeps crashing, after growing pauses. It may have
a *spare*: a process that is loaded and waits, and takes its place within moments (``hotline/process/standby.py``).

Children run in their own session, so that a Ctrl-C in the terminal reaches only the supervisor, which
then ends them in order. Their standard input is a pipe from here: when the supervisor itself is killed,
they see its end and stop (:func:`stop_with_parent`), so nothing is left behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
STEADY_S = 2.0  # who ran for so long is started again at once: callers may be waiting
SPARE_AFTER_S = 2.0  # a spare is loaded when its child is past its own start
STOP_LIMIT_S = 25.0  # calls are drained for less than that; then the process is killed
NO_RETRY = (2, 3)  # exit codes that mean "wrong settings" and "cannot run here": trying again helps nobody


@dataclass
class Child:
    """A process to keep running. ``started``: how often it was. ``spare_command``: of its spare, if it has one.

    ``ends_by``: the signal that asks it to end. ``environ``: variables besides ours. ``output``: a file for what it
    prints; without one it prints where we do.
    """

    name: str
    command: Sequence[str]
    ends_by: signal.Signals = signal.SIGTERM
    environ: Mapping[str, str] = field(default_factory=dict)
    output: Path | None = None
    started: int = 0
    process: asyncio.subprocess.Process | None = None
    spare_command: Sequence[str] = ()
    spare: asyncio.subprocess.Process | None = None


class Supervisor:
    """Runs children until :meth:`stop`. ``say`` gets one line for people at every change."""

    def __init__(
        self,
        children: Sequence[Child],
        say: Callable[[str], None],
        *,
        first_pause_s: float = FIRST_PAUSE_S,
        steady_s: float = STEADY_S,
        spare_after_s: float = SPARE_AFTER_S,
    ) -> None:
        self.children = children
        self._say = say
        self._first_pause_s, self._steady_s, self._spare_after_s = first_pause_s, steady_s, spare_after_s
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self.exit_code = 0

    def stop(self) -> None:
        """Ask everything to end; asked twice, it ends at once."""
        (self._hurry if self._stop.is_set() else self._stop).set()

    async def run(self) -> int:
        """Run until stopped; 0, or the exit code of a child that can never run."""
        await asyncio.gather(*(self._keep(child) for child in self.children))
        for child in self.children:
            if child.spare is not None and child.spare.returncode is None:
                child.spare.kill()  # it has done nothing yet
                await child.spare.wait()
        return self.exit_code

    async def _keep(self, child: Child) -> None:
        pause = 0.0
        while not self._stop.is_set():
            begun = time.monotonic()
            code = await self._once(child)
            if self._stop.is_set():
                return
            if code in NO_RETRY and child.started == 1:
                self.exit_code = code
                self._stop.set()
                return
            pause = 0.0 if time.monotonic() - begun > self._steady_s else max(pause, self._first_pause_s)
            when = f"in {pause:g} s" if pause else "at once"
            self._say(f"{child.name} ended unexpectedly ({_describe(code)}); it starts again {when}.")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)
            pause = min(max(pause * 2, self._first_pause_s), LONGEST_PAUSE_S)

    async def _once(self, child: Child) -> int:
        """Start the child and wait for its end, or end it when everything stops. Its exit code."""
        process = _called_in(child) or await _started(child, child.command)
        child.process = process
        child.started += 1
        keeping = asyncio.create_task(self._keep_spare(child))
        ended = asyncio.create_task(process.wait())
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        keeping.cancel()
        if not ended.done():
            await self._end(child, process, ended)
        child.process = None
        return await ended

    async def _keep_spare(self, child: Child) -> None:
        """Have a spare while the child runs."""
        while child.spare_command:
            await asyncio.sleep(self._spare_after_s)
            if child.spare is None or child.spare.returncode is not None:
                child.spare = await _started(child, child.spare_command)

    async def _end(self, child: Child, process: asyncio.subprocess.Process, ended: asyncio.Task[int]) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(child.ends_by)
        hurry = asyncio.create_task(self._hurry.wait())
        await asyncio.wait({ended, hurry}, timeout=STOP_LIMIT_S, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        if not ended.done():
            self._say(f"{child.name} did not end in time and was killed.")
            with contextlib.suppress(ProcessLookupError):
                process.kill()


async def _started(child: Child, command: Sequence[str]) -> asyncio.subprocess.Process:
    with child.output.open("ab") if child.output else contextlib.nullcontext() as output:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=output,
            stderr=output,
            env={**os.environ, **child.environ},
            start_new_session=True,
        )


def _called_in(child: Child) -> asyncio.subprocess.Process | None:
    """The child's spare, which is the child from now on; None when there is none that lives."""
    spare, child.spare = child.spare, None
    if spare is None or spare.returncode is not None or spare.stdin is None:
        return None
    spare.stdin.write(b"\n")
    return spare


def stop_with_parent() -> None:
    """In a child: when the supervisor is gone, end as on SIGTERM."""

    def wait() -> None:
        # Not `sys.stdin`: its lock would hold up the interpreter's end.
        while os.read(0, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="stop-with-parent", daemon=True).start()


def python(*arguments: str) -> list[str]:
    """A ``hotline`` command line for this very interpreter."""
    return [sys.executable, "-m", "hotline", *arguments]


def _describe(code: int) -> str:
    if code < 0:
        return f"signal {signal.Signals(-code).name}" if -code in set(signal.Signals) else f"signal {-code}"
    return f"exit code {code}"
