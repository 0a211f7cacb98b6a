"""The line to a provider: registration, its failures, and whom to believe about the caller's number."""

from __future__ import annotations

import asyncio
import hashlib
import re

import pytest

from ivr.telephony import Incoming, LineFailed, LineGone, LineRinging, LineSpeaks, LineUp
from sip.core.config import SeatConfig, TrunkConfig
from tests.sip.raw import PATIENCE_S, Caller, Hotline, Message, story

pytestmark = pytest.mark.network

CHALLENGE = ("WWW-Authenticate", 'Digest realm="isp", nonce="n{0}", algorithm=MD5, qop="auth", opaque="o"')


def trunk(provider: Caller, **more: object) -> TrunkConfig:
    return TrunkConfig(f"127.0.0.1:{provider.port}", "02195598", "pass", **more)  # type: ignore[arg-type]


async def asked(provider: Caller) -> Message:
    return await provider.receive(lambda m: m.method == "REGISTER")


def challenge(provider: Caller, request: Message, nonce: str, extra: str = "") -> None:
    provider.reply(request, 401, extra=[(CHALLENGE[0], CHALLENGE[1].format(nonce) + extra)])


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def is_proven(request: Message, nonce: str) -> bool:
    given = dict(re.findall(r'(\w+)="?([^",]+)"?', request["authorization"]))
    ha1, ha2 = md5("02195598:isp:pass"), md5(f"REGISTER:{given['uri']}")
    expected = md5(f"{ha1}:{nonce}:{given['nc']}:{given['cnonce']}:auth:{ha2}")
    return given["response"] == expected and given["opaque"] == "o" and given["uri"] == request.uri


