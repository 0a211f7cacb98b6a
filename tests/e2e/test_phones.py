"""baresip and PJSIP, telephones this project did not write, call the real hotline.

Issue "acceptance 3": greeting heard; key 0 → operator with sound both ways; A busy → B; A silent → B joins;
nobody → message; complaint with recording → case with its due date.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.stories import (
    ALIKE,
    BUSY,
    RINGS_ON,
    Ours,
    both_hear,
    check_complaint,
    complain,
    heard_well,
    operator,
    story,
)
from tests.support import audio
from tests.support.baresip import Baresip
from tests.support.books import Books, number, until
from tests.support.pjsip import Pjsip

KINDS = ["baresip", "pjsip"]
OTHER = {"baresip": "pjsip", "pjsip": "baresip"}
SPOKEN = 0.95  # another number with the same day reaches 0.93
LATE_MS = 2000  # a busy test machine; the limits themselves are the profile's

pytestmark = pytest.mark.network

Open = Callable[..., AbstractAsyncContextManager[Any]]


@pytest.fixture
def telephone(need: Callable[[str], str], tmp_path: Path, house: Books) -> Open:
    """``telephone("baresip")``; with ``seat="101"`` an operator's."""

    def open(kind: str, seat: str = "") -> AbstractAsyncContextManager[Any]:
        at = {"seat": seat, "secret": house.hotline.secret(seat), "hotline": house.hotline.sip} if seat else {}
        folder = tmp_path / f"{kind}{seat}"
        if kind == "baresip":
            return Baresip.open(folder, need("baresip"), **at)
        need("pjsua2")
        return Pjsip.open(folder, **at)

    return open


async def dial(house: Books, phone: Any) -> str:
    called = number()
    await phone.call(f"sip:{called}@{house.hotline.sip}")
    await house.says(called, "greet.menu")
    return called


@pytest.mark.parametrize("kind", KINDS)
@story
async def test_the_greeting_is_heard_and_key_0_leads_to_a_person(kind: str, house: Books, telephone: Open) -> None:
    async with telephone(kind) as caller, telephone(OTHER[kind], seat="101") as person:
        await house.reachable("101")
        called = await dial(house, caller)
        await house.says(called, "menu.item")
        await asyncio.sleep(1.0)  # for the caller's own buffers
        greeting = house.prompt("greet.menu")
        assert heard_well(caller.heard(), greeting) >= ALIKE
        if kind == "baresip":  # it writes what was decoded, with no clock of its own between: whole, sample by sample
            assert audio.likeness(caller.heard(), audio.through_alaw(greeting)) >= ALIKE
        await caller.press("0")
        await house.fact(called, "bridge", seat="101")
        await both_hear(caller, person)
        await caller.hang_up()
        call = await house.ended(called)
        assert (call.outcome, call.seat, call.released_by) == ("answered", "101", "caller")
        assert call.human_wait <= 12_000 and call.keys == "0"


@pytest.mark.parametrize("kind", KINDS)
@story
async def test_when_a_is_busy_b_answers(kind: str, house: Books, telephone: Open) -> None:
    async with (
        operator(house.hotline, "101", BUSY),
        operator(house.hotline, "103") as b,
        telephone(kind) as caller,
    ):
        called = await dial(house, caller)
        await caller.press("0")
        await house.fact(called, "bridge", seat="103")
        await both_hear(caller, Ours(b))
        await caller.hang_up()
        await house.ended(called)
        tried = [(leg.seat, leg.result, leg.reason) for leg in house.legs(called)]
        assert tried == [("101", "busy", "486"), ("103", "answered", "caller left")]


@pytest.mark.parametrize("kind", KINDS)
@story
async def test_when_a_is_silent_b_joins_and_answers_within_the_limit(kind: str, house: Books, telephone: Open) -> None:
    async with (
        operator(house.hotline, "101", RINGS_ON),
        operator(house.hotline, "103") as b,
        telephone(kind) as caller,
    ):
        called = await dial(house, caller)
        await caller.press("0")
        await house.fact(called, "bridge", seat="103")
        await both_hear(caller, Ours(b))
        await caller.hang_up()
        call = await house.ended(called)
        first, second = house.legs(called)
        assert (first.seat, first.result, first.reason) == ("101", "cancelled", "answered elsewhere")
        assert second.dialed - first.dialed >= 5000 and second.seat == "103"
        assert call.human_wait <= 12_000


@pytest.mark.parametrize("kind", KINDS)
@story
async def test_when_a_and_b_are_silent_the_caller_is_led_on_at_the_limit(
    kind: str, house: Books, telephone: Open
) -> None:
    async with (
        operator(house.hotline, "101", RINGS_ON),
        operator(house.hotline, "103", RINGS_ON),
        telephone(kind) as caller,
    ):
        called = await dial(house, caller)
        await caller.press("0")
        await house.says(called, "nobody.apology")
        asked = house.call(called).human_requested
        apology = next(f.at for f in house.facts(called, "play") if "nobody.apology" in f.data["say"])
        assert 12_000 <= apology - asked <= 12_000 + LATE_MS
        await caller.hang_up()
        call = await house.ended(called)
        assert call.outcome == "abandoned"
        assert {(leg.seat, leg.result) for leg in house.legs(called)} == {("101", "cancelled"), ("103", "cancelled")}


@pytest.mark.parametrize("kind", KINDS)
@story
async def test_when_nobody_is_there_a_message_is_taken(kind: str, house: Books, telephone: Open) -> None:
    words = audio.voice(7, 2500)
    async with telephone(kind) as caller:
        called = await dial(house, caller)
        await caller.press("0")
        await house.says(called, "nobody.apology")
        await house.fact(called, "record")  # after the whole apology, the request and the tone
        await caller.speak(words)
        await house.says(called, "callback.own")  # 5 s of silence ended the message
        await caller.hang_up()
        call = await house.ended(called)
        assert call.outcome == "callback"
        (case,) = house.cases(called)
        assert (case.kind, case.complete) == ("message", False)
        (recorded,) = house.recordings(called)
        assert audio.likeness(recorded, audio.through_alaw(words)) >= ALIKE


@pytest.mark.parametrize("kind", KINDS)
@story
async def test_a_complaint_becomes_a_case_with_its_due_date(kind: str, house: Books, telephone: Open) -> None:
    words = audio.voice(11, 4000)
    async with telephone(kind) as caller:
        called = await dial(house, caller)
        await complain(house, called, caller, words)
        case = check_complaint(house, called, words)
        token = next(f.data["token"] for f in house.facts(called, "play") if "case.number" in f.data["say"])
        await until(lambda: [f for f in house.facts(called, "play_done") if f.data["token"] == token], 60)
        await asyncio.sleep(1.0)  # for the caller's own buffers
        said = house.prompts([("case.number", {"number": case.number}), ("case.due.complaint", {"due": case.due})])
        for sentence in said:
            assert audio.same_words(caller.heard(), audio.through_alaw(sentence)) >= SPOKEN
        await caller.press("2")  # not again
        await house.says(called, "bye.1")
        await caller.hang_up()
        call = await house.ended(called)
        assert (call.outcome, call.cases, call.released_by) == ("self", 1, "caller")
