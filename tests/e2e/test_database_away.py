"""PostgreSQL is stopped while calls come in over Asterisk: they go on, and afterwards everything is there, once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ivr.cases.numbers import CaseNumber, parse_case_number
from sip.embedded.phone import CallFailed, Phone
from store.journal.rebuild import verify
from store.journal.sql_ledger import SPOOL_FIRST
from store.schema import Case, LiveCall
from tests.e2e.stories import citizen, say, story
from tests.e2e.test_kill import SPOKEN
from tests.support import audio
from tests.support.asterisk import AsteriskHotline
from tests.support.books import Books, books_of, number, until
from tests.support.postgres import Cluster, cluster

pytestmark = [pytest.mark.network, pytest.mark.postgres]

THINKS_S = 1.3  # between two keys: nobody can look into the journal to see which question is asked


TURNED_AWAY = "unreachable (503)"  # at once, when a busy machine takes more than 0.3 s to see that the database is gone


@dataclass
class Called:
    """A call of ours; ``heard``: all of it. ``failed``: it did not come up."""

    number: str
    heard: bytearray = field(default_factory=bytearray)
    failed: str = ""


@pytest.fixture
def server() -> Iterator[Cluster]:
    """A PostgreSQL of its own, to be stopped."""
    with cluster() as found:
        yield found


@pytest.fixture
def house(server: Cluster, tmp_path: Path) -> Iterator[Books]:
    """A hotline on Asterisk whose store is that PostgreSQL."""
    hotline = AsteriskHotline(tmp_path / "hotline", environ={"HOTLINE_DATABASE_URL": server.new_database()})
    try:
        hotline.start()
        with books_of(hotline) as books:
            yield books
    finally:
        hotline.close()


async def short(house: Books, made: list[Called]) -> None:
    """Somebody who hears the greeting and hangs up."""
    one = Called(number())
    made.append(one)
    try:
        async with citizen(house.hotline, one.number) as phone:
            one.heard = phone.heard
            await asyncio.sleep(1.5)
    except CallFailed as error:
        one.failed = str(error)


async def complains(house: Books, made: list[Called]) -> None:
    """Somebody who complains by the clock, and hears the case's number."""
    one, phone = Called(number()), await Phone.open()
    made.append(one)
    one.heard = phone.heard
    try:
        await phone.call(f"sip:{one.number}@{house.hotline.sip}", "13812345678")
        for key in "3#3#":
            await asyncio.sleep(THINKS_S)
            await phone.send_keys(key)
        await say(phone, audio.voice(71, 2500))
        await phone.send_keys("#")
        await asyncio.sleep(THINKS_S)
        await phone.send_keys("1")
        await phone.over()
    except CallFailed as error:
        one.failed = str(error)
    finally:
        await phone.close()


def numbers_heard(house: Books, complaints: list[Called]) -> list[str]:
    """The numbers that were spoken, told apart by their sound; also some that nobody was to hear."""
    stored = [parse_case_number(case.number) for case in house.rows(Case)]
    sequences = {case.sequence for case in stored} | {SPOOL_FIRST + n for n in range(len(complaints) + 1)}
    possible = sorted({str(CaseNumber(case.day, n)) for case in stored for n in sequences})
    prompts = house.prompts([("case.number", {"number": text}) for text in possible])
    heard = []
    for complaint in complaints:
        fits = [audio.same_words(bytes(complaint.heard), audio.through_alaw(prompt)) for prompt in prompts]
        if max(fits) >= SPOKEN:
            heard.append(possible[fits.index(max(fits))])
    return heard


@dataclass(frozen=True)
class Load:
    """What comes in while the database is away; seconds."""

    away_s: float
    short_every_s: float
    complaint_every_s: float


async def calls_while_away(house: Books, server: Cluster, load: Load) -> tuple[list[Called], list[Called]]:
    """Short calls and complaints before, while and after the database is away; until all is over and written."""
    shorts: list[Called] = []
    complaints: list[Called] = []
    async with asyncio.TaskGroup() as calls:

        async def arrive(
            kind: Callable[[Books, list[Called]], Coroutine[None, None, None]], into: list[Called], every_s: float
        ) -> None:
            loop = asyncio.get_running_loop()
            due, end = loop.time(), loop.time() + load.away_s + 2
            while loop.time() < end:
                calls.create_task(kind(house, into))
                due += every_s
                await asyncio.sleep(max(0.0, due - loop.time()))

        calls.create_task(arrive(complains, complaints, load.complaint_every_s))
        calls.create_task(arrive(short, shorts, load.short_every_s))
        await asyncio.sleep(1.0)
        await asyncio.to_thread(server.stop)
        await asyncio.sleep(load.away_s)
        await asyncio.to_thread(server.start)
    spool = house.hotline.data / "spool.jsonl"
    await until(lambda: len(spool.read_bytes().strip(b"\0").splitlines()) <= 1, 120, "the spool is written")
    await until(lambda: not house.rows(LiveCall))
    return shorts, complaints


def check(house: Books, shorts: list[Called], complaints: list[Called]) -> list[str]:
    """Everything that must hold; the numbers citizens heard."""
    calls = [call for call in (*shorts, *complaints) if call.failed != TURNED_AWAY]
    assert len(calls) >= (len(shorts) + len(complaints)) * 0.8, "turned away for longer than it takes to see it"
    assert [call.failed for call in calls] == [""] * len(calls)
    for call in calls:
        names = Counter(fact.name for fact in house.facts(call.number))
        assert (names["offered"], names["answered"], names["call_ended"]) == (1, 1, 1), house.story(call.number)
        assert house.call(call.number).ended is not None
    cases = house.rows(Case)
    stored = [case.number for case in cases]
    assert len(set(stored)) == len(stored)
    assert len({case.call_id for case in cases}) == len(stored), "two cases of one call"
    heard = numbers_heard(house, complaints)
    assert len(set(heard)) == len(heard) and set(heard) <= set(stored)
    assert any(parse_case_number(text).sequence >= SPOOL_FIRST for text in heard), "no number came from the spool"
    assert verify(house.engine) == []
    return heard


@story
async def test_calls_go_on_while_postgresql_is_away_and_nothing_is_lost_or_twice(house: Books, server: Cluster) -> None:
    shorts, complaints = await calls_while_away(
        house, server, Load(away_s=8.0, short_every_s=0.5, complaint_every_s=2.5)
    )
    check(house, shorts, complaints)
