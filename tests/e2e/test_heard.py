"""What callers hear is true, on both engines: five of them call at once, and nobody is there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hotline import flows, parts
from sip.embedded.phone import Phone
from tests.e2e.stories import ALIKE, citizen, heard_well, operator, say, story
from tests.support import audio
from tests.support.asterisk import AsteriskHotline
from tests.support.books import Books, books_of, number, until
from tests.support.hotline import Hotline

pytestmark = pytest.mark.network

DIRECT = [f"9600{n}" for n in range(1, 9)]  # a story may be told again
_direct = iter(DIRECT * 2)
KINDS = {"embedded": Hotline, "asterisk": AsteriskHotline}


@pytest.fixture(scope="module", params=list(KINDS))
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """A running hotline on each engine, one of whose numbers leads straight to a person."""
    home = Path(tmp_path_factory.mktemp(f"heard-{request.param}")) / "hotline"
    hotline = KINDS[request.param](home, "calls", changes={"numbers": dict.fromkeys(DIRECT, "direct")})
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

    async def to_the_end(self, called: str, phone: Phone, *keys: str, **arguments: str) -> None:
        """Wait for the end of the last of these phrases, which must be spoken in this order."""
        await self.house.says(called, keys[-1])
        last = next(f for f in self.house.facts(called, "play") if keys[-1] in f.data["say"])
        await self.house.fact(called, "play_done", 60, token=last.data["token"])
        await asyncio.sleep(0.5)  # for the caller's own buffers
        assert [key for key in self.house.played(called) if key in keys] == list(keys)
        self.told += [(bytes(phone.heard), key, arguments) for key in keys]

    def compare(self) -> None:
        """Every one of them was heard, whole."""
        prompts = self.house.prompts([(key, arguments) for _, key, arguments in self.told])
        for (heard, key, _), prompt in zip(self.told, prompts, strict=True):
            alike = max(heard_well(heard, prompt), audio.same_words(heard, audio.through_alaw(prompt)))
            assert alike >= ALIKE, f"{key}: {alike:.2f}"


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
    """C no. 3: a person is looked for after one silence, when ``hotline check`` says, to the second."""
    called = number()
    flow = flows.read(flows.find("power-95598"), flows.house(house.settings))
    most = flows.reach_of(house.settings, flow, parts.phrases(house.settings))
    async with citizen(house.hotline, called) as phone:
        found = await house.fact(called, "find_seats", 60)
        waited = (found.at - house.call(called).answered) / 1000
        assert most.keys == 0 and waited <= 30 and waited == pytest.approx(most.seconds, abs=1)
        assert house.played(called)[:2] == ["greet.menu", "menu.item"]
        await phone.hangup()
    await house.ended(called)


@story
async def test_callers_whom_nobody_can_answer_hear_what_is_true(house: Books) -> None:
    heard = Heard(house)
    async with asyncio.TaskGroup() as callers:
        for calls in (goes_straight_to_nobody, says_nothing, reports_a_fault, is_in_danger, presses_nothing):
            callers.create_task(calls(house, heard))
    heard.compare()


@story
async def test_emg_1_who_presses_0_for_danger_speaks_with_the_first_who_lifts(house: Books) -> None:
    called = number()
    async with operator(house.hotline, "104") as person, citizen(house.hotline, called) as phone:
        await house.reachable("104")
        await house.says(called, "greet.menu")
        await press(phone, "1")
        await house.says(called, "danger.ask")
        await press(phone, "0")
        bridged = await house.fact(called, "bridge")
        assert bridged.data["seat"] == "104"
        await phone.hangup()
        await person.over()
    assert (await house.ended(called)).outcome == "answered"
