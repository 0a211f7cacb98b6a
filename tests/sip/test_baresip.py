"""An operator's phone this project did not write: baresip registers, is rung, answers and is heard."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from ivr.telephony import LineGone, LineUp, RecordingEnded, SeatReach
from sip.core.config import SeatConfig, Timing
from tests.sip.raw import Hotline, free_ports, story
from tests.sip.test_phone import power, tone

MODULES = Path("/usr/lib/baresip/modules")

pytestmark = pytest.mark.network


def configure(folder: Path, hotline: Hotline, secret: str) -> None:
    with wave.open(str(folder / "operator.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(tone(700, 20_000).pcm)
    low, high = free_ports()
    modules = "".join(f"module {name}.so\n" for name in ("stdio", "g711", "aufile", "account", "menu"))
    (folder / "config").write_text(
        f"sip_listen 127.0.0.1:0\nmodule_path {MODULES}\n{modules}"
        f"audio_player aufile,{folder}/heard.wav\naudio_source aufile,{folder}/operator.wav\n"
        f"audio_alert aufile,{folder}/alert.wav\nrtp_ports {low}-{high}\ncall_local_timeout 60\n"
    )
    (folder / "accounts").write_text(
        f"<sip:101@127.0.0.1:{hotline.port};transport=udp>;auth_pass={secret};answermode=auto;regint=60\n"
    )
    (folder / "contacts").touch()


def test_baresip_is_an_operators_phone(need: Callable[[str], str], tmp_path: Path) -> None:
    path = need("baresip")

    @story
    async def run() -> None:
        async with Hotline(seats={"101": SeatConfig("101", "s3cret")}, timing=Timing()) as hotline:
            configure(tmp_path, hotline, "s3cret")
            log = (tmp_path / "log").open("wb")
            phone = await asyncio.create_subprocess_exec(
                path, "-f", str(tmp_path), "-v", stdin=asyncio.subprocess.PIPE, stdout=log, stderr=log
            )
            try:
                assert (await hotline.until(SeatReach)).reachable
                hotline.engine.dial("l", "101", 12_000, "窗口A")
                await hotline.until(LineUp)
                hotline.engine.record("l", "r", tmp_path / "said.wav", 1500, 0)
                done = await hotline.until(RecordingEnded)
                with wave.open(str(done.path)) as file:
                    assert power(file.readframes(8000), 700) > 0.5
                hotline.engine.hangup("l", "grace_timeout")
                assert (await hotline.until(LineGone)).by == "us"
            finally:
                if phone.returncode is None:
                    phone.terminate()
                await phone.wait()
                log.close()
            await hotline.until(SeatReach, 2)  # it unregisters as it leaves
            assert not hotline.engine.reachable()["101"]

    run()
