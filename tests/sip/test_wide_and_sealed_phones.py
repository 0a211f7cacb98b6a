"""G.722 and SRTP with telephones this project did not write: what each of them really heard."""

from __future__ import annotations

import re
import wave
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ivr.telephony import Clip, DtmfKey, LineUp, SeatReach
from sip.core.config import SeatConfig, Timing
from tests.sip.far_end import until
from tests.sip.raw import Hotline, story
from tests.sip.test_transports_of_phones import PHONES, Wire

pytestmark = pytest.mark.network
WIDE, NARROW, SEALED = 16_000, 8_000, SeatConfig("101", "secret-of-101", encryption="srtp")
SEATS = {"101": SEALED, "102": SeatConfig("102", "secret-of-102")}


def tone(hz: float, ms: int, rate: int) -> bytes:
    """A tone, as 16-bit PCM."""
    return (9000 * np.sin(2 * np.pi * hz * np.arange(rate * ms // 1000) / rate)).astype("<i2").tobytes()


def hears(phone: Any, low: float, high: float = 0.0) -> float:
    """Of what a telephone heard in the last half second, the share of energy at a frequency, or between two; Hz."""
    sound = np.frombuffer(phone.heard(), "<i2").astype(float)[-phone.rate // 2 :]
    if len(sound) < phone.rate // 2 or abs(sound).max() < 1000:
        return 0.0
    power, hz = np.abs(np.fft.rfft(sound)) ** 2, np.fft.rfftfreq(len(sound), 1 / phone.rate)
    return float(power[(hz > low - 20) & (hz < (high or low) + 20)].sum() / power.sum())


def prompt(folder: Path) -> Clip:
    """Half of it at 440 Hz, which both kinds of telephone hear, and half at 5500 Hz."""
    path = folder / "prompt.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, WIDE, 0, "NONE", ""))
        low, high = (np.frombuffer(tone(hz, 8000, WIDE), "<i2") // 2 for hz in (440, 5500))
        file.writeframes((low + high).astype("<i2").tobytes())
    return Clip("both", tone(440, 8000, NARROW), wide=path)


@pytest.mark.parametrize(("caller", "wide", "narrow"), [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_a_wide_sealed_caller_is_joined_as_it_is_with_a_wide_sealed_phone_and_translated_for_a_narrow_plain_one(
    caller: int, wide: int, narrow: int, need: Callable[[str], str], tmp_path: Path
) -> None:
    kinds = list(PHONES)

    @story
    async def run() -> None:
        async with AsyncExitStack() as stack:
            hotline = await stack.enter_async_context(Hotline(seats=SEATS, timing=Timing()))
            wire, at = Wire(hotline), f"127.0.0.1:{hotline.port}"

            async def open(kind: int, **more: object) -> Any:
                return await stack.enter_async_context(PHONES[kinds[kind]](need, tmp_path / kinds[kind], **more))

            theirs = {"codec": "G722", "srtp": True}
            citizen = await open(caller, **theirs)
            same = await open(wide, seat="101", secret="secret-of-101", hotline=at, **theirs)
            other = await open(narrow, seat="102", secret="secret-of-102", hotline=at)
            await hotline.until(SeatReach, 2)
            await citizen.call(f"sip:hotline@{at}")
            line = (await hotline.until(LineUp)).line
            hotline.engine.play(line, [prompt(tmp_path)], "greeting")
            await until(lambda: hears(citizen, 4000, 7000) > 0.2)
            await citizen.press("5")
            assert (await hotline.until(DtmfKey)).key == "5"

            hotline.engine.stop_play(line)
            hotline.engine.dial("same", "101", 12_000, beside=line)
            await hotline.until(LineUp, 2)
            hotline.engine.bridge(line, "same")
            await citizen.speak(tone(5500, 20_000, citizen.rate))  # only what is passed on as it is has it still
            await same.speak(tone(6000, 20_000, same.rate))
            await until(lambda: hears(same, 5500) > 0.5 and hears(citizen, 6000) > 0.5)

            hotline.engine.hangup("same", "done")
            await citizen.speak(tone(700, 20_000, citizen.rate))
            hotline.engine.dial("other", "102", 12_000, beside=line)
            await hotline.until(LineUp, 3)
            hotline.engine.bridge(line, "other")
            await other.speak(tone(900, 20_000, other.rate))
            await until(lambda: hears(other, 700) > 0.5 and hears(citizen, 900) > 0.5)

            offers = [data.decode() for data, _ in wire.messages if b"\r\nm=audio" in data]
            profiles = [re.search(r"m=audio \d+ (\S+) (\d+)", text) for text in offers]
            spoken = [(found[1], found[2]) for found in profiles if found]
            assert spoken[:2] == [("RTP/SAVP", spoken[0][1]), ("RTP/SAVP", "9")]  # the citizen's
            assert spoken[2:4] == [("RTP/SAVP", "9"), ("RTP/SAVP", "9")]  # as the caller speaks, and it takes that
            assert spoken[4] == ("RTP/AVP", "9") and spoken[-1] == ("RTP/AVP", "8")

    run()
