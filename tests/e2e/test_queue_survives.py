"""``kill -9`` of the calls process on Asterisk: who waits, talks, is on hold or in a consultation goes on in place."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from sip.embedded.phone import Phone
from store.schema import QueuePlace
from tests.e2e.stories import Ours, both_hear, citizen, operator, story
from tests.e2e.test_asterisk_survives import killed, restarts
from tests.support.books import Books, house_on_asterisk, number

pytestmark = pytest.mark.network

SEATS = ("101", "102", "103", "104", "105", "106")
SECRET = "not-a-secret-in-a-test"
_callers = iter(range(13_812_346_001, 13_812_346_099))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """A hotline on a real Asterisk with six seats at one window. When all is told, nothing is left behind."""
    changes = {
        "flow": "direct",
        "windows": {"general": {"name": "综合服务", "seats": SEATS, "group": ()}},
        "seats": {seat: {"name": seat, "secret": f"{SECRET}-{seat}"} for seat in ("105", "106")},
    }
    with house_on_asterisk(Path(tmp_path_factory.mktemp("waits")) / "hotline", **changes) as books:
        yield books


@story
async def test_five_wait_three_talk_one_is_on_hold_one_in_a_consultation_and_all_go_on_in_place(house: Books) -> None:
    async with AsyncExitStack() as all_of_them:
        come = all_of_them.enter_async_context
        people: dict[str, Phone] = {}
        talking: dict[str, tuple[str, Phone]] = {}

        async def calls() -> tuple[str, Phone]:
            called = number()
            return called, await come(citizen(house.hotline, called, str(next(_callers))))

        for seat in SEATS[:5]:
            people[seat] = await come(operator(house.hotline, seat))
            await house.reachable(seat)
            talking[seat] = await calls()
            await house.fact(talking[seat][0], "bridge", 60, seat=seat)
        people["106"] = await come(operator(house.hotline, "106"))
        await house.reachable("106")
        held, asked = talking["104"], talking["105"]
        people["104"].hold()
        await house.fact(held[0], "hold")
        await people["105"].send_keys("*2106#")
        await house.fact(asked[0], "seat_answered", 60, seat="106")
        await both_hear(Ours(people["105"]), Ours(people["106"]))
        waiting = []
        for _ in range(5):
            waiting.append(await calls())
            await house.fact(waiting[-1][0], "queue_told", 60)
        before = {place.call_id: place.entered for place in house.rows(QueuePlace)}
        assert len(before) == 5

        await killed(house)
        for called, _ in (*talking.values(), *waiting):
            await house.fact(called, "resumed", 60)
            assert restarts(house, called) == 1
        assert {place.call_id: place.entered for place in house.rows(QueuePlace)} == before

        await both_hear(Ours(people["101"]), Ours(talking["101"][1]), seed=3)
        await both_hear(Ours(people["105"]), Ours(people["106"]), seed=5)
        people["104"].resume()
        await both_hear(Ours(people["104"]), Ours(held[1]), seed=7)
        for n, seat in enumerate(("101", "102", "103", "104")):
            await talking[seat][1].hangup()
            await house.fact(waiting[n][0], "bridge", 60, seat=seat)
            assert [called for called, _ in waiting[n + 1 :] if house.facts(called, "bridge")] == []
        await people["105"].send_keys("*4")  # the operator who asked leaves the caller with the other
        await house.fact(asked[0], "handed_over", 60)
        await both_hear(Ours(people["106"]), Ours(asked[1]), seed=9)
        await house.fact(waiting[4][0], "bridge", 60, seat="105")
        for called, phone in (asked, *waiting):
            await phone.hangup()
            assert (await house.ended(called)).outcome == "answered"
        await asyncio.sleep(0.5)
