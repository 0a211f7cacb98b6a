"""sipp as a citizen's telephone: a scenario written before the call, run once, in bounded time.

    middle = [pause(1500), key("3"), say(SPEECH, SPEECH_MS), key("#")]
    async with sipp(path, folder, "127.0.0.1:5060", "95598", middle): ...

Keys are telephone-events (RFC 4733) from the captures that come with sipp, or SIP INFO (``info("3")``).
It cannot record; with ``echo=True`` it sends back what it hears.
"""

from __future__ import annotations

import asyncio
import re
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.need import ROOT
from tests.support.ports import rtp_range

SCENARIOS = ROOT / "tests" / "e2e" / "scenarios"
CAPTURES = Path("/usr/share/sip-tester")
SPEECH = CAPTURES / "g711a.pcap"
SPEECH_MS = 7200
KEY_MS = 900  # a key's packets, and a moment for what it leads to
LIMIT_S = 120
_NAMES = {"*": "star", "#": "pound"}


def pause(ms: int) -> str:
    """Wait."""
    return f'<pause milliseconds="{ms}"/>'


def key(name: str) -> str:
    """Press a key: RFC 4733 packets with payload type 101."""
    return _play(CAPTURES / f"dtmf_2833_{_NAMES.get(name, name)}.pcap") + pause(KEY_MS)


def info(name: str) -> str:
    """Press a key: SIP INFO."""
    return (SCENARIOS / "info.xml").read_text().replace("@KEY@", name) + pause(KEY_MS)


def say(capture: Path, ms: int) -> str:
    """Send the sound of a capture, which lasts ``ms``."""
    return _play(capture) + pause(ms)


def _play(capture: Path) -> str:
    return f'<nop><action><exec play_pcap_audio="{capture}"/></action></nop>'


def _moments(scenario: str, folder: Path) -> str:
    """Each capture with RTP timestamps of its own: the same key pressed twice is two events (RFC 4733 2.5.1.2)."""
    count = 0

    def later(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        data, at = bytearray(Path(match[1]).read_bytes()), 24
        while at < len(data):
            size = struct.unpack_from("<I", data, at + 8)[0]
            stamp = at + 16 + 14 + 20 + 8 + 4  # record, Ethernet, IPv4, UDP, into the RTP header
            struct.pack_into(">I", data, stamp, (struct.unpack_from(">I", data, stamp)[0] + count * 100_000) % 2**32)
            at += 16 + size
        (folder / f"{count}.pcap").write_bytes(data)
        return f'play_pcap_audio="{folder}/{count}.pcap"'

    return re.sub(r'play_pcap_audio="([^"]+)"', later, scenario)


class Sipp:
    """A running scenario."""

    def __init__(self, folder: Path, process: asyncio.subprocess.Process) -> None:
        self._folder, self._process = folder, process

    async def done(self) -> None:
        """Wait for its end; AssertionError when the call did not go as written."""
        output, _ = await self._process.communicate()
        errors = "".join(log.read_text() for log in self._folder.glob("*errors.log"))
        assert self._process.returncode == 0, output.decode(errors="replace")[-3000:] + errors


@asynccontextmanager
async def sipp(
    path: str, folder: Path, hotline: str, called: str, middle: Sequence[str], *, echo: bool = False
) -> AsyncIterator[Sipp]:
    """Place one call; at the end of the block it must have gone as written."""
    folder.mkdir(parents=True)  # noqa: ASYNC240
    scenario = folder / "scenario.xml"
    text = (SCENARIOS / "call.xml").read_text().replace("@MIDDLE@", "\n".join(middle))
    scenario.write_text(_moments(text, folder))
    process = await asyncio.create_subprocess_exec(
        path,
        *("-sf", str(scenario), "-s", called, "-m", "1", "-i", "127.0.0.1", "-mi", "127.0.0.1", "-nostdin"),
        *("-mp", str(rtp_range(20).first), "-timeout", str(LIMIT_S), "-timeout_error", "-trace_err"),
        *(["-rtp_echo"] if echo else []),
        hotline,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    call = Sipp(folder, process)
    try:
        yield call
        await call.done()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
