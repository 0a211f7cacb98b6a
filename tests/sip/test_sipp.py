"""A caller this project did not write: sipp, with audio and keys from its own captures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from ivr.telephony import DtmfKey, Incoming, LineGone
from sip.core.config import Timing
from tests.sip.raw import Hotline, free_ports, story

SCENARIO = Path(__file__).parent / "scenarios" / "basic.xml"
CAPTURES = Path("/usr/share/sip-tester")
PAUSE = '<pause milliseconds="{}"/>'
PLAY = '<nop><action><exec play_pcap_audio="{}"/></action></nop>'

pytestmark = pytest.mark.network


async def sipp(path: str, hotline: Hotline, folder: Path, media: str, calls: int = 1) -> str:
    """Run the scenario with this in its middle; its output when all calls went as written."""
    scenario = folder / "scenario.xml"
    scenario.write_text(SCENARIO.read_text().replace("@MEDIA@", media))
    arguments = ["-sf", str(scenario), "-s", "95598", "-m", str(calls), "-r", "20", "-i", "127.0.0.1", "-nostdin"]
    arguments += ["-mi", "127.0.0.1", "-timeout", "40", "-timeout_error", "-trace_err", f"127.0.0.1:{hotline.port}"]
    process = await asyncio.create_subprocess_exec(
        path, *arguments, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    errors = "".join(log.read_text() for log in folder.glob("*errors.log"))  # noqa: ASYNC240
    assert process.returncode == 0, output.decode()[-3000:] + errors
    return output.decode()


def test_sipp_places_thirty_calls_and_all_end_well(need: Callable[[str], str], tmp_path: Path) -> None:
    path = need("sipp")

    @story
    async def run() -> None:
        async with Hotline(rtp_range=free_ports(120), timing=Timing()) as hotline:
            await sipp(path, hotline, tmp_path, PAUSE.format(500), calls=30)
            await hotline.until(LineGone, 30)
            assert len(hotline.of(Incoming)) == 30 and hotline.media.ports_in_use == 0
            assert {(e.by, e.cause) for e in hotline.of(LineGone)} == {("far", "bye")}

    run()


def test_sipp_presses_keys_from_a_capture(need: Callable[[str], str], tmp_path: Path) -> None:
    path = need("sipp")
    keys = "".join(PLAY.format(CAPTURES / f"dtmf_2833_{key}.pcap") + PAUSE.format(900) for key in (1, "star", 0))

    @story
    async def run() -> None:
        async with Hotline(timing=Timing()) as hotline:
            await sipp(path, hotline, tmp_path, keys)
            await hotline.until(LineGone)
            assert [event.key for event in hotline.of(DtmfKey)] == ["1", "*", "0"]

    run()
