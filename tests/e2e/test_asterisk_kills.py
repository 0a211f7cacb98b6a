"""``kill -9`` of the calls process under ``hotline serve``, at night twenty times: in menu, ring, talk and recording.

One caller talks with an operator the whole time. Before each kill three more come: one is in the menu, for one
a telephone rings, one dictates a complaint. What was heard and recorded is compared with what was said, piece by piece.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hotline.process import runfile
from sip.embedded.phone import Phone
from store.journal.rebuild import rebuild, verify
from store.schema import Call, Case
from tests.e2e.stories import RINGS_ON, Ours, both_hear, citizen, clip, operator
from tests.e2e.test_asterisk_survives import recording, restarts
from tests.e2e.test_kill import SPOKEN, tables
from tests.support import audio
from tests.support.books import Books, house_on_asterisk, number, until
from tests.support.nightly import NIGHTLY

pytestmark = pytest.mark.network

KILLS = 20 if NIGHTLY else 7  # each at a moment of its own
DICTATION_MS = 60_000
BOUND_S = 540.0  # far more than it takes, for a machine that is busy with other things
TALK_MS = 540_000
LATE_S = 15
SETTLED_MS = 2000  # at both ends: the first packets of a talk find their way, the last are not said yet


@dataclass
class Dictation:
    """A complaint that is being spoken; ``spoken_ms``: how much of ``words`` was said."""

    called: str
    phone: Phone
    words: bytes
    begun: float = 0.0
    spoken_ms: int = 0


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """A running hotline on a real Asterisk. When all is told, nothing is left behind."""
    with house_on_asterisk(Path(tmp_path_factory.mktemp("kills")) / "hotline", "serve") as books:
        yield books


def is_up(phone: Phone) -> bool:
    """Its call goes on."""
    return phone.leg is not None and phone.leg.state == "up"


@asynccontextmanager
async def talk(house: Books) -> AsyncIterator[tuple[str, Phone, Phone]]:
    """A caller and an operator who talk, and hear each other to the end without a gap."""
    called = number()
    said = audio.hiss(1, TALK_MS), audio.hiss(2, TALK_MS)
    async with operator(house.hotline, "101") as person, citizen(house.hotline, called) as caller:
        await house.says(called, "greet.menu")
        await caller.send_keys("0")
        await house.fact(called, "bridge", seat="101")
        await both_hear(Ours(caller), Ours(person))
        loop, heard = asyncio.get_running_loop(), (len(person.heard), len(caller.heard))
        begun = loop.time()
        caller.play([clip(said[0])])
        person.play([clip(said[1])])
        yield called, caller, person
        spoken_ms = round((loop.time() - begun) * 1000) - SETTLED_MS
        assert is_up(caller) and is_up(person), "a talk was dropped"
        for phone, words, skip in ((person, said[0], heard[0]), (caller, said[1], heard[1])):
            for _ in range(LATE_S):  # what is lost stays lost; what a busy machine's telephone says late still comes
                missing = await asyncio.to_thread(audio.gaps, bytes(phone.heard[skip:]), words, SETTLED_MS, spoken_ms)
                if not missing:
                    break
                await asyncio.sleep(1)
            assert missing == [], f"gaps at {missing} ms of {spoken_ms} ms"
        await caller.hangup()
        call = await house.ended(called)
        assert (call.outcome, call.seat, call.released_by) == ("answered", "101", "caller")


async def in_menu(house: Books) -> tuple[str, Phone]:
    """A caller who hears the menu."""
    called, caller = number(), await Phone.open()
    await caller.call(f"sip:{called}@{house.hotline.sip}", "13812345670")
    await house.says(called, "greet.menu")
    await caller.send_keys("8")  # no such key: the menu is spoken, without the whole greeting before
    await house.says(called, "menu.item")
    return called, caller


async def ringing(house: Books) -> tuple[str, Phone]:
    """A caller for whom an operator's telephone rings."""
    called, caller = number(), await Phone.open()
    await caller.call(f"sip:{called}@{house.hotline.sip}", "13812345671")
    await house.says(called, "greet.menu")
    await caller.send_keys("1")
    await house.fact(called, "seat_ringing", seat="102")
    return called, caller


async def dictating(house: Books, seed: int) -> Dictation:
    """A caller who dictates a complaint."""
    one = Dictation(number(), await Phone.open(), audio.hiss(seed, DICTATION_MS))
    await one.phone.call(f"sip:{one.called}@{house.hotline.sip}", "13812345679")
    await recording(house, one.called, one.phone)
    one.phone.play([clip(one.words)])
    one.begun = asyncio.get_running_loop().time()
    await asyncio.sleep(1.0)
    return one


