"""A flood of INVITEs with junk on the SIP and RTP ports: it answers all the while, and nothing is left of it."""

from __future__ import annotations

import asyncio
import os
import random
import socket
from pathlib import Path

import pytest

from hotline.config.values import parse_address
from hotline.ports import sip_answers
from tests.e2e.stories import ALIKE, citizen, heard_well, story
from tests.sip.raw import Caller
from tests.support.books import Books, number, until

LEFT_S = 40.0  # 32 s until a call nobody acknowledges is given up, and a moment
CALLS = 60

pytestmark = pytest.mark.network


def tasks(house: Books) -> int:
    """Threads of the calls process."""
    return len(os.listdir(f"/proc/{house.pid}/task"))


async def flood(house: Books, chance: random.Random) -> list[int]:
    """Callers who never acknowledge, who cancel, who hang up well. The codes they were answered with."""
    port = parse_address(house.hotline.sip).port
    codes = []
    for turn in range(CALLS):
        with Caller(port) as caller:
            same = {"number": next(caller.number), "branch": caller.branch()}
            caller.send(caller.request("INVITE", caller.sdp(), **same))
            if turn % 3 == 0:
                caller.send(caller.request("CANCEL", **same))
            answer = await caller.final()
            codes.append(answer.code)
            if turn % 3 == 1:
                caller.ack(answer)
                await caller.hang_up()
        await asyncio.sleep(chance.uniform(0, 0.05))
    return codes


async def junk(house: Books, chance: random.Random, over: asyncio.Event) -> int:
    """Whatever a port scanner may send, to the SIP port and to every RTP port that is open."""
    sip, sent = parse_address(house.hotline.sip), 0
    pieces = [
        b"",
        b"\x00",
        b"\r\n\r\n",
        b"INVITE",
        b"INVITE sip:x SIP/2.0\r\n\r\n",
        b"\x80" * 12,
        b"\x80\x08" + bytes(9),
    ]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        while not over.is_set():
            for port in [sip.port, *sorted(house.rtp_sockets())]:
                piece = chance.choice([*pieces, chance.randbytes(chance.randrange(1, 1400))])
                sock.sendto(piece, ("127.0.0.1", port))
                sent += 1
            await asyncio.sleep(0.02)
    return sent


@story
async def test_it_answers_through_a_flood_and_nothing_is_left_of_it(house: Books) -> None:
    first = number()
    async with citizen(house.hotline, first):  # everything that is opened once is open now
        await house.says(first, "greet.menu")
    await house.ended(first)
    await until(lambda: not house.rtp_sockets())
    before = house.descriptors(), tasks(house)
    chance, over = random.Random(95598), asyncio.Event()
    noise = asyncio.create_task(junk(house, chance, over))
    storm = asyncio.create_task(flood(house, chance))
    called = number()
    async with citizen(house.hotline, called) as caller:  # a citizen in the middle of it
        await house.says(called, "menu.item")
        await asyncio.sleep(1.0)
        (greeting,) = house.prompts([("greet.menu", {})])
        assert heard_well(bytes(caller.heard), greeting) >= ALIKE
    codes = await storm
    over.set()
    assert await noise > 100
    assert set(codes) <= {200, 487} and codes.count(200) >= CALLS // 2
    assert (await house.ended(called)).released_by == "caller"
    assert sip_answers(parse_address(house.hotline.sip))

    # The calls that were never acknowledged end by themselves.
    await until(lambda: not house.rtp_sockets(), LEFT_S, lambda: sorted(house.rtp_sockets()))
    await until(lambda: house.descriptors() <= before[0] and tasks(house) <= before[1], what=lambda: descriptors(house))
    again = number()
    async with citizen(house.hotline, again) as caller:
        await house.says(again, "greet.menu")
        await until(lambda: any(caller.heard))
    await house.ended(again)
    text = house.hotline.output()
    assert "Traceback" not in text, text


def descriptors(house: Books) -> list[str]:
    """What is open, for a failed test."""
    return sorted(os.readlink(entry) for entry in Path(f"/proc/{house.pid}/fd").iterdir())
