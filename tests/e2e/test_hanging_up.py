"""BYE in every step of a call leaves the right row; hold and resume while speaking with a person."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from sip.embedded.phone import OnCall, Phone
from store.schema import Callback, Rating
from tests.e2e.stories import ANSWERS, RINGS_ON, Ours, both_hear, citizen, music, operator, say, story
from tests.support import audio
from tests.support.books import Books, number, until

pytestmark = pytest.mark.network


class Walk:
    """Takes a call to a place in the flow by keys, as fast as prompts can be cut short."""

    def __init__(self, books: Books, called: str, phone: Phone) -> None:
        self.books, self.called, self.phone = books, called, phone

    async def greeting(self) -> None:
        await self.books.says(self.called, "greet.menu")

    async def menu(self) -> None:
        await self.greeting()
        await self.phone.send_keys("*")
        await self.books.says(self.called, "menu.item")

    async def ringing(self) -> None:
        await self.greeting()
        await self.phone.send_keys("0")
        await self.books.fact(self.called, "seat_ringing")

    async def bridged(self) -> None:
        await self.greeting()
        await self.phone.send_keys("0")
        await self.books.fact(self.called, "bridge")

    async def thanks(self) -> None:
        await self.greeting()
        await self.phone.send_keys("3")
        await self.books.says(self.called, "cmp.thanks")

    async def category(self) -> None:
        await self.thanks()
        await self.phone.send_keys("#")
        await self.books.says(self.called, "ask.category")

    async def recording(self) -> None:
        await self.category()
        await self.phone.send_keys("2")
        await self.books.says(self.called, "ask.account")
        await self.phone.send_keys("#")
        await self.books.fact(self.called, "record")
        await say(self.phone, audio.voice(21, 2000))

    async def own_number(self) -> None:
        await self.recording()
        await self.phone.send_keys("#")
        await self.books.says(self.called, "callback.own")

    async def typing(self) -> None:
        await self.own_number()
        await self.phone.send_keys("2")
        await self.books.says(self.called, "callback.type")
        await self.phone.send_keys("0755")
        await until(lambda: len([f for f in self.books.facts(self.called, "digit") if f.data["key"] == "•"]) == 4)

    async def read_back(self) -> None:
        await self.own_number()
        await self.phone.send_keys("1")
        await self.books.says(self.called, "case.number")

    async def farewell(self) -> None:
        await self.read_back()
        await self.phone.send_keys("2")
        await self.books.says(self.called, "bye.1")

    async def message(self) -> None:
        """Nobody is there: the message is being spoken."""
        await self.greeting()
        await self.phone.send_keys("0")
        await self.books.says(self.called, "message.ask")
        await self.phone.send_keys("#")
        await self.books.fact(self.called, "record")
        await say(self.phone, audio.voice(22, 2000))


@dataclass(frozen=True)
class Ends:
    """What a call that ended there must look like."""

    at: str
    outcome: str
    seat: OnCall | None = None
    legs: tuple[tuple[str, str], ...] = ()  # (result, reason)
    case: tuple[str, bool] | None = None  # (kind, complete)
    recordings: int = 0
    cause: str = "caller_left"


ENDS = [
    Ends("greeting", "hung_up"),
    Ends("menu", "hung_up"),
    Ends("ringing", "abandoned", seat=RINGS_ON, legs=(("cancelled", "caller left"),)),
    Ends("bridged", "answered", seat=ANSWERS, legs=(("answered", "caller left"),)),
    Ends("thanks", "hung_up"),
    Ends("category", "hung_up"),
    Ends("recording", "self", case=("complaint", False), recordings=1),
    Ends("own_number", "self", case=("complaint", False), recordings=1),
    Ends("typing", "self", case=("complaint", False), recordings=1),
    Ends("read_back", "self", case=("complaint", True), recordings=1),
    Ends("farewell", "self", case=("complaint", True), recordings=1, cause="farewell"),
    Ends("message", "callback", case=("message", False), recordings=1),
]


@pytest.mark.parametrize("ends", ENDS, ids=[ends.at for ends in ENDS])
@story
async def test_a_caller_who_hangs_up_leaves_the_right_row(ends: Ends, house: Books) -> None:
    await hang_up(ends, house)
    await until(lambda: not house.rtp_sockets())


async def hang_up(ends: Ends, house: Books) -> None:
    """Go there, hang up, and look at what is left."""
    called = number()
    if ends.seat is not None:
        async with operator(house.hotline, "101", ends.seat) as person, citizen(house.hotline, called) as caller:
            await getattr(Walk(house, called, caller), ends.at)()
            await caller.hangup()
            call = await house.ended(called)
            await person.over()  # nobody is left ringing or alone
    else:
        async with citizen(house.hotline, called) as caller:
            await getattr(Walk(house, called, caller), ends.at)()
            await caller.hangup()
        call = await house.ended(called)
    assert (call.outcome, call.released_by, call.cause) == (ends.outcome, "caller", ends.cause)
    assert tuple((leg.result, leg.reason) for leg in house.legs(called)) == ends.legs
    cases = house.cases(called)
    assert [(case.kind, case.complete) for case in cases] == ([ends.case] if ends.case else [])
    assert len(house.recordings(called)) == ends.recordings


@story
async def test_sat_1_when_the_operator_hangs_up_the_caller_rates_hears_the_farewell_and_the_hotline_ends(
    house: Books,
) -> None:
    called = number()
    async with operator(house.hotline, "101") as person, citizen(house.hotline, called, "13811110004") as caller:
        await Walk(house, called, caller).bridged()
        await person.hangup()
        await house.says(called, "rate.ask")
        await caller.send_keys("4")
        await house.says(called, "rate.sorry")
        await house.says(called, "bye.1")
        await asyncio.wait_for(caller.over(), 60)
    call = await house.ended(called)
    (rating,) = house.rows(Rating, Rating.call_id == call.id)
    assert (rating.rating, rating.seat, rating.party_id) == (4, "101", call.party_id)
    (task,) = house.rows(Callback, Callback.call_id == call.id)
    assert (task.kind, task.state, task.because) == ("followup", "open", "rating")
    assert (call.outcome, call.released_by, call.cause) == ("answered", "us", "grace_timeout")
    assert [(leg.result, leg.ended == call.agent_left) for leg in house.legs(called)] == [("answered", True)]


@story
async def test_hold_and_resume_while_speaking_with_a_person(house: Books) -> None:
    called = number()
    async with operator(house.hotline, "101") as person, citizen(house.hotline, called) as caller:
        await Walk(house, called, caller).bridged()
        await both_hear(Ours(caller), Ours(person), seed=31)
        caller.hold()
        await house.fact(called, "held", held=True)
        caller.resume()
        await house.fact(called, "held", held=False)
        await both_hear(Ours(caller), Ours(person), seed=33)
        person.hold()
        await house.fact(called, "seat_held", held=True)
        await music(caller, person)
        person.resume()
        await house.fact(called, "seat_held", held=False)
        await both_hear(Ours(caller), Ours(person), seed=35)
        await caller.hangup()
        assert (await house.ended(called)).outcome == "answered"


@story
async def test_when_a_and_b_lift_at_once_the_one_let_go_does_not_end_the_others_talk(house: Books) -> None:
    """Their 200s cross the hotline's CANCEL; the citizen talks on with one of them."""
    called = number()
    async with (
        operator(house.hotline, "101", RINGS_ON) as a,
        operator(house.hotline, "103", RINGS_ON) as b,
        citizen(house.hotline, called) as phone,
    ):
        await Walk(house, called, phone).greeting()
        await phone.send_keys("0")
        await house.fact(called, "seat_ringing", seat="103")
        a.answer()
        b.answer()
        bridged = await house.fact(called, "bridge")
        await both_hear(Ours(phone), Ours(a if bridged.data["seat"] == "101" else b))
        assert not [fact for fact in house.facts(called) if fact.name == "step" and fact.data["step"] == "@farewell"]
        await phone.hangup()
        assert (await house.ended(called)).outcome == "answered"
