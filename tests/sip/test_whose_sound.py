"""Whose sound it is, on real SIP: strangers send from another loopback address than the caller."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ivr.telephony import DtmfKey, LineGone, LineUp
from sip.embedded import rtp_latch
from tests.sip.far_end import until
from tests.sip.raw import FAST, Caller, Hotline, story
from tests.sip.written import Message

pytestmark = pytest.mark.network


@contextmanager
def host(address: str) -> Iterator[socket.socket]:
    """A host beside the caller."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((address, 0))
        sock.setblocking(False)
        yield sock


def rtp_port(answer: Message) -> int:
    return int(answer.body.split("m=audio ")[1].split()[0])


def key(sock: socket.socket, port: int, digit: int, seq: int) -> None:
    """A whole key press, in six packets of one sequence."""
    for n in range(6):
        event = struct.pack("!BBHIIBBH", 0x80, 101, seq + n, seq * 160, port, digit, 0x8A if n > 2 else 10, 800)
        sock.sendto(event, ("127.0.0.1", port))


def packets(sock: socket.socket) -> int:
    """How many have come."""
    count = 0
    while True:
        try:
            sock.recv(2048)
        except BlockingIOError:
            return count
        count += 1


@pytest.fixture(autouse=True)
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten packets instead of 200, so that the bound is reached within these short calls."""
    monkeypatch.setattr(rtp_latch, "UNCONFIRMED", 10)


@story
async def test_sip_3_a_stranger_cannot_take_the_sound_of_a_silent_caller_over() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller, host("127.0.0.2") as stranger:
            port = rtp_port(await caller.call())
            key(caller.rtp, port, 1, 100)
            await hotline.until(DtmfKey)
            await caller.quiet(rtp_latch.ALIVE_S + 0.2)
            for turn in range(5):
                key(stranger, port, 9, 500 + 6 * turn)
            key(caller.rtp, port, 2, 106)
            await hotline.until(DtmfKey, 2)
            assert [e.key for e in hotline.of(DtmfKey)] == ["1", "2"]
            assert packets(stranger) == 0
            await caller.hang_up()


@story
async def test_a_caller_behind_a_nat_that_changes_its_port_is_heard_on() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller, host("127.0.0.1") as moved:
            port = rtp_port(await caller.call())
            key(caller.rtp, port, 1, 100)
            await hotline.until(DtmfKey)
            await caller.quiet(rtp_latch.ALIVE_S + 0.2)
            key(moved, port, 2, 106)
            await hotline.until(DtmfKey, 2)
            await until(lambda: packets(moved))  # and the hotline's sound goes where the caller is now
            await caller.hang_up()


@story
async def test_an_invite_with_a_stranger_s_address_and_no_ack_sends_him_little() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller, host("127.0.0.2") as stranger:
            body = caller.sdp().replace("c=IN IP4 127.0.0.1", "c=IN IP4 127.0.0.2")
            body = body.replace(str(caller.rtp.getsockname()[1]), str(stranger.getsockname()[1]))
            caller.send(caller.request("INVITE", body))
            await hotline.until(LineGone)
            assert hotline.of(LineGone)[0].cause == "no_ack"
            assert 64 * FAST.t1 > 1.0  # some 60 packets without the bound
            assert packets(stranger) == rtp_latch.UNCONFIRMED


@story
async def test_the_call_of_a_caller_whose_ack_comes_late_goes_on_and_is_heard_again() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            caller.send(caller.request("INVITE", caller.sdp()))
            answer = await caller.final()
            await hotline.until(LineUp)
            await caller.quiet(0.4)
            assert packets(caller.rtp) == rtp_latch.UNCONFIRMED
            await caller.quiet(0.2)
            assert packets(caller.rtp) == 0
            caller.ack(answer)
            await until(lambda: packets(caller.rtp))
            await caller.hang_up()
