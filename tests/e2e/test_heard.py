"""What callers hear is true, on both engines: several call at once.

They share one night, so that a minute of it is enough for all. Somebody with a duty telephone is asleep.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hotline.process import factories, flows
from sip.embedded.phone import Phone, PhoneEvent
from store.schema import Callback, Case, InboxRow, Journal
from tests.e2e.stories import (
    ALIKE,
    RINGS_ON,
    behind_the_trunk,
    citizen,
    heard_well,
    music,
    operator,
    say,
    story,
    understood,
    zone_where_it_is,
)
from tests.support import audio
from tests.support.asterisk import PROVIDER, AsteriskHotline
from tests.support.books import Books, books_of, number, until
from tests.support.hotline import Hotline
from tests.support.ports import free_address

pytestmark = pytest.mark.network

DIRECT = [f"9600{n}" for n in range(1, 9)]  # a story may be told again
HALL = [f"9601{n}" for n in range(1, 9)]
_direct, _hall = iter(DIRECT), iter(HALL)
DUTY = ["13800001111", "13900002222"]
ON_HOLD = ("hold.first", "hold.still")
SEATS = ("101", "102", "103", "104")
KINDS = {"embedded": Hotline, "asterisk": AsteriskHotline}


@pytest.fixture(scope="module", params=list(KINDS))
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """A running hotline on each engine, at night, which has numbers of a hall and of a person, and duty phones."""
    home = Path(tmp_path_factory.mktemp(f"heard-{request.param}")) / "hotline"
    changes = {
        "unit": {"zone": zone_where_it_is(3)},
        "numbers": dict.fromkeys(DIRECT, "direct") | dict.fromkeys(HALL, "service-hall"),
        "trunk": {"host": PROVIDER, "port": free_address().port, "mode": "ip", "user": "02195598"},
        "duty": {"phones": DUTY},
    }
    hotline = KINDS[request.param](home, "calls", changes=changes)
    try:
        hotline.start()
        with books_of(hotline) as books:
            yield books
    finally:
        hotline.close()


@dataclass
class Heard:
    """What callers heard, and which phrases they must have heard in full, compared when all have hung up: comparing
    takes long, and the telephones of all of them live on this loop.
    """

    house: Books
    told: list[tuple[bytes, str, dict[str, str]]] = field(default_factory=list)
    said: list[tuple[bytes, bytes]] = field(default_factory=list)  # heard, and what somebody said
    never: list[tuple[bytes, str]] = field(default_factory=list)  # heard, and a phrase that is not in it
    paused: Callable[[float], float] = lambda _since: 0.0  # seconds the machine stood still since a moment

    async def to_the_end(self, called: str, phone: Phone, *keys: str, **arguments: str) -> None:
        """Wait for the end of the last of these phrases (``arguments`` are its own), which must come in this order."""
        await self.house.says(called, keys[-1])
        last = next(f for f in self.house.facts(called, "play") if keys[-1] in f.data["say"])
        await self.house.fact(called, "play_done", 60, token=last.data["token"])
        await asyncio.sleep(0.5)  # for the caller's own buffers
        assert [key for key in self.house.played(called) if key in keys] == list(keys)
        self.told += [(bytes(phone.heard), key, arguments if key == keys[-1] else {}) for key in keys]

    def compare(self) -> None:
        """Every one of them was heard, whole."""
        prompts = self.house.prompts([(key, arguments) for _, key, arguments in self.told])
        for (heard, key, _), prompt in zip(self.told, prompts, strict=True):
            alike = max(heard_well(heard, prompt), audio.same_words(heard, audio.through_alaw(prompt)))
            assert alike >= ALIKE, f"{key}: {alike:.2f} of {len(heard) / 16_000:.0f} s"
        for heard, words in self.said:
            assert understood(heard, words) >= ALIKE
        for heard, key in self.never:
            assert heard_well(heard, self.house.prompt(key)) < ALIKE, key


async def press(phone: Phone, key: str) -> None:
    """Press a key a moment after what was heard: a press that went down before is no answer to it."""
    await asyncio.sleep(0.6)
    await phone.send_keys(key)


async def goes_straight_to_nobody(house: Books, heard: Heard) -> None:
    """GRT-1: the whole greeting before the apology, and the notice before the recording."""
    called = next(number for number in _direct if house.call(number) is None)
    async with citizen(house.hotline, called) as phone:
        await heard.to_the_end(called, phone, "greet.std", "direct.human", "nobody.apology", "notice.account")
        await phone.hangup()
    assert (await house.ended(called)).outcome == "abandoned"


async def says_nothing(house: Books, heard: Heard) -> None:
    """CBK-2: told that the number is noted and when he is called; the call is no failure of the system."""
    called = number()
    async with citizen(house.hotline, called) as phone:
        await house.says(called, "greet.menu")
        await press(phone, "0")
        for asked in ("message.ask", "ask.account.again"):
            await house.says(called, asked)
            await press(phone, "#")
            recording = 1 if asked == "message.ask" else 2
            await until(lambda n=recording: len(house.facts(called, "record")) == n)  # type: ignore[misc]
            await press(phone, "#")
        await heard.to_the_end(called, phone, "message.none", n="24")
        await phone.hangup()
    call = await house.ended(called)
    assert (call.outcome, house.cases(called)) == ("unanswered", [])
    assert "notice.short" not in house.played(called)


async def reports_a_fault(house: Books, heard: Heard) -> None:
    """PWR-1: a repair with its 45 minutes; danger is named first."""
    called, words = number(), audio.voice(41, 2500)
    async with citizen(house.hotline, called) as phone:
        await house.says(called, "greet.menu")
        await press(phone, "1")
        await heard.to_the_end(
            called, phone, "danger.ask", "direct.human", "nobody.repair", "notice.account", "ask.repair"
        )
        await house.fact(called, "record")
        await say(phone, words)
        await press(phone, "#")
        await house.says(called, "callback.own")
        await press(phone, "1")
        await house.says(called, "case.due.repair")
        await phone.hangup()
    await house.ended(called)
    (case,) = house.cases(called)
    due = datetime.fromisoformat(case.due).hour * 60 + datetime.fromisoformat(case.due).minute
    came = datetime.fromtimestamp(case.received / 1000, ZoneInfo(house.settings.unit.zone))
    assert case.kind == "repair" and (due - came.hour * 60 - came.minute) % 1440 in (44, 45)
    (recorded,) = house.recordings(called)
    assert audio.likeness(recorded, audio.through_alaw(words)) >= ALIKE


async def is_in_danger(house: Books, heard: Heard) -> None:
    """EMG-1: 119, 120 and 110 are named, all phones are looked for at once, and no message is asked for."""
    called = number()
    async with citizen(house.hotline, called) as phone:
        await house.says(called, "greet.menu")
        await press(phone, "1")
        await house.says(called, "danger.ask")
        await press(phone, "0")
        await heard.to_the_end(called, phone, "danger.help")
        await phone.hangup()
    await house.ended(called)
    assert {fact.data["level"] for fact in house.facts(called, "find_seats")} >= {"everybody"}
    assert not {"message.ask", "notice.account"} & set(house.played(called))


async def presses_nothing(house: Books, heard: Heard) -> None:
    """C no. 3: a person is looked for after one silence, when ``hotline flow check`` says, to the second."""
    called, begun = number(), time.monotonic()
    flow = flows.read(flows.find("power-95598"), flows.flow_environment(house.settings))
    most = flows.reach_of(house.settings, flow, factories.phrases(house.settings))
    async with citizen(house.hotline, called) as phone:
        found = await house.fact(called, "find_seats", 60)
        waited = (found.at - house.call(called).answered) / 1000
        assert most.keys == 0 and waited <= 30
        # Where the machine stands still the sound does, too.
        assert most.seconds - 1 < waited < most.seconds + 1 + await asyncio.to_thread(heard.paused, begun)
        assert house.played(called)[:2] == ["greet.menu", "menu.item"]
        await phone.hangup()
    await house.ended(called)


async def comes_to_a_closed_hall(house: Books, heard: Heard) -> None:
    """ANS-5: greeted once, then told the hours the door goes by; who hangs up in that is called back."""
    called, mine = next(_hall), "13811112222"
    async with citizen(house.hotline, called, mine) as phone:
        hours = factories.hours(house.settings, "hall", "zh-CN")
        await heard.to_the_end(called, phone, "greet.menu", "hours.notice", hours=hours)
        await phone.hangup()
    call = await house.ended(called)
    assert not {"greet.std", "hours.closed"} & set(house.played(called))
    assert [row.kind for row in house.rows(Callback, Callback.party_id == call.party_id)] == ["missed"]


async def presses_too_early_and_early(house: Books, heard: Heard) -> None:
    """The key of the menu, long and twice, answers nothing; a key in the lead-in of the question does."""
    called = number()
    async with citizen(house.hotline, called) as phone:
        await house.says(called, "greet.menu")
        await press(phone, "4")
        await house.step(called, "others")
        await asyncio.sleep(0.6)
        await phone.send_keys("1", ms=900)  # 举报; 不留姓名和电话，请按1 follows
        await phone.send_keys("1")
        await heard.to_the_end(called, phone, "ask.anonymous")
        assert "ask.account" not in house.played(called)
        await press(phone, "2")
        await house.says(called, "ask.account")
        await phone.hangup()
    await house.ended(called)
    called = number()
    async with citizen(house.hotline, called) as phone:
        await house.says(called, "greet.menu")
        await press(phone, "4")
        await house.step(called, "others")
        await press(phone, "1")
        await house.says(called, "cmp.thanks")
        await press(phone, "2")  # while the thanks are spoken
        await heard.to_the_end(called, phone, "notice.account", "ask.account")
        heard.never.append((bytes(phone.heard), "ask.anonymous"))
        await phone.hangup()
    await house.ended(called)


async def sleeps_beside_a_duty_phone(house: Books, heard: Heard) -> None:
    """PWR-1, EMG-1: rung in turn; who declines is followed by the next, who hears what it is about and presses 1."""
    before = len(house.rows(Journal, Journal.name == "duty_taken"))
    came: asyncio.Queue[PhoneEvent] = asyncio.Queue()
    trunk = house.settings.trunk
    assert trunk is not None and trunk.port is not None
    async with behind_the_trunk(house.hotline, trunk.port, RINGS_ON, came.put_nowait) as phone:
        await rings(came)
        await phone.hangup()
        await rings(came)
        phone.answer()
        await phone.up()
        await asyncio.sleep(17)
        await phone.send_keys("1")
        await phone.over()
        case = house.rows(Case, Case.kind == "repair")[-1]
        heard.told += [(bytes(phone.heard), "duty.alert", {"number": case.number})]
        heard.told += [(bytes(phone.heard), "duty.thanks", {})]
    rung = [json.loads(row.data) for row in house.rows(Journal, Journal.name.startswith("duty_rung"))]
    assert [fact["place"] for fact in rung if fact["case_id"] == case.id] == [1, 2]
    assert len(house.rows(Journal, Journal.name == "duty_taken")) == before + 1
    await until(lambda: house.rows(InboxRow, InboxRow.kind == "duty_taken"))


async def rings(came: asyncio.Queue[PhoneEvent]) -> None:
    """Wait until somebody calls."""
    while (await came.get()).kind != "incoming":
        pass


def hold(person: Phone, how: str) -> None:
    """As telephones do it: RFC 3264 §8.4, and by no address at all as in RFC 2543."""
    if how == "0.0.0.0":
        assert person.leg is not None
        person.leg.description._host = how
        person.resume()
    else:
        person.hold("inactive" if how == "inactive" else "sendonly")


def resume(person: Phone) -> None:
    assert person.leg is not None
    person.leg.description._host = "127.0.0.1"
    person.resume()


@dataclass
class Talks:
    """Calls that operators took."""

    house: Books
    heard: Heard
    people: dict[str, Phone]
    took: set[str] = field(default_factory=set)

    async def taken(self, *seats: str) -> None:
        """Wait until these have a call."""
        await until(lambda: self.took >= set(seats), what=lambda: f"{self.took}, not {seats}")

    async def bridged(self, called: str) -> tuple[str, Phone]:
        """Who took it."""
        seat = (await self.house.fact(called, "bridge")).data["seat"]
        self.took.add(seat)
        return seat, self.people[seat]

    async def is_put_on_hold(self, key: str, how: str, still: bool = False) -> None:
        """ANS-12: a word, then music, and a word again after 30 s; then both hear each other again."""
        called, words = number(), audio.voice(50 + len(how), 2000)
        async with citizen(self.house.hotline, called) as phone:
            await self.house.says(called, "greet.menu")
            await press(phone, key)
            _, person = await self.bridged(called)
            hold(person, how)
            await self.house.fact(called, "seat_held", held=True)
            await music(phone, person)
            self.heard.told.append((bytes(phone.heard), "hold.first", {}))
            if still:
                await self.house.says(called, "hold.still")
                await asyncio.sleep(5)
                self.heard.told.append((bytes(phone.heard), "hold.still", {}))
                first, again = (f.at for f in self.house.facts(called, "play") if {*f.data["say"]} & {*ON_HOLD})
                assert 30 < (again - first) / 1000 < 36  # the word itself is not counted
            resume(person)
            await self.house.fact(called, "seat_held", held=False)
            await say(person, words)
            await asyncio.sleep(0.5)
            self.heard.said.append((bytes(phone.heard), words))
            await phone.hangup()
        assert (await self.house.ended(called)).outcome == "answered"

    async def is_in_danger(self) -> None:
        """EMG-1: key 0 for danger leads to the first who lifts, of whatever window."""
        called = number()
        async with citizen(self.house.hotline, called) as phone:
            await self.house.says(called, "greet.menu")
            await press(phone, "1")
            await self.house.says(called, "danger.ask")
            await press(phone, "0")
            assert (await self.bridged(called))[0] == "104"
            await phone.hangup()
        assert (await self.house.ended(called)).outcome == "answered"


NOBODY = (
    goes_straight_to_nobody, says_nothing, reports_a_fault, sleeps_beside_a_duty_phone, is_in_danger, presses_nothing,
    comes_to_a_closed_hall, presses_too_early_and_early,
)  # fmt: skip


@story
async def test_callers_whom_nobody_can_answer_hear_what_is_true(house: Books, paused: Callable[[float], float]) -> None:
    heard = Heard(house, paused=paused)
    async with asyncio.TaskGroup() as callers:
        for calling in NOBODY:
            callers.create_task(calling(house, heard))
    await asyncio.to_thread(heard.compare)


@story
async def test_callers_on_hold_hear_music_and_in_danger_speak_with_the_first_who_lifts(house: Books) -> None:
    heard = Heard(house)
    async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as calls:
        people = {seat: await stack.enter_async_context(operator(house.hotline, seat)) for seat in SEATS}
        for seat in SEATS:
            await house.reachable(seat)
        talks = Talks(house, heard, people)
        calls.create_task(talks.is_put_on_hold("0", "sendonly", still=True))
        await talks.taken("101")
        calls.create_task(talks.is_put_on_hold("1", "inactive"))
        calls.create_task(talks.is_put_on_hold("0", "0.0.0.0"))
        await talks.taken("101", "102", "103")
        await talks.is_in_danger()
    await asyncio.to_thread(heard.compare)
