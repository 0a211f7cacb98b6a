"""What every telephone of the end-to-end tests can do, whoever wrote it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Protocol

STOP_S = 10.0


class Telephone(Protocol):
    """One line. A citizen's telephone calls; an operator's (opened with a seat) is called and answers by itself."""

    async def call(self, uri: str) -> None:
        """Dial; returns when the call is on its way."""
        ...

    async def press(self, keys: str) -> None:
        """Press keys, one after the other (RFC 4733)."""
        ...

    async def speak(self, pcm: bytes) -> None:
        """Begin to say this."""
        ...

    async def hang_up(self) -> None:
        """End the call."""
        ...

    def heard(self) -> bytes:
        """Everything heard in the present (or last) call."""
        ...

    async def close(self) -> None:
        """Hang up, unregister, end the program."""
        ...


class Program:
    """A program in its own process, its output in ``log``; ended by its process id."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.process: asyncio.subprocess.Process | None = None

    async def start(self, *command: str, cwd: Path, stdout: int | None = None) -> asyncio.subprocess.Process:
        """Start it, with a pipe to its input."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *command,
                cwd=cwd,
                stdin=asyncio.subprocess.PIPE,
                stdout=log if stdout is None else stdout,
                stderr=log,
                env={**os.environ, "HOME": str(cwd)},
            )
        return self.process

    async def end(self) -> None:
        """Ask it to end, then insist."""
        process = self.process
        if process is None:
            return
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_S)
            except TimeoutError:
                process.kill()
        await process.wait()

    def output(self) -> str:
        """What it printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-4000:]