async def becomes(hotline: Hotline, state: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not hotline.engine.trunk_state.startswith(state):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@story
async def test_the_trunk_registers_refreshes_and_leaves() -> None:
    with Caller(1) as provider:
        async with Hotline(trunk=trunk(provider)) as hotline:
            challenge(provider, await asked(provider), "1")
            proven = await provider.receive(lambda m: m.method == "REGISTER" and bool(m["authorization"]))
            assert is_proven(proven, "n1") and "expires=300" in proven["contact"]
            provider.reply(proven, 200, extra=[("Expires", "1")])
            await becomes(hotline, "registered")
            refresh = await provider.receive(lambda m: m.method == "REGISTER" and m["cseq"] > proven["cseq"])
            assert refresh["call-id"] == proven["call-id"]
            provider.reply(refresh, 200, extra=[("Expires", "300")])
            stopping = asyncio.create_task(hotline.engine.stop())
            leaving = await provider.receive(lambda m: "expires=0" in m["contact"])
            provider.reply(leaving, 200)
            await stopping
            assert hotline.engine.trunk_state == "off"


@story
async def test_a_stale_nonce_is_tried_again_a_wrong_secret_is_not() -> None:
    with Caller(1) as provider:
        async with Hotline(trunk=trunk(provider)) as hotline:
            challenge(provider, await asked(provider), "1")
            challenge(provider, await provider.receive(lambda m: bool(m["authorization"])), "2", ", stale=true")
            again = await provider.receive(lambda m: 'nonce="n2"' in m["authorization"])
            assert is_proven(again, "n2")
            challenge(provider, again, "3")
            await becomes(hotline, "failed: wrong user or secret")


@story
async def test_a_longer_interval_is_taken_when_the_provider_wants_it() -> None:
    with Caller(1) as provider:
        async with Hotline(trunk=trunk(provider, expires=60)) as hotline:
            provider.reply(await asked(provider), 423, extra=[("Min-Expires", "900")])
            longer = await provider.receive(lambda m: m["expires"] == "900")
            provider.reply(longer, 200)
            await becomes(hotline, "registered")
            stopping = asyncio.create_task(hotline.engine.stop())
            provider.reply(await provider.receive(lambda m: m["expires"] == "0"), 200)
            await stopping


@story
async def test_a_provider_that_refuses_or_is_away_is_tried_again_with_pauses() -> None:
    with Caller(1) as provider:
        async with Hotline(trunk=trunk(provider)) as hotline:
            first = await asked(provider)
            provider.reply(first, 503)
            await becomes(hotline, "failed: 503")
            second = await provider.receive(lambda m: m.method == "REGISTER" and m["cseq"] != first["cseq"])
            provider.reply(second, 200)
            await becomes(hotline, "registered")
            stopping = asyncio.create_task(hotline.engine.stop())
            provider.reply(await provider.receive(lambda m: m["expires"] == "0"), 200)
            await stopping


@story
async def test_a_call_over_the_trunk_is_a_call_and_its_asserted_number_is_believed_only_when_told_to() -> None:
    for trusted, number in ((True, "13900001111"), (False, "13812345678")):
        with Caller(1) as provider:
            line = trunk(provider, register=False, trust_caller_header=trusted)
            async with Hotline(trunk=line) as hotline:
                provider.to = ("127.0.0.1", hotline.port)
                provider.uri = f"sip:02195598@127.0.0.1:{hotline.port}"
                await provider.call([("P-Asserted-Identity", "<sip:+8613900001111@isp.example>")])
                assert (hotline.of(Incoming)[0].caller, hotline.of(Incoming)[0].called) == (number, "02195598")
                await provider.hang_up()
                assert hotline.engine.trunk_state == "off"


def proves(request: Message, header: str, nonce: str, method: str) -> bool:
    given = dict(re.findall(r'(\w+)="?([^",]+)"?', request[header]))
    ha1, ha2 = md5("02195598:isp:pass"), md5(f"{method}:{given['uri']}")
    expected = md5(f"{ha1}:{nonce}:{given['nc']}:{given['cnonce']}:auth:{ha2}")
    return given["response"] == expected and given["uri"] == request.uri


@story
async def test_a_number_is_called_from_the_account_which_is_proven_and_the_caller_id_is_asserted() -> None:
    with Caller(1) as provider:
        async with Hotline(trunk=trunk(provider, register=False)) as hotline:
            hotline.engine.dial_number("out/1", "13800001111", 20_000, "037195598")
            first = await provider.receive(lambda m: m.method == "INVITE")
            assert first.uri == f"sip:13800001111@127.0.0.1:{provider.port}"
            assert first["from"].startswith("<sip:02195598@127.0.0.1")
            assert first["p-asserted-identity"] == f"<sip:037195598@127.0.0.1:{provider.port}>"
            header = 'Digest realm="isp", nonce="n1", algorithm=MD5, qop="auth"'
            provider.reply(first, 407, extra=[("Proxy-Authenticate", header)])
            proven = await provider.receive(lambda m: m.method == "INVITE" and bool(m["proxy-authorization"]))
            assert proves(proven, "proxy-authorization", "n1", "INVITE") and proven["call-id"] == first["call-id"]
            assert proven["p-asserted-identity"] == first["p-asserted-identity"]
            provider.reply(proven, 180)
            assert (await hotline.until(LineRinging)).line == "out/1"
            provider.reply(proven, 200, provider.sdp())
            assert (await hotline.until(LineUp)).line == "out/1"
            await provider.receive(lambda m: m.method == "ACK" and m["cseq"].split()[0] == proven["cseq"].split()[0])
            hotline.engine.hangup("out/1", "done")
            provider.reply(await provider.receive(lambda m: m.method == "BYE"), 200)


@story
async def test_a_second_challenge_ends_the_call_and_codes_of_the_network_are_told() -> None:
    with Caller(1) as provider:
        async with Hotline(trunk=trunk(provider, register=False)) as hotline:
            for n, code in enumerate((486, 603, 404, 407), 1):
                hotline.engine.dial_number(f"out/{n}", "13800001111", 20_000)
                asked = await provider.receive(lambda m: m.method == "INVITE")
                if code == 407:
                    for nonce in ("n1", "n2"):
                        header = f'Digest realm="isp", nonce="{nonce}", algorithm=MD5, qop="auth"'
                        provider.reply(asked, 407, extra=[("Proxy-Authenticate", header)])
                        if nonce == "n1":
                            asked = await provider.receive(lambda m: bool(m["proxy-authorization"]))
                else:
                    provider.reply(asked, code)
                await hotline.until(LineFailed, n)
            told = [(event.reason, event.code) for event in hotline.of(LineFailed)]
            assert told == [("busy", 486), ("declined", 603), ("unreachable", 404), ("error", 407)]


@story
async def test_what_the_network_says_before_an_answer_is_heard_by_the_operator_and_its_cause_is_told() -> None:
    """183 with sound (关机 停机 空号), then 480 with the far network's cause in a Reason header (RFC 3326)."""
    with Caller(1) as provider, Caller(9) as phone:
        seats = {"101": SeatConfig("101", uri=f"sip:101@127.0.0.1:{phone.port}")}
        async with Hotline(trunk=trunk(provider, register=False), seats=seats) as hotline:
            engine = hotline.engine
            engine.dial("out/seat", "101", 20_000)
            phone.reply(await phone.receive(lambda m: m.method == "INVITE"), 200, phone.sdp())
            await hotline.until(LineUp)
            engine.dial_number("out/citizen", "13800001111", 20_000)
            asked = await provider.receive(lambda m: m.method == "INVITE")
            provider.reply(asked, 183, provider.sdp())
            provider.reply(asked, 183, provider.sdp())
            assert (await hotline.until(LineSpeaks)).line == "out/citizen"
            engine.bridge("out/seat", "out/citizen")
            words = bytes(range(1, 161))  # as they are in the announcement's packets
            there = ("127.0.0.1", int(asked.body.split("m=audio ")[1].split()[0]))
            async with asyncio.timeout(PATIENCE_S):
                for number in range(500):
                    head = bytes([0x80, 8]) + number.to_bytes(2, "big") + (160 * number).to_bytes(4, "big") + b"said"
                    provider.rtp.sendto(head + words, there)
                    heard = await asyncio.get_running_loop().sock_recv(phone.rtp, 2048)
                    if heard[12:] == words:
                        break
            assert heard[12:] == words
            provider.reply(asked, 480, extra=[("Reason", 'Q.850;cause=20;text="Subscriber absent"')])
            failed = await hotline.until(LineFailed)
            assert (failed.line, failed.reason, failed.code, failed.q850) == ("out/citizen", "unreachable", 480, 20)
            assert len(hotline.of(LineSpeaks)) == 1 and not hotline.of(LineGone)  # the operator is still there
            engine.hangup("out/seat", "done")
            phone.reply(await phone.receive(lambda m: m.method == "BYE"), 200)


@story
async def test_without_a_trunk_and_for_anything_but_digits_nothing_is_sent() -> None:
    with Caller(1) as provider:
        async with Hotline() as none, Hotline(trunk=trunk(provider, register=False)) as hotline:
            none.engine.dial_number("out/1", "13800001111", 20_000)
            assert (await none.until(LineFailed)).reason == "unreachable"
            for n, number in enumerate(("138@evil.example", "138;x=1", "１３８００００１１１１", "138\r\nX: 1", ""), 1):
                hotline.engine.dial_number(f"out/{n}", number, 20_000)
                assert (await hotline.until(LineFailed, n)).reason == "refused"
            assert await provider.quiet() == []
