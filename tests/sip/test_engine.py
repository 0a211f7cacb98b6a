"""Calls on the built-in engine and real sockets: what its core cannot say (ports, sound, silence, the end)."""

from __future__ import annotations

import asyncio
import logging

import pytest

from ivr.telephony import DtmfKey, Held, Incoming, LineGone, LineUp
from sip.core.sip_messages import Addr
from sip.embedded.phone import Phone
from sip.embedded.stream import Stream
from sip.embedded.udp import UdpSocket
from tests.sip.raw import FAST, Caller, Hotline, story

pytestmark = pytest.mark.network

PACKET = bytes([0x80, 8]) + (1).to_bytes(2, "big") + bytes(4) + b"abcd" + b"\xd5" * 160  # one of RTP


@story
async def test_an_invite_is_answered_and_a_bye_ends_the_call() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            answer = await caller.call()
            assert caller.seen[0].code == 100
            assert "m=audio" in answer.body and f":{hotline.port}" in answer["contact"]
            await caller.hang_up()
            gone = await hotline.until(LineGone)
            assert (gone.by, gone.cause) == ("far", "bye")
            assert hotline.media.ports_in_use == 0
        incoming = hotline.of(Incoming)[0]
        assert (incoming.called, incoming.caller, incoming.ref) == ("hotline", "13812345678", caller.call_id)


@story
async def test_an_invite_without_an_offer_gets_one_and_is_up_when_the_ack_answers_it() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            caller.send(caller.request("INVITE"))
            offer = await caller.expect(200)
            assert " RTP/AVP 8 0 101" in offer.body
            assert not hotline.of(LineUp)
            caller.ack(offer, caller.sdp())
            await hotline.until(LineUp)
            packet = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(caller.rtp, 2000), 10)
            assert packet[1] & 0x7F == 8
            await caller.hang_up()


@story
async def test_a_full_or_draining_hotline_says_503_and_when_to_try_again() -> None:
    async with Hotline(max_calls=1) as hotline:
        with Caller(hotline.port) as first, Caller(hotline.port) as second:
            await first.call()
            second.send(second.request("INVITE", second.sdp()))
            assert (await second.expect(503))["retry-after"] == "10"
            stopping = asyncio.create_task(hotline.engine.stop(drain_s=20))
            await asyncio.sleep(0)
            second.call_id = "draining"
            second.send(second.request("INVITE", second.sdp()))
            assert (await second.expect(503))["retry-after"] == "10"
            await first.hang_up()
            await stopping
            assert hotline.of(LineGone)[0].by == "far"


@story
async def test_stopping_ends_the_calls_that_are_left() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            await caller.call()
            await hotline.until(LineUp)
            stopping = asyncio.create_task(hotline.engine.stop())
            caller.reply(await caller.receive(lambda m: m.method == "BYE"), 200)
            await stopping
            assert [(e.by, e.cause) for e in hotline.of(LineGone)] == [("us", "shutdown")]


@story
async def test_when_all_rtp_ports_are_taken_a_call_is_refused_with_503() -> None:
    async with Hotline() as hotline:
        taken = []
        with pytest.raises(Exception, match="RTP port"):
            while True:
                taken.append(hotline.media.open())
        with Caller(hotline.port) as caller:
            caller.send(caller.request("INVITE", caller.sdp()))
            await caller.expect(503)
        for stream in taken:
            stream.close()
        with Caller(hotline.port) as caller:
            await caller.call()
            await caller.hang_up()


@story
async def test_bound_to_all_addresses_each_caller_is_told_the_one_that_reaches_us() -> None:
    async with Hotline(sip_host="0.0.0.0", advertised_host="203.0.113.9") as hotline:
        with Caller(hotline.port) as caller:
            answer = await caller.call()
            assert f"@127.0.0.1:{hotline.port}" in answer["contact"] and "c=IN IP4 127.0.0.1" in answer.body
            await caller.hang_up()
        assert hotline.engine._agent.local(Addr("198.51.100.7", 5060)) == ("203.0.113.9", hotline.port)


@story
async def test_ipv6_is_spoken_too() -> None:
    async with Hotline(sip_host="::1") as hotline:
        phone = await Phone.open("::1", media=hotline.media, timing=FAST)
        await phone.call(f"sip:95598@[::1]:{hotline.port}", "13812345678")
        await phone.send_keys("5")
        assert (await hotline.until(DtmfKey)).key == "5"
        await phone.close()
        assert (await hotline.until(LineGone)).cause == "bye"


