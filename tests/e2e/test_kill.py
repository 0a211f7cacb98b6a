"""``kill -9`` of the calls process at random moments during complaints, at night twenty: nothing acknowledged is lost.

Four hotlines live side by side and each is killed again and again, while complaints are being made.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ivr.cases.numbers import CaseNumber, parse_case_number
from sip.core.config import Timing
from sip.embedded.phone import CallFailed, Phone
from store.journal.rebuild import rebuild, verify
from store.schema import Call, Case, Leg, LiveCall, Recording
from tests.e2e.stories import KEPT, kept, say, story
from tests.support import audio
from tests.support.books import Books, books_of, number, until
from tests.support.hotline import Hotline
from tests.support.nightly import NIGHTLY

pytestmark = pytest.mark.network

HOUSES, KILLS = 4, 5 if NIGHTLY else 2
MOMENT_S = (1.0, 14.0)  # when a kill comes after the complaint began: greeting … number and due date read back
WORDS_MS = 2500
KEPT_MS = 1500  # of them that must be there once all were said: a recording is on disk second by second
SPOKEN = 0.96  # another number with the same day reaches 0.93
PATIENT = Timing(t1=0.1, t2=0.4, t4=0.5)  # the far end dies: its silence is noticed after 6 s
DERIVED = (Call, Leg, Case, Recording)


@dataclass
class Complaint:
    """What the citizen knows of it."""

    called: str
    words: bytes
    heard: bytearray = field(default_factory=bytearray)
    said_at: float = 0.0  # when the whole account was said
    killed_at: float = 0.0


async def complain(house: Books, complaint: Complaint) -> None:
    """Complain as fast as keys go, then listen to the end; ends wherever the hotline dies."""
    phone, called = await Phone.open(timing=PATIENT), complaint.called
    complaint.heard = phone.heard

    async def press(key: str, after: str) -> None:
        await house.says(called, after)
        await phone.send_keys(key)

    try:
        await phone.call(f"sip:{called}@{house.hotline.sip}", "13812345678")
        await press("3", "greet.menu")
        await press("#", "cmp.thanks")
        await press("3", "ask.category")
        await press("#", "ask.account")
        await house.fact(called, "record")
        await say(phone, complaint.words)
        complaint.said_at = asyncio.get_running_loop().time()
        await asyncio.sleep(1.0)  # is that all?
        await press("#", "ask.account")
        await press("1", "callback.own")
        await phone.over()
    except CallFailed:
        pass  # killed while it rang
    finally:
        await phone.close()


async def live_and_die(hotline: Hotline, chance: random.Random, complaints: list[Complaint]) -> None:
    """Some lives of one hotline, each ended by kill -9 in the middle of a complaint; then it is started once more."""
    with books_of(hotline) as house:
        for life in range(KILLS):
            complaint = Complaint(number(), audio.voice(chance.randrange(10**6), WORDS_MS))
            complaints.append(complaint)
            call = asyncio.create_task(complain(house, complaint))
            begin, end = MOMENT_S  # one life ends early, another late: each in a part of its own of that time
            await asyncio.sleep(begin + (end - begin) * (life + chance.random()) / KILLS)
            complaint.killed_at = asyncio.get_running_loop().time()
            await asyncio.to_thread(hotline.kill)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            await asyncio.to_thread(hotline.again)
        await until(lambda: not house.rows(LiveCall), 40, "calls of dead processes are closed")


def tables(house: Books) -> dict[str, list[Any]]:
    """All derived rows."""
    with house.engine.connect() as connection:
        return {
            model.__tablename__: [tuple(row) for row in connection.execute(select(model).order_by(model.id))]
            for model in DERIVED
        }


def numbers_heard(house: Books, complaints: list[Complaint]) -> list[str]:
    """Case numbers the citizens heard to their end, told apart by their sound alone."""
    stored = [parse_case_number(case.number) for case in house.rows(Case)]
    days = {number.day for number in stored}
    # Also the numbers that would have come next: what was spoken and then lost would be one of those.
    possible = [str(CaseNumber(day, n)) for day in days for n in range(1, len(complaints) + 3)]
    prompts = house.prompts([("case.number", {"number": number}) for number in possible])
    heard = []
    for complaint in complaints:
        fits = [audio.same_words(bytes(complaint.heard), audio.through_alaw(prompt)) for prompt in prompts]
        if fits and max(fits) >= SPOKEN:
            heard.append(possible[fits.index(max(fits))])
    return heard


def check(house: Books, complaints: list[Complaint]) -> tuple[int, int, int]:
    """Everything that must hold of one hotline; how many numbers were heard, cases stored, calls interrupted."""
    cases, calls = house.rows(Case), house.rows(Call)
    stored = [case.number for case in cases]
    assert len(set(stored)) == len(stored), "a number was given twice"
    heard = numbers_heard(house, complaints)
    assert set(heard) <= set(stored), "a number was spoken but is not in the store"
    assert len(set(heard)) == len(heard), "two citizens heard the same number"
    of_call: dict[str, list[Any]] = {}
    for case in cases:
        of_call.setdefault(case.call_id, []).append(case)
    assert all(len(found) == 1 for found in of_call.values()), "two cases of one complaint"
    for call in calls:
        assert call.ended is not None and (call.released_by, call.cause) == ("failure", "interrupted"), call
    for complaint in complaints:
        call = house.call(complaint.called)
        if call is None:
            continue  # killed before the call was answered
        if "case.number" in house.played(complaint.called):
            assert of_call[call.id][0].complete
        if complaint.said_at and complaint.said_at + 0.3 < complaint.killed_at:
            # The whole account was said: it is in the vault, and a case leads to it.
            (recorded,) = house.recordings(complaint.called)
            assert kept(recorded, complaint.words[: KEPT_MS * 16]) >= KEPT
            assert call.id in of_call
    before = tables(house)
    assert verify(house.engine) == []
    rebuild(house.engine)
    assert tables(house) == before
    return len(heard), len(cases), len(calls)


def test_nothing_acknowledged_is_lost_by_kill_9(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed of this run: {seed}")
    hotlines = [Hotline(tmp_path / f"hotline{i}") for i in range(HOUSES)]
    complaints: list[list[Complaint]] = [[] for _ in hotlines]

    @story
    async def run() -> None:
        async with asyncio.TaskGroup() as lives:
            for i, hotline in enumerate(hotlines):
                lives.create_task(live_and_die(hotline, random.Random(seed + i), complaints[i]))

    try:
        for hotline in hotlines:
            hotline.start()
        run()
    finally:
        for hotline in hotlines:
            hotline.close()
    found = []
    for hotline, made in zip(hotlines, complaints, strict=True):
        with books_of(hotline) as house:
            found.append(check(house, made))
    heard, stored, calls = (sum(column) for column in zip(*found, strict=True))
    print(f"{heard} numbers heard, {stored} cases, {calls} calls of {HOUSES * KILLS} complaints")
    assert stored > 0 and calls > HOUSES, "the kills came too early to show anything"


def test_what_was_being_said_when_the_process_died_is_kept(tmp_path: Path) -> None:
    hotline, complaint = Hotline(tmp_path / "hotline"), Complaint(number(), audio.voice(51, WORDS_MS))

    @story
    async def run() -> None:
        with books_of(hotline) as house:
            call = asyncio.create_task(complain(house, complaint))
            await until(lambda: complaint.said_at)
            await asyncio.to_thread(hotline.kill)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            await asyncio.to_thread(hotline.again)
            row = await house.ended(complaint.called)
            assert (row.released_by, row.cause) == ("failure", "interrupted")
            (case,) = house.cases(complaint.called)
            assert (case.kind, case.complete) == ("complaint", False)
            (recorded,) = house.recordings(complaint.called)
            assert kept(recorded, complaint.words[: KEPT_MS * 16]) >= KEPT
            assert not list((hotline.data / "recording").iterdir())  # nothing in the clear is left

    try:
        hotline.start()
        run()
    finally:
        hotline.close()
