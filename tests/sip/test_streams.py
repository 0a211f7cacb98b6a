"""SIP over TCP and TLS on real sockets: whole calls, connections that are reused, and those that deserve no place."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ivr.telephony import Incoming, LineFailed, LineGone, LineUp, SeatReach
from sip.core.config import SeatConfig, TrunkConfig
from sip.core.connections import Bounds
from sip.embedded.phone import OnCall, Phone
from tests.sip.provider import Provider
from tests.sip.raw import PATIENCE_S, Caller, Hotline, story
from tests.sip.streaming import Certificates, Line
from tests.sip.written import Message

pytestmark = pytest.mark.network

SEATS = {"101": SeatConfig("101", "s3cret")}


async def eventually(true: object) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # type: ignore[operator]  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@story
async def test_a_call_over_tcp_comes_up_and_ends_over_its_one_connection() -> None:
    async with Hotline(tcp=True) as hotline, await Line.open(hotline.port) as line:
        line.send(line.request("INVITE", line.caller.sdp()))
        answer = await line.final()
        assert answer.code == 200 and answer["via"].startswith("SIP/2.0/TCP")
        assert f"127.0.0.1:{hotline.port};transport=tcp>" in answer["contact"]
        line.caller.remote_tag = answer["to"].split("tag=")[1]
        line.send(line.request("ACK", number=1))
        up = await hotline.until(LineUp)
        hotline.engine.hangup(up.line, "done")
        bye = await line.receive(lambda m: m.method == "BYE")
        assert bye["via"].startswith("SIP/2.0/TCP")


@story
async def test_a_phone_over_tls_registers_is_rung_down_its_own_connection_and_ends_the_call(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    async with Hotline(tls=certificates.listening, trusted=certificates.made.ca, seats=SEATS) as hotline:
        port = hotline.engine._sip.streams.bound("TLS")[1]
        phone = await Phone.open(trusted=certificates.made.ca)
        try:
            phone.on_call = OnCall(answer_after_s=0.0)
            await phone.register(f"127.0.0.1:{port}", "101", "s3cret", transport="TLS")
            assert (await hotline.until(SeatReach)).reachable
            (registered,) = hotline.engine._registrar.phones.to_ring("101")
            assert registered.to.transport == "TLS"
            hotline.engine.dial("l", "101", 5000)
            await hotline.until(LineUp)
            assert len(hotline.engine._sip.streams) == 1
            await phone.hangup()
            assert (await hotline.until(LineGone)).by == "far"
        finally:
            await phone.close()
        await eventually(lambda: not hotline.engine.reachable()["101"])


@story
async def test_a_phone_whose_connection_is_gone_costs_its_caller_nothing(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    async with Hotline(tls=certificates.listening, seats=SEATS) as hotline:
        port = hotline.engine._sip.streams.bound("TLS")[1]
        phone = await Phone.open(trusted=certificates.made.ca)
        await phone.register(f"127.0.0.1:{port}", "101", "s3cret", transport="TLS")
        phone._sip.close()  # its power fails
        await eventually(lambda: len(hotline.engine._sip.streams) == 0)
        begun = asyncio.get_running_loop().time()
        hotline.engine.dial("l", "101", 12_000)
        assert (await hotline.until(LineFailed)).reason == "unreachable"
        assert asyncio.get_running_loop().time() - begun < 3.5
        await phone._media.stop()


@story
async def test_messages_in_pieces_and_several_at_once_are_each_answered_and_pings_too() -> None:
    async with Hotline(tcp=True) as hotline, await Line.open(hotline.port) as line:
        first, second = line.request("OPTIONS"), line.request("OPTIONS")
        for cut in (first[:1], first[1:40], first[40:] + second + b"\r\n\r\n"):
            line.send(cut)
            await asyncio.sleep(0.02)
        assert [(await line.final("OPTIONS"))["cseq"] for _ in range(2)] == ["1 OPTIONS", "2 OPTIONS"]
        assert await line.reader.readexactly(2) == b"\r\n"


@story
async def test_junk_ends_its_own_connection_and_no_other() -> None:
    async with Hotline(tcp=True) as hotline, await Line.open(hotline.port) as honest:
        for junk in (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", b"\x16\x03\x01" + bytes(300), b"A" * 20_000):
            async with await Line.open(hotline.port) as line:
                line.send(junk)
                assert await line.closed()
        honest.send(honest.request("OPTIONS"))
        assert (await honest.final("OPTIONS")).code == 200


@story
async def test_silent_sockets_of_one_address_are_turned_away_and_those_that_stay_are_ended() -> None:
    async with Hotline(tcp=True) as hotline:
        streams = hotline.engine._sip.streams
        streams._book.bounds = Bounds(new_per_host=3, first_s=0.5)
        silent = [await Line.open(hotline.port) for _ in range(6)]
        assert sorted([await line.closed() for line in silent[3:]]) == [True] * 3
        async with await Line.open(hotline.port, host="127.0.0.2") as honest:
            honest.send(honest.request("OPTIONS"))
            assert (await honest.final("OPTIONS")).code == 200
            assert all([await line.closed() for line in silent])  # ... and they are over
            assert streams.counts["turned_away"] == 3 and len(streams) == 1
        for line in silent:
            await line.__aexit__()


@story
async def test_a_handshake_that_is_never_finished_is_ended_and_hinders_nobody(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    async with Hotline(tls=certificates.listening) as hotline:
        streams = hotline.engine._sip.streams
        streams._book.bounds = Bounds(new_per_host=3, first_s=0.5)
        port = streams.bound("TLS")[1]
        async with await Line.open(port) as silent, await Line.open(port, certificates.client()) as honest:
            honest.send(honest.request("OPTIONS"))
            assert (await honest.final("OPTIONS")).code == 200
            assert await silent.closed()
            await eventually(lambda: len(streams) == 1)


@story
async def test_the_hotline_answers_where_the_sender_says_when_its_connection_is_gone() -> None:
    heard: asyncio.Queue[Message] = asyncio.Queue()

    async def listening(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.put_nowait(await Line(reader, writer).receive())
        writer.close()

    server = await asyncio.start_server(listening, "127.0.0.1", 0)
    async with server, Hotline(auto=False, tcp=True) as hotline, await Line.open(hotline.port) as line:
        line.caller.port = server.sockets[0].getsockname()[1]
        line.send(line.request("INVITE", line.caller.sdp()))
        incoming = await hotline.until(Incoming)
        line.writer.close()
        await eventually(lambda: not hotline.engine._agent.connections)
        hotline.engine.hangup(incoming.line, "busy")
        assert (await asyncio.wait_for(heard.get(), PATIENCE_S)).code == 486


# --- the line to a provider --------------------------------------------------------------------


@story
async def test_the_trunk_registers_and_calls_over_one_tls_connection_to_a_provider_it_trusts(tmp_path: Path) -> None:
    certificates, provider = Certificates(tmp_path), Provider()
    port = await provider.open(certificates.server())
    trunk = TrunkConfig(f"localhost:{port}", "u", "s", transport="TLS")
    try:
        async with Hotline(trunk=trunk, trusted=certificates.made.ca) as hotline:
            await eventually(lambda: hotline.engine.trunk_state == "registered")
            hotline.engine.dial_number("l", "13900001111", 5000)
            await hotline.until(LineUp)
            await eventually(lambda: provider.of("ACK"))
            assert len(provider.lines) == 1
            for method in ("REGISTER", "INVITE", "ACK"):
                asked = provider.of(method)
                assert asked and all(one["via"].startswith("SIP/2.0/TLS") for one in asked)
            assert ";transport=tls" in provider.of("INVITE")[0]["contact"]
    finally:
        await provider.close()


@story
async def test_a_provider_with_a_certificate_nobody_vouches_for_gets_no_secret(tmp_path: Path) -> None:
    false, trusted, provider = Certificates(tmp_path / "a"), Certificates(tmp_path / "b"), Provider()
    port = await provider.open(false.server())
    trunk = TrunkConfig(f"localhost:{port}", "u", "s", transport="TLS")
    try:
        async with Hotline(trunk=trunk, trusted=trusted.made.ca) as hotline:
            await eventually(lambda: "certificate is not trusted" in hotline.engine.trunk_state)
            assert provider.heard == []
    finally:
        await provider.close()


@story
async def test_a_trunk_over_tcp_is_registered_anew_when_the_provider_restarts() -> None:
    provider = Provider()
    port = await provider.open()
    try:
        async with Hotline(trunk=TrunkConfig(f"127.0.0.1:{port}", "u", "s", transport="TCP")) as hotline:
            await eventually(lambda: hotline.engine.trunk_state == "registered")
            provider.lines[0].writer.close()
            await eventually(lambda: len(provider.of("REGISTER")) == 2)
            assert len(provider.lines) == 2
    finally:
        await provider.close()


@story
async def test_a_call_over_udp_is_as_before_where_tcp_is_listened_for_too() -> None:
    async with Hotline(tcp=True) as hotline:
        with Caller(hotline.port) as caller:
            answer = await caller.call()
            assert ";transport=" not in answer["contact"]
            await caller.hang_up()