@story
async def test_a_test_caller_is_one_only_from_this_machine_and_by_name() -> None:
    async with Hotline(test_callers=frozenset({"doctor"})) as hotline:
        with Caller(hotline.port, "doctor") as caller:
            await caller.call()
            await caller.hang_up()
        with Caller(hotline.port, "13812345678") as caller:
            await caller.call()
            await caller.hang_up()
        assert [event.test for event in hotline.of(Incoming)] == [True, False]


@story
async def test_nothing_is_sent_to_a_caller_who_holds() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            await caller.call()
            await asyncio.wait_for(asyncio.get_running_loop().sock_recv(caller.rtp, 2000), 10)
            caller.send(caller.request("INVITE", caller.sdp().replace("a=sendrecv", "a=inactive")))
            caller.ack(await caller.final())
            await hotline.until(Held)
            await caller.quiet(0.1)
            while True:
                try:
                    caller.rtp.recv(2000)
                except BlockingIOError:
                    break
            await caller.quiet(0.2)
            with pytest.raises(BlockingIOError):
                caller.rtp.recv(2000)
            await caller.hang_up()


@story
async def test_a_far_end_that_vanished_is_noticed_by_its_silence() -> None:
    async with Hotline(rtp_timeout_s=0.5) as hotline:
        with Caller(hotline.port) as caller:
            answer = await caller.call()
            caller.rtp.sendto(PACKET, ("127.0.0.1", answer.media_port))
            await caller.receive(lambda m: m.method == "OPTIONS")
            caller.reply(await caller.receive(lambda m: m.method == "BYE"), 200)
            gone = await hotline.until(LineGone)
            assert (gone.by, gone.cause) == ("failure", "rtp_timeout")


@story
@pytest.mark.parametrize("sends", [False, True], ids=["who never sent sound", "who fell silent"])
async def test_a_caller_who_only_listens_is_kept_while_his_phone_answers(sends: bool) -> None:
    async with Hotline(rtp_timeout_s=0.2) as hotline:
        with Caller(hotline.port) as caller:
            caller.here = 200
            answer = await caller.call()
            if sends:
                caller.rtp.sendto(PACKET, ("127.0.0.1", answer.media_port))
            asked = [got for got in await caller.quiet(1.8) if got.method == "OPTIONS"]
            assert len(asked) > 1 and not hotline.of(LineGone)
            await caller.hang_up()


@story
async def test_a_caller_on_hold_whose_phone_is_gone_is_noticed() -> None:
    async with Hotline(rtp_timeout_s=0.3) as hotline:
        with Caller(hotline.port) as caller:
            await caller.call()
            caller.send(caller.request("INVITE", caller.sdp().replace("sendrecv", "sendonly")))
            caller.ack(await caller.final())
            gone = await hotline.until(LineGone)
            assert (gone.by, gone.cause) == ("failure", "rtp_timeout")


@story
async def test_an_error_of_ours_in_a_call_is_logged_once_and_ends_that_call(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller, Caller(hotline.port) as other:
            await other.call()
            await caller.call()
            broken = (await hotline.until(LineUp, 2)).line
            stream = hotline.engine._stream(broken)
            tick = Stream.tick

            def breaks(self: Stream, now: float) -> None:
                if self is stream:
                    raise RuntimeError("broken")
                tick(self, now)

            monkeypatch.setattr(Stream, "tick", breaks)
            caller.reply(await caller.receive(lambda m: m.method == "BYE"), 200)
            gone = await hotline.until(LineGone)
            assert (gone.line, gone.by, gone.cause) == (broken, "failure", "error")
            assert hotline.media.ports_in_use == 1
            assert len([r for r in caplog.records if r.levelno >= logging.ERROR]) == 1
            await other.hang_up()


def test_a_socket_never_raises_whatever_the_address() -> None:
    @story
    async def run() -> None:
        socket = UdpSocket(lambda data, source: None)
        socket.open("127.0.0.1", 0)
        try:
            for to in (("127.0.0.1", 99999), ("127.0.0.1", -1), ("\x00", 5060), ("127.0.0.1", 0), ("::1", 5060)):
                socket.send(b"x", to)
            assert socket.counts["send_failed"] == 5
        finally:
            socket.close()

    run()
