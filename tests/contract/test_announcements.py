"""What a carrier says before an answer (关机 停机 空号) reaches the operator who calls back: both engines, real SIP."""

from __future__ import annotations

import asyncio
import math
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from ivr.outgoing.results import result_of
from ivr.telephony import LineFailed, LineGone, LineRinging, LineSpeaks, LineUp
from recordings.g711 import pcm_to_alaw
from sip.embedded.phone import Phone
from tests.contract.rigs import RIGS, PhonesRig, Rig
from tests.contract.test_engines import REAL_CALLS, teller
from tests.sip.raw import Caller
from tests.sip.written import Headers, Message

pytestmark = [pytest.mark.network, pytest.mark.parametrize("engine", REAL_CALLS)]

HZ, FRAME = 1000, 160
TONE = pcm_to_alaw(
    struct.pack(f"<{FRAME}h", *(int(9000 * math.sin(2 * math.pi * HZ * n / 8000)) for n in range(FRAME)))
)
HEARD = 3200  # bytes: 200 ms of what a telephone heard
Told = Callable[["Desk"], Awaitable[None]]


class Desk:
    """An operator who has lifted, and the far network; each call to a citizen has a line of its own."""

    def __init__(self, rig: PhonesRig, phone: Phone, network: Caller) -> None:
        self.rig, self.phone, self.network = rig, phone, network
        self._calls = 0

    async def calls(self) -> tuple[str, Message]:
        """A citizen is called; the line, and the INVITE that reached the network."""
        self._calls += 1
        line = f"out/{self._calls}"
        self.rig.engine.dial_number(line, "13800001111", 20_000, "95598")
        return line, await self.network.receive(lambda m: m.method == "INVITE")

    async def announces(self) -> tuple[str, Message]:
        """A citizen is called and the network has something to say before an answer, which the operator hears."""
        line, asked = await self.calls()
        self.network.reply(asked, 183, self.network.sdp())
        await self.rig.event(LineSpeaks, line)
        self.rig.engine.bridge("seat", line)
        return line, asked

    @asynccontextmanager
    async def speaking(self, asked: Message) -> AsyncIterator[None]:
        """The network sends its tone."""
        sending = asyncio.create_task(self._speak(asked.media_port))
        try:
            yield
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending

    async def _speak(self, port: int) -> None:
        for n in range(10_000):
            head = struct.pack("!BBHII", 0x80, 8, n & 0xFFFF, n * FRAME, 7)
            self.network.rtp.sendto(head + TONE, ("127.0.0.1", port))
            await asyncio.sleep(0.02)

    async def hears_it(self) -> None:
        """From now on."""
        before = len(self.phone.heard)
        await self.rig.wait(lambda: tone_in(bytes(self.phone.heard[before:][-HEARD:])))

    async def failed(self, line: str) -> tuple[str, int]:
        """How the attempt ended: what is said of the citizen, and the SIP code."""
        end = await self.rig.event(LineFailed, line)
        return result_of(end.reason, end.code, end.q850), end.code


def tone_in(pcm: bytes) -> bool:
    """Is it the network's tone, and next to nothing else?"""
    if len(pcm) < HEARD:
        return False
    power = np.abs(np.fft.rfft(np.frombuffer(pcm, "<i2").astype(float) * np.hanning(len(pcm) // 2))) ** 2
    middle = round(HZ * (len(pcm) // 2) / 8000)
    return bool(power.sum() > 1e9 and power[middle - 3 : middle + 4].sum() > 0.8 * power.sum())


def told(engine: str, folder: Path, story: Told) -> None:
    async def run(rig: Rig) -> None:
        assert isinstance(rig, PhonesRig)
        with await rig.far_network() as network:
            phone = await rig.phone("101", "101", "answers")
            rig.engine.dial("seat", "101", 20_000)
            await rig.event(LineUp, "seat")
            await story(Desk(rig, phone, network))
            assert not rig.of(LineGone, "seat"), "the operator stays whatever becomes of the citizen"

    teller(RIGS[engine], folder)(run)


def test_the_operator_hears_why_a_citizen_cannot_be_had_and_the_cause_is_told(engine: str, tmp_path: Path) -> None:
    absent: Headers = [("Reason", 'Q.850;cause=20;text="Subscriber absent"')]
    twice: Headers = [("Reason", 'SIP;cause=480;text="a, b"'), ("Reason", "Q.850 ;cause=1")]
    kinds: list[tuple[int, int, Headers, str]] = [
        (183, 480, absent, "unavailable"),
        (183, 404, [], "not_in_use"),
        # Asterisk does not tell the cause in a Reason header.
        (183, 480, twice, "unavailable" if engine == "asterisk" else "not_in_use"),
        (180, 486, [], "busy"),  # its own ringing, then busy
        (183, 480, [], "unavailable"),
        (183, 603, [], "declined"),
    ]

    async def story(desk: Desk) -> None:
        for code, final, extra, said in kinds:
            line, asked = await desk.calls()
            desk.network.reply(asked, 100)
            desk.network.reply(asked, code, desk.network.sdp())
            await desk.rig.event(LineSpeaks, line)
            desk.rig.engine.bridge("seat", line)
            async with desk.speaking(asked):
                await desk.hears_it()
                if extra:  # some say that it rings beside their sound
                    desk.network.reply(asked, 180)
                    await desk.rig.pause(200)
                    await desk.hears_it()
            desk.network.reply(asked, final, extra=extra)
            assert await desk.failed(line) == (said, final)
            assert len(desk.rig.of(LineSpeaks, line)) == 1 and not desk.rig.of(LineGone, line)

    told(engine, tmp_path, story)


def test_the_talk_goes_on_where_the_announcement_was_when_the_citizen_answers(engine: str, tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        line, asked = await desk.announces()
        async with desk.speaking(asked):
            await desk.hears_it()
            desk.network.reply(asked, 200, desk.network.sdp())
            await desk.rig.event(LineUp, line)
            desk.rig.engine.bridge("seat", line)
            await desk.rig.pause(300)
            await desk.hears_it()
        desk.rig.engine.hangup(line, "done")
        desk.network.reply(await desk.network.receive(lambda m: m.method == "BYE"), 200)
        asked_again = [m for m in desk.network.seen if m.method in ("INVITE", "UPDATE")]
        assert len(asked_again) == 1, "nothing is told the citizen's network about the operator's phone"
        await desk.rig.event(LineGone, line)

    told(engine, tmp_path, story)


def test_ringing_and_progress_without_sound_are_no_announcement(engine: str, tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        line, asked = await desk.calls()
        for code in (100, 183, 181, 182, 180):  # progress, forwarded, queued
            desk.network.reply(asked, code)
        await desk.rig.event(LineRinging, line)
        await desk.rig.pause(200)
        assert not desk.rig.of(LineSpeaks, line)
        desk.network.reply(asked, 486)
        assert await desk.failed(line) == ("busy", 486)

    told(engine, tmp_path, story)


def test_an_operator_who_has_heard_enough_ends_the_attempt(engine: str, tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        line, asked = await desk.announces()
        desk.rig.engine.hangup(line, "operator_left")
        cancel = await desk.network.receive(lambda m: m.method == "CANCEL")
        desk.network.reply(cancel, 200)
        desk.network.reply(asked, 487)
        assert (await desk.rig.event(LineFailed, line)).reason == "cancelled"

    told(engine, tmp_path, story)
