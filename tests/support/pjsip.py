"""A PJSIP telephone in a process of its own (a crash of the library takes no test with it), without a sound card.

    async with Pjsip.open(folder) as phone: ...                                    a citizen's telephone
    async with Pjsip.open(folder, seat="101", secret=..., hotline="127.0.0.1:5060"): ...   an operator's

The process runs :mod:`tests.support.pjsip_phone` and is told what to do line by line, as JSON.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.support import audio
from tests.support.need import ROOT
from tests.support.ports import rtp_range
from tests.support.telephone import Program

ANSWER_S = 20.0


class Pjsip:
    """See :class:`tests.support.telephone.Telephone`."""

    def __init__(self, folder: Path) -> None:
        self.events: list[dict[str, Any]] = []
        self._folder, self._program = folder, Program(folder / "log")
        self._files = itertools.count(1)
        self._done: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.rate = audio.RATE  # Hz, of what it says and hears

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        folder: Path,
        *,
        user: str = "13812345678",
        seat: str = "",
        secret: str = "",
        hotline: str = "",
        transport: str = "udp",
        trusted: Path | None = None,
        codec: str = "PCMA",
        srtp: bool = False,
    ) -> AsyncIterator[Pjsip]:
        """Start it, with a seat registered. ``trusted``, ``codec``, ``srtp``: see :class:`Baresip`."""
        folder.mkdir(parents=True)  # noqa: ASYNC240
        phone = cls(folder)
        phone.rate = audio.RATES[codec]
        process = await phone._program.start(
            sys.executable, "-m", "tests.support.pjsip_phone", cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        listener = asyncio.create_task(phone._listen(process))
        try:
            await phone._do(
                "open",
                user=seat or user,
                secret=secret,
                hotline=hotline,
                rtp=rtp_range(40).first,
                heard=str(folder / "heard.wav"),
                transport=transport,
                trusted=str(trusted or ""),
                codec=codec,
                rate=phone.rate,
                srtp=srtp,
            )
            if seat:
                await phone.until("registered")
            yield phone
        finally:
            await phone.close()
            await listener

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            message = json.loads(line)
            if message["event"] == "done":
                self._done.put_nowait(message)
            else:
                self.events.append(message)
        self._done.put_nowait({"event": "done", "error": "the PJSIP process ended"})

    async def _do(self, what: str, **more: Any) -> None:
        process = self._program.process
        assert process is not None and process.stdin is not None
        process.stdin.write(json.dumps({"do": what, **more}).encode() + b"\n")
        answer = await asyncio.wait_for(self._done.get(), ANSWER_S)
        assert not answer.get("error"), (what, more, answer["error"], self._program.output())

    async def until(self, kind: str) -> dict[str, Any]:
        """The first event of this kind (``registered``, ``up``, ``ended``)."""
        async with asyncio.timeout(ANSWER_S):
            while not (found := [event for event in self.events if event["event"] == kind]):
                assert self._program.process is not None and self._program.process.returncode is None
                await asyncio.sleep(0.05)
        return found[0]

    async def call(self, uri: str) -> None:
        await self._do("call", uri=uri)

    async def press(self, keys: str) -> None:
        for key in keys:
            await self._do("press", key=key)
            await asyncio.sleep(0.4)

    async def speak(self, pcm: bytes) -> None:
        path = audio.write_wav(self._folder / f"say{next(self._files)}.wav", pcm, self.rate)
        await self._do("speak", path=str(path))

    async def hang_up(self) -> None:
        await self._do("hang_up")

    async def hold(self) -> None:
        await self._do("hold")

    async def resume(self) -> None:
        await self._do("resume")

    async def transfer(self, to: str) -> None:
        await self._do("transfer", to=to)

    async def consult(self, uri: str) -> None:
        """Put the call on hold and make another one."""
        await self._do("consult", uri=uri)

    async def put_through(self) -> None:
        """Who is on hold is to talk to who was asked."""
        await self._do("put_through")

    def told(self) -> list[int]:
        """The codes of how its transfers went."""
        return [event["code"] for event in self.events if event["event"] == "transfer"]

    def heard(self) -> bytes:
        path = self._folder / "heard.wav"
        return audio.read_wav(path, self.rate) if path.exists() else b""

    async def close(self) -> None:
        process = self._program.process
        if process is not None and process.returncode is None:
            try:
                await self._do("close")  # it hangs up and unregisters
            except (AssertionError, TimeoutError, OSError):
                pass
        await self._program.end()
