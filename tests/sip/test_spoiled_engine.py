"""Stories of one spoiled line, as they are told to the core, told to the engine over real sockets: nothing is left."""

from __future__ import annotations

import asyncio
import re
import socket
from collections import Counter
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from ivr.telephony import LineUp
from sip.core.config import SeatConfig
from tests.sip.core.house import FAR
from tests.sip.core.script import answer
from tests.sip.core.spoiling import Spoiling, Story, honest, spoilings, story_of
from tests.sip.raw import PATIENCE_S, Hotline, free_ports, story

pytestmark = pytest.mark.network

EXAMPLES, AT_ONCE = 200, 8
LOOPBACK = "127.0.0.77"
ANSWER_S = 0.1  # longest wait for what a message causes


class Far:
    """A far end on a socket of its own; what it is told to say about addresses is made true."""

    def __init__(self, hotline_port: int = 0) -> None:
        self.to = ("127.0.0.1", hotline_port)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((LOOPBACK, 0))
        self.sock.setblocking(False)
        self.port = self.sock.getsockname()[1]

    def here(self, data: bytes) -> bytes:
        """With our address in place of the script's, which is as long."""
        far = f"{FAR.host}:{FAR.port}".encode()
        return data.replace(far, f"{LOOPBACK}:{self.port}".encode()).replace(FAR.host.encode(), LOOPBACK.encode())

    async def listen(self, wanted: int = 1, call: bytes = b"") -> list[bytes]:
        """What comes until it is quiet, of one ``call`` or of all; every BYE is answered."""
        loop, got = asyncio.get_running_loop(), list[bytes]()
        try:
            while True:
                wait = ANSWER_S if len(got) < wanted else 0.01
                data = await asyncio.wait_for(loop.sock_recv(self.sock, 65535), wait)
                if call in data:  # a refusal of a story before, which nobody acknowledged, is said again and again
                    got.append(data)
                if data.startswith(b"BYE "):
                    self.sock.sendto(self.here(answer(data, 200).data()), self.to)
        except TimeoutError:
            return got


LINES = count(1)


async def act(far: Far, hotline: Hotline, told: Story, seat: str) -> None:
    """Let the far end do its part."""
    data = next(told)
    try:
        while True:
            first = data is not None and data.startswith(b"INVITE ")
            call = re.search(rb"^Call-ID: .*$", data, re.MULTILINE) if data and first else None
            if data is None:
                hotline.engine.dial(f"{seat}/{next(LINES)}", seat, 5000)
            else:
                far.sock.sendto(far.here(data), far.to)
            data = told.send(await far.listen(2 if first else 1, call[0].rstrip() if call else b""))
    except StopIteration:
        return


def examples() -> list[Spoiling]:
    """As many spoilings as are told, the same ones each time."""
    found: list[Spoiling] = []

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(spoilings())
    def collect(spoiling: Spoiling) -> None:
        found.append(spoiling)

    collect()
    return found


@story
async def test_nothing_is_left_of_two_hundred_spoiled_messages_and_the_next_call_is_answered() -> None:
    waiting, counted = examples(), Counter[str]()
    assert len(waiting) >= EXAMPLES
    fars = [Far() for _ in range(AT_ONCE)]
    seats = {f"s{n}": SeatConfig(f"s{n}", uri=f"sip:101@{LOOPBACK}:{far.port}") for n, far in enumerate(fars)}
    seats["101"] = SeatConfig("101", "s3cret")
    async with Hotline(seats=seats, rtp_range=free_ports(600)) as hotline:

        async def one_after_the_other(far: Far, seat: str) -> None:
            far.to = ("127.0.0.1", hotline.port)
            while waiting:
                spoiling = waiting.pop()
                counted[spoiling.message] += 1
                try:
                    await act(far, hotline, story_of(spoiling, f"{seat}-{len(waiting)}-"), seat)
                except (StopIteration, RuntimeError):  # a seat dialled while the line before still ends
                    counted["not told"] += 1
            for _ in range(20):
                await far.listen(9)

        async with asyncio.TaskGroup() as all_of_them:
            for n, far in enumerate(fars):
                all_of_them.create_task(one_after_the_other(far, f"s{n}"))
        for name in hotline.engine._lines.names():
            hotline.engine.hangup(name, "farewell")
        agent, registrar = hotline.engine._agent, hotline.engine._registrar
        async with asyncio.timeout(PATIENCE_S):
            while hotline.media.ports_in_use or len(agent.layer) or agent.dialogs or len(hotline.engine._lines):
                await asyncio.gather(*(far.listen(9) for far in fars))
        assert registrar is not None and len(agent.schedule) <= 1  # a seat's registration may go on
        assert not hotline.engine.counts["failed"]
        assert len(hotline.of(LineUp)) >= 0.3 * EXAMPLES and counted["not told"] <= EXAMPLES / 20, counted
        await act(fars[0], hotline, honest("the-next"), "")
    for far in fars:
        far.sock.close()
