"""One press is one key, whichever ways a gateway tells it: as an event, by SIP INFO, in the sound."""

from __future__ import annotations

import struct

import numpy as np

from ivr.telephony import DtmfKey, LineGone
from recordings import g711
from tests.sip.raw import Caller, Hotline, story
from tests.sip.test_media_tones import dialled
from tests.sip.written import Message

RELAY = "Signal={}\r\nDuration=160\r\n"


class Line:
    """A caller's call, and the ways a press can go."""

    def __init__(self, caller: Caller, hotline: Hotline, answer: Message) -> None:
        self.caller, self.hotline = caller, hotline
        self.to = "127.0.0.1", int(answer.body.split("m=audio ")[1].split()[0])
        self.seq = 0

    def rtp(self, pt: int, ts: int, payload: bytes) -> None:
        self.seq += 1
        self.caller.rtp.sendto(struct.pack("!BBHII", 0x80, pt, self.seq, ts, 7) + payload, self.to)

    def event(self, digit: int) -> None:
        ts = 1000 * self.seq
        for n in range(1, 6):
            self.rtp(101, ts, struct.pack("!BBH", digit, 0x8A if n > 3 else 10, 160 * min(n, 4)))

    def tones(self, keys: str) -> None:
        sound = g711.pcm_to_alaw(dialled(keys))
        for at in range(0, len(sound) - 159, 160):
            self.rtp(8, 100_000 + 160 * self.seq, sound[at : at + 160])

    async def info(self, digit: str) -> None:
        self.caller.send(self.caller.request("INFO", RELAY.format(digit), kind="application/dtmf-relay"))
        assert (await self.caller.final("INFO")).code == 200

    async def reinvite(self, body: str) -> None:
        self.caller.send(self.caller.request("INVITE", body))
        answer = await self.caller.final()
        assert answer.code == 200
        self.caller.ack(answer)

    async def keys(self) -> str:
        """What was heard, once the call is over."""
        await self.caller.quiet(0.2)
        await self.caller.hang_up()
        await self.hotline.until(LineGone)
        return "".join(event.key for event in self.hotline.of(DtmfKey))


def without_events(sdp: str) -> str:
    return sdp.replace(" 0 101", " 0").replace("a=rtpmap:101 telephone-event/8000\r\n", "")


@story
async def test_a_gateway_that_tells_each_press_as_event_and_by_info_presses_one_key() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            line = Line(caller, hotline, await caller.call())
            for digit in (1, 1, 2):
                line.event(digit)
                await line.info(str(digit))
            assert await line.keys() == "112"


@story
async def test_a_gateway_whose_info_comes_first_is_heard_by_info() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            line = Line(caller, hotline, await caller.call())
            for digit in (4, 5):
                await line.info(str(digit))
                line.event(digit)
            assert await line.keys() == "45"


@story
async def test_after_a_reinvite_another_way_may_speak() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            line = Line(caller, hotline, await caller.call())
            line.event(1)
            await hotline.until(DtmfKey)
            await line.info("7")
            await line.reinvite(caller.sdp())
            await line.info("2")
            assert await line.keys() == "12"


@story
async def test_a_telephone_without_events_is_heard_by_its_tones_and_their_info_is_no_second_key() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            caller.send(caller.request("INVITE", without_events(caller.sdp())))
            answer = await caller.final()
            caller.ack(answer)
            line = Line(caller, hotline, answer)
            line.tones("12#")
            await hotline.until(DtmfKey, 3)
            await line.info("#")
            assert await line.keys() == "12#"


@story
async def test_tones_in_the_sound_are_no_keys_where_events_were_agreed() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            line = Line(caller, hotline, await caller.call())
            line.tones("99")
            line.event(3)
            assert await line.keys() == "3"


@story
async def test_a_gateway_that_moves_the_timestamp_of_a_press_on_presses_one_key() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            line = Line(caller, hotline, await caller.call())
            for n in range(1, 9):
                line.rtp(101, 5000 + 160 * n, struct.pack("!BBH", 6, 0x8A if n > 5 else 10, 160 * n))
            assert await line.keys() == "6"


def test_the_made_up_tones_are_as_loud_as_they_say() -> None:
    loud = np.frombuffer(dialled("5", 1000, 0, low=-10, high=-10), "<i2").astype(float)[800:7200]
    dbfs = 10 * np.log10((loud**2).mean() / (32124**2 / 2)) + 3.14
    assert abs(dbfs - (-10 + 3.01)) < 0.2
