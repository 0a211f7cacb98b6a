"""Asterisk itself is killed: its calls end and the board knows, nothing acknowledged is lost, new calls come in."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from sip.core.config import Timing
from sip.embedded.phone import Phone
from store.journal.rebuild import verify
from store.schema import LiveCall, Seat
from tests.e2e.stories import (
    KEPT,
    Ours,
    both_hear,
    citizen,
    clip,
    comes_through,
    complain,
    heard_well,
    kept,
    operator,
    story,
)
from tests.e2e.test_asterisk_survives import recording
from tests.support import audio
from tests.support.books import Books, house_on_asterisk, number, until

pytestmark = pytest.mark.network

PATIENT = Timing(t1=0.1, t2=0.4, t4=0.5)  # the far end dies: its silence is noticed after 6 s
KEPT_MS = 1500  # of what was being said: Asterisk writes a recording to the disk piece by piece


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Books]:
    """A running hotline on a real Asterisk."""
    with house_on_asterisk(tmp_path / "hotline") as books:
        yield books


class Keyed(Ours):
    """Our telephone, with keys."""

    def __init__(self, phone: Phone) -> None:
        super().__init__(phone)
        self.press = phone.send_keys


@story
async def test_when_asterisk_is_killed_nothing_spoken_is_lost_and_calls_are_taken_when_it_is_back(house: Books) -> None:
    asterisk = house.hotline.asterisk
    told, talks, dictates = number(), number(), number()
    words = audio.voice(61, 60_000)
    phones = [await Phone.open(timing=PATIENT) for _ in range(3)]
    try:
        async with operator(house.hotline, "101"):
            for called, phone in zip((told, talks, dictates), phones, strict=True):
                await phone.call(f"sip:{called}@{house.hotline.sip}", "13812345678")
            await house.says(talks, "greet.menu")
            await phones[1].send_keys("0")
            await house.fact(talks, "bridge", seat="101")
            await recording(house, dictates, phones[2])
            phones[2].play([clip(words)])
            await complain(house, told, Keyed(phones[0]), audio.voice(60, 2500))  # its number is being spoken
            await asyncio.to_thread(asterisk.stop, signal.SIGKILL)
            await until(lambda: not house.rows(LiveCall), what="the board shows calls that are gone")
            await until(lambda: not house.rows(Seat, Seat.reachable), what="the board shows telephones that are gone")
            for called in (told, talks, dictates):
                await house.ended(called)
            assert house.call(talks).outcome == "answered"
            (case,) = house.cases(told)
            assert (case.kind, case.complete, case.confirmed) == ("complaint", True, True)
            (account,) = house.cases(dictates)
            assert (account.kind, account.complete) == ("complaint", False)
            (recorded,) = house.recordings(dictates)
            assert kept(recorded, words[16 * 500 : 16 * (500 + KEPT_MS)]) >= KEPT
            for phone in phones:
                await phone.close()
    finally:
        await asyncio.to_thread(asterisk.start)
    called = number()
    async with operator(house.hotline, "102") as person, citizen(house.hotline, called) as caller:
        await comes_through(lambda: bytes(caller.heard), house.prompt("greet.menu"), heard_well)
        await caller.send_keys("1")
        await house.fact(called, "bridge", seat="102")
        await both_hear(Ours(caller), Ours(person))
        await caller.hangup()
        assert (await house.ended(called)).outcome == "answered"
    assert verify(house.engine) == []
