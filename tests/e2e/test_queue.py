"""Acceptance of the queue with real telephones, on both engines: three operators talk, five callers wait."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from ivr.queue.expected import told_min
from sip.embedded.phone import Phone, PhoneEvent
from store.schema import Callback, OutgoingCall, QueuePlace
from tests.e2e.stories import ANSWERS, Ours, behind_the_trunk, both_hear, citizen, operator, story, zone_where_it_is
from tests.e2e.test_heard import KINDS, Heard, press
from tests.support.asterisk import PROVIDER
from tests.support.books import Books, books_of, number, until
from tests.support.ports import free_address

pytestmark = pytest.mark.network

SEATS = ("101", "102", "103")  # two of the general window, one of its group
_callers = iter(range(13_812_345_001, 13_812_345_099))


@pytest.fixture(scope="module", params=list(KINDS))
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """A running hotline that leads straight to a person, with a trunk; it is noon there."""
    changes = {
        "flow": "direct",
        "unit": {"zone": zone_where_it_is(12)},
        "trunk": {"host": PROVIDER, "port": free_address().port, "mode": "ip", "user": "02195598"},
        "outgoing": {"ring_s": 10},
    }
    hotline = KINDS[request.param](Path(tmp_path_factory.mktemp("queue")) / "hotline", "calls", changes=changes)
    try:
        hotline.start()
        with books_of(hotline) as books:
            yield books
    finally:
        hotline.close()


async def served(house: Books, called: str) -> None:
    await house.fact(called, "bridge", 60)


@story
async def _five_wait(house: Books) -> None:
    heard = Heard(house)
    seen: list[PhoneEvent] = []
    async with AsyncExitStack() as all_of_them:
        come = all_of_them.enter_async_context
        for seat in SEATS:
            await come(operator(house.hotline, seat))
        for seat in SEATS:
            await house.reachable(seat)

        async def calls() -> tuple[str, Phone]:
            called = number()
            return called, await come(citizen(house.hotline, called, str(next(_callers))))

        talking = [await calls() for _ in SEATS]
        for called, _ in talking:
            await served(house, called)
        waiting = []
        for ahead in range(5):
            called, phone = await calls()
            await house.fact(called, "queue_told", 60)
            told = house.facts(called, "queue_told")[0].data
            assert told["ahead"] == ahead
            if not ahead:
                minutes = str(told_min(told["expected_ms"]))
                await heard.to_the_end(called, phone, "direct.human", "queue.next", m=minutes)
            waiting.append((called, phone))

        fourth, phone = waiting[3]
        await house.says(fourth, "queue.position")
        await press(phone, "1")
        await house.says(fourth, "queue.confirm")
        await press(phone, "1")
        await house.fact(fourth, "place_kept")
        await house.says(fourth, "queue.overflow")
        await asyncio.sleep(1)
        await phone.hangup()
        assert (await house.ended(fourth)).outcome == "callback"
        (wanted,) = house.rows(Callback, Callback.call_id == house.call(fourth).id)

        async with behind_the_trunk(house.hotline, house.settings.trunk.port, ANSWERS, seen.append) as called_back:
            for n in range(3):
                await talking[n][1].hangup()
                await served(house, waiting[n][0])
                assert [called for called, _ in waiting[n + 1 :] if house.facts(called, "bridge")] == []
            assert house.rows(OutgoingCall, OutgoingCall.callback_id == wanted.id) == []
            await waiting[0][1].hangup()  # the fourth is next: he is rung, the fifth goes on waiting
            await until(
                lambda: any(row.answered for row in house.rows(OutgoingCall)), 40, lambda: house.rows(OutgoingCall)
            )
            assert house.facts(waiting[4][0], "bridge") == []
            await waiting[1][1].hangup()
            await served(house, waiting[4][0])
            await called_back.hangup()
        for _, phone in (waiting[2], waiting[4]):
            await phone.hangup()
        for called, _ in (waiting[0], waiting[1], waiting[2], waiting[4]):
            assert (await house.ended(called)).outcome == "answered"
    await until(lambda: house.rows(QueuePlace) == [])  # of the call back: settled at the next look
    await asyncio.to_thread(heard.compare)


def test_stf_14_five_wait_in_order_each_hears_his_place_and_the_fourth_is_called_back_in_turn(house: Books) -> None:
    _five_wait(house)


@story
async def _nobody_lifts(house: Books) -> None:
    async with operator(house.hotline, "101") as person, citizen(house.hotline, first := number()) as one:
        await served(house, first)
        async with citizen(house.hotline, second := number()) as other:
            await house.fact(second, "queue_told", 60)
            await one.hangup()
            await served(house, second)
            await both_hear(Ours(other), Ours(person))
            await other.hangup()
            assert (await house.ended(second)).seat == "101"


def test_who_waited_and_the_operator_hear_each_other(house: Books) -> None:
    _nobody_lifts(house)
