"""A caller this project did not write: PJSIP hears the prompt, presses keys, holds, resumes, hangs up."""

from __future__ import annotations

import asyncio
import sys
import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from ivr.telephony import DtmfKey, Held, Incoming, LineGone, LineUp
from sip.core.config import Timing
from tests.sip.raw import Hotline, story
from tests.sip.test_phone import power, tone

PHONE = Path(__file__).parent / "pjsip_caller.py"

pytestmark = pytest.mark.network


def test_pjsip_hears_presses_and_holds(need: Callable[[str], str], tmp_path: Path) -> None:
    need("pjsua2")
    heard = tmp_path / "heard.wav"

    @story
    async def run() -> None:
        async with Hotline(timing=Timing()) as hotline:
            uri = f"sip:95598@127.0.0.1:{hotline.port}"
            phone = await asyncio.create_subprocess_exec(
                sys.executable, str(PHONE), uri, str(heard), "12#", stdout=asyncio.subprocess.PIPE
            )
            up = await hotline.until(LineUp)
            hotline.engine.play(up.line, [tone(440, 10_000)], "greeting")
            output, _ = await phone.communicate()
            assert phone.returncode == 0, output.decode()
            await hotline.until(LineGone)
            assert hotline.of(Incoming)[0].caller == "13812345678"
            assert [event.key for event in hotline.of(DtmfKey)] == ["1", "2", "#"]
            assert [event.held for event in hotline.of(Held)] == [True, False]
            assert (hotline.of(LineGone)[0].by, hotline.media.ports_in_use) == ("far", 0)

    run()
    with wave.open(str(heard)) as file:
        rate, pcm = file.getframerate(), file.readframes(file.getnframes())
    middle = pcm[rate : rate + 8000]
    assert power(middle, 440 * 8000 / rate) > 0.5
