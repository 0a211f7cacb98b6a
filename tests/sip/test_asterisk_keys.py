"""One press is one key on Asterisk: what it tells twice is told once, and a real one takes events and SIP INFO."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from ivr.telephony import DtmfKey, EngineEvent, Incoming
from recordings.g711 import pcm_to_alaw
from sip.asterisk.config import Site
from sip.asterisk.engine import AsteriskEngine
from sip.asterisk.keys import Press, again, press_of
from tests.sip.raw import Caller, story
from tests.support.asterisk import shared

EVENT = 101  # the payload type of telephone-event in the caller's SDP


@pytest.mark.parametrize(
    ("before", "now", "same"),
    [
        (None, Press("1", 1000, 100), False),
        (Press("1", 1000, 160), Press("1", 1000, 160), True),  # by an event and by INFO
        (Press("1", 1000, 160), Press("1", 1060, 100), True),  # INFO came in the middle of it
        (Press("1", 1060, 100), Press("1", 1000, 160), True),  # told in the other order
        (Press("1", 1000, 160), Press("1", 1100, 101), True),  # at the bound
        (Press("1", 1000, 160), Press("1", 1101, 160), False),  # the ends are too far apart
        (Press("1", 1000, 160), Press("1", 1100, 100), False),  # pressed when the other was let go: two
        (Press("1", 1000, 60), Press("1", 1090, 40), False),  # two quick presses
        (Press("1", 1000, 160), Press("2", 1010, 160), False),  # two fingers
        (Press("1", 1000, 0), Press("1", 1010, 0), False),  # nothing is known of how long
    ],
)
def test_one_press_is_what_lies_over_itself(before: Press | None, now: Press, same: bool) -> None:
    assert again(before, now) is same


def test_a_press_is_read_from_what_ari_tells() -> None:
    event = {"digit": "#", "duration_ms": 160, "timestamp": "1970-01-01T08:00:01.250+0800"}
    assert press_of(event) == Press("#", 1250, 160) and press_of(event).begin_ms == 1090


@pytest.fixture
def site() -> Site:
    """A real Asterisk without a hotline."""
    return shared()[1]


@asynccontextmanager
async def call(site: Site, *, events: bool) -> AsyncIterator[tuple[Caller, tuple[str, int], list[str]]]:
    """A caller who is up, where its sound goes to, and the keys that were heard of it."""
    keys: list[str] = []
    engine = AsteriskEngine(site.engine)

    def sink(event: EngineEvent) -> None:
        if isinstance(event, Incoming):
            engine.answer(event.line)
        elif isinstance(event, DtmfKey):
            keys.append(event.key)

    await engine.start(sink)
    try:
        with Caller(site.sip_port) as caller:
            sdp = caller.sdp()
            if not events:
                sdp = sdp.replace(" 8 0 101", " 8 0").replace("a=rtpmap:101 telephone-event/8000\r\n", "")
            caller.send(caller.request("INVITE", sdp))
            answer = await caller.final()
            assert answer.code == 200, answer.text
            assert ("telephone-event" in answer.body) is events
            caller.ack(answer)
            port = int(answer.body.split("m=audio ")[1].split()[0])
            await sound(caller, ("127.0.0.1", port))
            yield caller, ("127.0.0.1", port), keys
            await caller.hang_up()
    finally:
        await engine.stop()


async def sound(caller: Caller, to: tuple[str, int]) -> None:
    """Silence before the keys, so that Asterisk knows whose sound it is (``strictrtp``)."""
    for n in range(10):
        caller.rtp.sendto(struct.pack("!BBHII", 0x80, 8, n, n * 160, 7) + b"\xd5" * 160, to)
        await asyncio.sleep(0.02)


async def press(caller: Caller, to: tuple[str, int], event: int, first: int) -> None:
    """One key as an event of 160 ms (RFC 4733): its end comes three times."""
    for n in range(10):
        marker, end, lasted = 0x80 * (n == 0), 0x80 * (n >= 7), min(n + 1, 8) * 160
        head = struct.pack("!BBHII", 0x80, marker | EVENT, first + n, first * 160, 7)
        caller.rtp.sendto(head + struct.pack("!BBH", event, end | 10, lasted), to)
        await asyncio.sleep(0.02)


async def info(caller: Caller, key: str) -> None:
    body = f"Signal={key}\r\nDuration=160\r\n"
    caller.send(caller.request("INFO", body, kind="application/dtmf-relay"))
    assert (await caller.final("INFO")).code == 200


async def heard(keys: list[str], count: int) -> None:
    """Wait for so many, and then whether more come."""
    async with asyncio.timeout(10):
        while len(keys) < count:  # noqa: ASYNC110 - what comes over a network
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.7)


@pytest.mark.network
@story
async def test_a_phone_that_sends_its_keys_by_info_alone_is_heard(site: Site) -> None:
    async with call(site, events=False) as (caller, _, keys):
        for key in "12#":
            await info(caller, key)
            await asyncio.sleep(0.3)
        await heard(keys, 3)
        assert keys == ["1", "2", "#"]


@pytest.mark.network
@story
async def test_a_phone_that_agreed_on_events_and_sends_info_is_heard(site: Site) -> None:
    async with call(site, events=True) as (caller, _, keys):
        await info(caller, "5")
        await heard(keys, 1)
        assert keys == ["5"]


@pytest.mark.network
@story
async def test_a_phone_that_sends_events_is_heard_once_a_press_also_of_the_same_key(site: Site) -> None:
    async with call(site, events=True) as (caller, to, keys):
        for n, event in enumerate((1, 1, 11)):
            await press(caller, to, event, 10 + 20 * n)
            await asyncio.sleep(0.2)
        await heard(keys, 3)
        assert keys == ["1", "1", "#"]


@pytest.mark.network
@story
async def test_a_gateway_that_sends_a_key_as_an_event_and_by_info_at_once_presses_it_once(site: Site) -> None:
    async with call(site, events=True) as (caller, to, keys):
        for n, key in enumerate((7, 8)):
            await asyncio.gather(press(caller, to, key, 10 + 20 * n), _soon(caller, str(key)))
            await asyncio.sleep(0.4)
        await heard(keys, 2)
        assert keys == ["7", "8"]


async def _soon(caller: Caller, key: str) -> None:
    await asyncio.sleep(0.1)  # the key is still down
    await info(caller, key)


@pytest.mark.network
@story
async def test_a_phone_that_agreed_on_no_events_is_heard_by_its_tones(site: Site) -> None:
    async with call(site, events=False) as (caller, to, keys):
        await tone(caller, to, 770, 1336, 10)
        await heard(keys, 1)
        assert keys == ["5"]


async def tone(caller: Caller, to: tuple[str, int], low: int, high: int, first: int) -> None:
    """One key as 200 ms of its two tones, and quiet after it."""
    t = np.arange(1600) / 8000
    wave = (8000 * (np.sin(2 * np.pi * low * t) + np.sin(2 * np.pi * high * t))).astype("<i2")
    sound = pcm_to_alaw(wave.tobytes()) + b"\xd5" * 1600
    for n in range(20):
        head = struct.pack("!BBHII", 0x80, 8, first + n, (first + n) * 160, 7)
        caller.rtp.sendto(head + sound[n * 160 : n * 160 + 160], to)
        await asyncio.sleep(0.02)
