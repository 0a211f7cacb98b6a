"""sipp calls the real hotline: keys by RFC 4733 and by SIP INFO, speech from a capture, sound echoed back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from sip.embedded.phone import OnCall
from tests.e2e.stories import (
    ALIKE,
    ANSWERS,
    BUSY,
    RINGS_ON,
    check_complaint,
    clip,
    comes_through,
    operator,
    story,
    understood,
)
from tests.support import audio
from tests.support.books import Books, number
from tests.support.sipp import SPEECH, SPEECH_MS, info, key, pause, say, sipp

pytestmark = pytest.mark.network


@pytest.fixture
def path(need: Callable[[str], str]) -> str:
    return need("sipp")


@story
async def test_key_0_leads_to_an_operator_who_hears_the_caller(house: Books, path: str, tmp_path: Path) -> None:
    called, speech = number(), audio.sound_of_capture(SPEECH)
    middle = [pause(1500), key("0"), pause(2000), say(SPEECH, SPEECH_MS)]
    async with operator(house.hotline, "101") as person:
        async with sipp(path, tmp_path / "sipp", house.hotline.sip, called, middle):
            await comes_through(lambda: bytes(person.heard), speech)
        call = await house.ended(called)
    assert (call.outcome, call.seat, call.keys) == ("answered", "101", "0")


@story
async def test_the_operators_words_reach_the_caller_and_come_back(house: Books, path: str, tmp_path: Path) -> None:
    called, words = number(), audio.through_alaw(audio.voice(3, 3000))
    middle = [pause(1500), key("0"), pause(10_000)]  # it echoes what it hears
    async with operator(house.hotline, "101") as person:
        async with sipp(path, tmp_path / "sipp", house.hotline.sip, called, middle, echo=True):
            await person.up()
            person.play([clip(words)])
            await comes_through(lambda: bytes(person.heard), words)
        assert (await house.ended(called)).outcome == "answered"


@pytest.mark.parametrize(
    ("a", "joined_after_ms", "result"), [(BUSY, 0, "busy"), (RINGS_ON, 5000, "cancelled")], ids=["busy", "silent"]
)
@story
async def test_when_a_cannot_b_answers(
    a: OnCall, joined_after_ms: int, result: str, house: Books, path: str, tmp_path: Path
) -> None:
    called = number()
    async with operator(house.hotline, "101", a), operator(house.hotline, "103", ANSWERS) as b:
        async with sipp(path, tmp_path / "sipp", house.hotline.sip, called, [pause(1500), key("0"), pause(12_000)]):
            await house.fact(called, "bridge", seat="103")
            await asyncio.wait_for(b.up(), 10)
        call = await house.ended(called)
    first, second = house.legs(called)
    assert (first.seat, first.result, second.seat, second.result) == ("101", result, "103", "answered")
    assert second.dialed - first.dialed >= joined_after_ms
    assert call.outcome == "answered" and call.human_wait <= 12_000


@story
async def test_when_nobody_is_there_a_message_is_taken(house: Books, path: str, tmp_path: Path) -> None:
    called, before = number(), house.prompts([("direct.human", {}), ("nobody.apology", {})])
    # After the apology a key cuts the request short, and the message begins.
    middle = [pause(1500), info("0"), pause(sum(map(len, before)) // 16 + 1500), info("#"), say(SPEECH, SPEECH_MS)]
    async with sipp(path, tmp_path / "sipp", house.hotline.sip, called, middle):
        await house.says(called, "nobody.apology")
    call = await house.ended(called)
    assert len(house.cases(called)) == 1, house.story(called)
    (case,) = house.cases(called)
    assert (call.outcome, case.kind) == ("callback", "message")
    (recorded,) = house.recordings(called)
    assert understood(recorded, audio.sound_of_capture(SPEECH)) >= ALIKE


@pytest.mark.parametrize("press", [key, info], ids=["rfc4733", "info"])
@story
async def test_a_complaint_becomes_a_case_with_its_due_date(
    press: Callable[[str], str], house: Books, path: str, tmp_path: Path
) -> None:
    called = number()
    # A key before the end of a prompt cuts it short: complaint, thanks heard, category, account, its end, own number.
    middle = [pause(1500), press("3"), press("#"), press("3"), press("#"), pause(500), say(SPEECH, SPEECH_MS)]
    middle += [press("#"), pause(1000), press("1"), pause(4000), press("2"), pause(1500)]
    async with sipp(path, tmp_path / "sipp", house.hotline.sip, called, middle):
        await house.says(called, "case.number")
    call = await house.ended(called)
    check_complaint(house, called, audio.sound_of_capture(SPEECH))
    assert (call.outcome, call.cases, call.released_by) == ("self", 1, "caller")
