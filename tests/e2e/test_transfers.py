"""An operator's baresip or PJSIP hands its caller over by its own key; the caller is never lost (FST-1, FST-2)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.e2e.stories import ANSWERS, BUSY, Ours, both_hear, citizen, operator, story
from tests.e2e.test_phones import OTHER, Open, telephone
from tests.support.books import Books, number, until

__all__ = ["telephone"]
pytestmark = pytest.mark.network


async def talking(house: Books, called: str, caller: Any) -> None:
    await house.says(called, "greet.menu")
    await caller.send_keys("0")
    await house.fact(called, "bridge", seat="101")


async def both_established(phone: Any) -> None:
    await until(lambda: [event["event"] for event in phone.events].count("up") >= 2)


@pytest.mark.parametrize("kind", OTHER)
@story
async def test_fst_2_a_blind_transfer_leads_the_caller_to_the_colleague(
    kind: str, house: Books, telephone: Open
) -> None:
    called = number()
    async with (
        telephone(kind, seat="101") as first,
        operator(house.hotline, "103", ANSWERS) as second,
        citizen(house.hotline, called) as caller,
    ):
        await talking(house, called, caller)
        await first.transfer(f"sip:103@{house.hotline.sip}")
        ended = await house.fact(called, "transfer_ended")
        assert ended.data["outcome"] == "accepted"
        await both_hear(Ours(caller), Ours(second))
        await caller.hangup()
        call = await house.ended(called)
        assert (call.outcome, call.seat, call.released_by) == ("answered", "103", "caller")
        if kind == "pjsip":
            await until(lambda: 200 in first.told())


@story
async def test_fst_1_an_attended_transfer_joins_the_caller_with_whom_the_operator_asked(
    house: Books, telephone: Open
) -> None:
    called = number()
    async with (
        telephone("pjsip", seat="101") as first,
        operator(house.hotline, "103", ANSWERS) as second,
        citizen(house.hotline, called) as caller,
    ):
        await talking(house, called, caller)
        await first.consult(f"sip:103@{house.hotline.sip}")
        await both_established(first)
        await until(lambda: second.leg is not None and second.leg.state == "up")
        await first.put_through()
        await house.fact(called, "transfer_ended", outcome="accepted")
        await both_hear(Ours(caller), Ours(second))
        await until(lambda: 200 in first.told())
        await caller.hangup()
        call = await house.ended(called)
        assert (call.outcome, call.seat) == ("answered", "103")


@story
async def test_fst_2_whom_nobody_takes_over_comes_back_to_an_operator_whose_telephone_had_hung_up(
    house: Books, telephone: Open
) -> None:
    called = number()
    async with (
        telephone("baresip", seat="101") as first,  # it leaves the call however its transfer went
        operator(house.hotline, "103", BUSY),
        citizen(house.hotline, called) as caller,
    ):
        await talking(house, called, caller)
        await first.transfer(f"sip:103@{house.hotline.sip}")
        await house.fact(called, "transfer_ended", outcome="busy")
        await until(lambda: len([event for event in first.events if event.get("type") == "CALL_ESTABLISHED"]) >= 2)
        await asyncio.sleep(0.5)
        await both_hear(Ours(caller), first)
        await caller.hangup()
        call = await house.ended(called)
        assert (call.outcome, call.seat) == ("answered", "101")
