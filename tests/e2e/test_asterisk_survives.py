"""The calls process is killed while calls go on in Asterisk; the next one takes them over where they stood."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from sip.embedded.phone import Phone
from tests.e2e.stories import ALIKE, RINGS_ON, Ours, both_hear, citizen, comes_through, heard_well, operator, say, story
from tests.support import audio
from tests.support.books import Books, house_on_asterisk, number, until

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """A running hotline on a real Asterisk, killed in every test. When all is told, nothing is left behind."""
    with house_on_asterisk(Path(tmp_path_factory.mktemp("survives")) / "hotline") as books:
        yield books


async def killed(house: Books) -> None:
    """kill -9, and started again at once."""
    await asyncio.to_thread(house.hotline.kill)
    await asyncio.to_thread(house.hotline.again)


def restarts(house: Books, called: str) -> int:
    """How often the call was taken over."""
    return len(house.facts(called, "resumed"))


@story
async def test_in_a_menu_the_caller_hears_an_apology_and_the_menu_again(house: Books) -> None:
    called = number()
    async with operator(house.hotline, "101") as person, citizen(house.hotline, called) as caller:
        await house.says(called, "greet.menu")
        await caller.send_keys("8")  # no such key: the menu is spoken, without the whole greeting before
        await house.says(called, "menu.item")
        await killed(house)
        await house.says(called, "resume.sorry")
        await caller.send_keys("0")
        await house.fact(called, "bridge", seat="101")
        await both_hear(Ours(caller), Ours(person))
        await caller.hangup()
        call = await house.ended(called)
        assert (call.outcome, call.seat, call.keys) == ("answered", "101", "80")


@story
async def test_a_talk_goes_on_untouched_and_its_end_is_known(house: Books) -> None:
    called = number()
    async with operator(house.hotline, "101") as person, citizen(house.hotline, called) as caller:
        await house.says(called, "greet.menu")
        await caller.send_keys("0")
        await house.fact(called, "bridge", seat="101")
        await both_hear(Ours(caller), Ours(person))
        await asyncio.to_thread(house.hotline.kill)
        await both_hear(Ours(caller), Ours(person), seed=5)  # nobody is there, and they go on talking
        await asyncio.to_thread(house.hotline.again)
        await until(lambda: restarts(house, called))
        await both_hear(Ours(caller), Ours(person), seed=9)
        await caller.hangup()
        call = await house.ended(called)
        assert (call.outcome, call.seat, call.released_by) == ("answered", "101", "caller")
        await person.over()
        (leg,) = house.legs(called)
        assert (leg.result, leg.ended is not None) == ("answered", True)


@story
async def test_an_operator_who_hung_up_meanwhile_is_noticed(house: Books) -> None:
    called = number()
    async with operator(house.hotline, "101") as person, citizen(house.hotline, called) as caller:
        await house.says(called, "greet.menu")
        await caller.send_keys("0")
        await house.fact(called, "bridge", seat="101")
        await asyncio.to_thread(house.hotline.kill)
        await person.hangup()
        await asyncio.to_thread(house.hotline.again)
        await house.fact(called, "seat_left", seat="101")
        await caller.hangup()
        assert (await house.ended(called)).outcome == "answered"


@story
async def test_a_ringing_operator_can_still_answer(house: Books) -> None:
    called = number()
    async with operator(house.hotline, "101", RINGS_ON) as person, citizen(house.hotline, called) as caller:
        await house.says(called, "greet.menu")
        await caller.send_keys("0")
        await house.fact(called, "seat_ringing", seat="101")
        await asyncio.to_thread(house.hotline.kill)
        person.answer()  # while nobody is there: the leg waits in the dialplan's loop
        await asyncio.to_thread(house.hotline.again)
        await house.fact(called, "bridge", seat="101")
        await both_hear(Ours(caller), Ours(person))
        await caller.hangup()
        assert (await house.ended(called)).outcome == "answered"


@story
async def test_a_recording_goes_on_and_holds_what_was_said_before_and_after(house: Books) -> None:
    called = number()
    before, after = audio.voice(21, 2500), audio.voice(22, 2500)
    async with citizen(house.hotline, called) as caller:
        await recording(house, called, caller)
        await say(caller, before)
        await asyncio.to_thread(house.hotline.kill)
        talking = asyncio.create_task(say(caller, audio.voice(23, 4000)))  # so that silence does not end it
        await asyncio.to_thread(house.hotline.again)
        await until(lambda: restarts(house, called))
        await talking
        await say(caller, after)
        await asyncio.sleep(0.5)
        await caller.send_keys("#")
        await house.says(called, "callback.own")
        await caller.send_keys("1")
        await house.says(called, "case.number")
        await caller.hangup()
        await house.ended(called)
        (case,) = house.cases(called)
        assert (case.kind, case.confirmed) == ("complaint", True)
        (recorded,) = house.recordings(called)
        for words in (before, after):
            assert audio.likeness(recorded, audio.through_alaw(words)) >= ALIKE


@story
async def test_a_caller_who_left_meanwhile_loses_nothing_that_was_said(house: Books) -> None:
    called = number()
    words = audio.voice(31, 2500)
    async with citizen(house.hotline, called) as caller:
        await recording(house, called, caller)
        await say(caller, words)
        await asyncio.to_thread(house.hotline.kill)
        await caller.hangup()
        await asyncio.to_thread(house.hotline.again)
        await house.ended(called)
        (case,) = house.cases(called)
        assert (case.kind, case.complete) == ("complaint", False)


@story
async def test_a_planned_restart_does_the_same(house: Books) -> None:
    called = number()
    async with operator(house.hotline, "101") as person, citizen(house.hotline, called) as caller:
        await house.says(called, "greet.menu")
        await caller.send_keys("0")
        await house.fact(called, "bridge", seat="101")
        assert await asyncio.to_thread(house.hotline.stop, signal.SIGTERM) == 0
        await asyncio.to_thread(house.hotline.again)
        await until(lambda: restarts(house, called))
        await both_hear(Ours(caller), Ours(person))
        await caller.hangup()
        assert (await house.ended(called)).outcome == "answered"


@story
async def test_a_call_that_comes_meanwhile_waits_and_is_answered(house: Books) -> None:
    called = number()
    await asyncio.to_thread(house.hotline.kill)
    phone = await Phone.open()
    try:
        ringing = asyncio.create_task(phone.call(f"sip:{called}@{house.settings.sip.listen}", "13812345678"))
        await asyncio.to_thread(house.hotline.again)
        await ringing
        await house.says(called, "greet.menu")
    finally:
        await phone.close()
    await house.ended(called)


@story
async def test_while_no_hotline_runs_the_caller_leaves_a_message_that_becomes_a_case(house: Books) -> None:
    called = number()
    words = audio.voice(41, 2500)
    left = house.settings.asterisk.spool.parent / "left"
    await asyncio.to_thread(house.hotline.kill)
    sorry = house.prompt("fault.2")
    caller = await Phone.open()
    try:
        await caller.call(f"sip:{called}@{house.settings.sip.listen}", "13812345678")  # after ten seconds
        await comes_through(lambda: bytes(caller.heard), sorry, heard_well)
        await until(lambda: list(left.glob("*.wav")))
        await say(caller, words)
    finally:
        await caller.close()
    (file,) = left.glob("*.wav")
    os.utime(file, (0, 0))  # it has been quiet for long
    await asyncio.to_thread(house.hotline.again)
    call = await house.ended(called)
    assert call.cause == "interrupted"
    (case,) = house.cases(called)
    assert (case.kind, case.complete, case.party_id) == ("message", False, call.party_id)
    assert case.due
    (recorded,) = house.recordings(called)
    assert audio.likeness(recorded, audio.through_alaw(words)) >= ALIKE
    assert list(left.iterdir()) == []


async def recording(house: Books, called: str, caller: Phone) -> None:
    """From the greeting of a complaint to its recording."""
    await house.says(called, "greet.menu")
    await caller.send_keys("3")
    await house.step(called, "complaint")
    await caller.send_keys("#")
    await house.says(called, "ask.category")
    await caller.send_keys("3")
    await house.says(called, "ask.account")
    await caller.send_keys("#")
    await house.fact(called, "record")
    await asyncio.sleep(0.3)