async def to_its_number(house: Books, one: Dictation) -> None:
    """The complaint is finished: its number begins to be spoken."""
    await asyncio.sleep(SETTLED_MS / 1000)
    one.spoken_ms = round((asyncio.get_running_loop().time() - one.begun) * 1000)
    assert is_up(one.phone), "a caller who dictated was dropped"
    await one.phone.send_keys("#")
    await house.says(one.called, "callback.own")
    await one.phone.send_keys("1")
    await house.says(one.called, "case.number")


async def hear_the_number(house: Books, one: Dictation) -> None:
    """The number is heard to its end."""
    (case,) = house.cases(one.called)
    (prompt,) = await asyncio.to_thread(house.prompts, [("case.number", {"number": case.number})])
    spoken = audio.through_alaw(prompt)
    for _ in range(60):
        await asyncio.sleep(1)
        if await asyncio.to_thread(audio.same_words, bytes(one.phone.heard), spoken) >= SPOKEN:
            return
    raise AssertionError(f"{case.number} was not heard\n{house.story(one.called)}")


async def check_kept(house: Books, one: Dictation) -> None:
    """The caller hangs up; the complaint is complete, and all that was said is in the vault, without a gap."""
    await one.phone.close()
    await house.ended(one.called)
    (case,) = house.cases(one.called)
    assert (case.kind, case.confirmed, case.complete) == ("complaint", True, True)
    (recorded,) = house.recordings(one.called)
    end = one.spoken_ms - SETTLED_MS
    missing = await asyncio.to_thread(audio.gaps, recorded, one.words, SETTLED_MS // 2, end)
    assert missing == [], f"gaps at {missing} ms of {one.spoken_ms} ms"


async def one_kill(house: Books, talking: str, rings: Phone, n: int, before: Dictation | None) -> Dictation:
    """kill -9 while one more caller each is in the menu, rings, dictates; all go on. ``before``: a complaint to finish.

    That one's number is being spoken when the kill comes, and is spoken again.
    """
    finishing = [to_its_number(house, before)] if before else []
    one, *_ = await asyncio.gather(dictating(house, 100 + n), *finishing)
    (menu, chooses), (ring, waits) = await asyncio.gather(in_menu(house), ringing(house))  # these do not stay for long
    try:
        stay = (talking, one.called, menu, ring)
        restarted = {called: restarts(house, called) for called in stay}
        spoken = {called: len(house.played(called)) for called in stay}
        await asyncio.sleep(random.uniform(0, 0.3))
        os.kill(int(runfile.read(house.hotline.data)["calls"]["pid"]), signal.SIGKILL)
        for called in stay:
            await until(lambda called=called: restarts(house, called) == restarted[called] + 1, 60)
        await house.says(menu, "resume.sorry")
        if before is not None:
            await house.says(before.called, "case.number", times=2)
        assert is_up(chooses) and is_up(waits), "a caller was dropped"
        await chooses.send_keys("4")
        await house.step(menu, "others")
        quiet = [talking, one.called]
        if not house.facts(ring, "time_up"):  # its clock went on: on a very slow machine the limit has come meanwhile
            quiet.append(ring)
            assert rings.leg is not None and rings.leg.state == "early", "the operator's telephone rings on"
            rings.answer()
            await house.fact(ring, "bridge", seat="102")
        for called in quiet:
            assert len(house.played(called)) == spoken[called], house.story(called)
    finally:
        await chooses.close()
        await waits.close()
    await rings.over()
    await house.ended(ring)
    await house.ended(menu)
    return one


@pytest.mark.timeout(600)
def test_kills_drop_nobody_in_menu_ring_talk_and_recording(house: Books) -> None:
    async def story() -> None:
        async with asyncio.timeout(BOUND_S), operator(house.hotline, "102", RINGS_ON) as rings:
            async with talk(house) as (talking, _, _), asyncio.TaskGroup() as checking:
                one = None
                for n in range(KILLS):
                    print(f"kill {n + 1}")
                    before, one = one, await one_kill(house, talking, rings, n, one)
                    if before is not None:
                        checking.create_task(check_kept(house, before))
                assert one is not None and restarts(house, talking) == KILLS
                await to_its_number(house, one)
                await hear_the_number(house, one)
                await check_kept(house, one)

    asyncio.run(story())
    answered = house.rows(Call, Call.outcome == "answered", Call.seat == "102")
    assert len(answered) >= KILLS // 2, "telephones that rang were answered afterwards"
    numbers = {case.number for case in house.rows(Case, Case.kind == "complaint")}
    assert len(numbers) == len(house.rows(Case, Case.kind == "complaint")) == KILLS
    before = tables(house)
    assert verify(house.engine) == []
    rebuild(house.engine)
    assert tables(house) == before
