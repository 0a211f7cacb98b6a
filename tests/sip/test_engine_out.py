"""Seats and trunk on the built-in engine and real sockets: whom it rings, and over which line it calls."""

from __future__ import annotations

import asyncio
import hashlib
import re

import pytest

from ivr.telephony import AccessDenied, Incoming, LineFailed, LineGone, LineRinging, LineSpeaks, LineUp, SeatReach
from sip.core.config import SeatConfig, Timing, TrunkConfig
from tests.sip.raw import PATIENCE_S, Caller, Hotline, story
from tests.sip.written import Message, proof

pytestmark = pytest.mark.network


def desk(phone: Caller) -> dict[str, object]:
    return {"seats": {"101": SeatConfig("101", uri=f"sip:101@127.0.0.1:{phone.port}")}}


@story
async def test_a_seat_rings_answers_and_hangs_up() -> None:
    with Caller(1) as phone:
        async with Hotline(**desk(phone)) as hotline:
            assert (await hotline.until(SeatReach)).reachable and hotline.engine.reachable() == {"101": True}
            hotline.engine.dial("call/101", "101", 12_000, '窗口A "138****5678"\r\nX: y')
            invite = await phone.receive(lambda m: m.method == "INVITE")
            assert invite.uri == f"sip:101@127.0.0.1:{phone.port}"
            assert '"窗口A \\"138****5678\\"X: y"' in invite["from"] and not invite.all("x")
            assert " RTP/AVP 8 0 101" in invite.body
            phone.reply(invite, 100)
            phone.reply(invite, 183, phone.sdp())  # early media is ignored
            phone.reply(invite, 180)
            phone.reply(invite, 180)
            await hotline.until(LineRinging)
            phone.reply(invite, 200, phone.sdp())
            ack = await phone.receive(lambda m: m.method == "ACK")
            assert ack["cseq"] == f"{invite['cseq'].split()[0]} ACK" and "tag=phone" in ack["to"]
            phone.reply(invite, 200, phone.sdp())  # the ACK was lost: it is sent again
            await phone.receive(lambda m: m.method == "ACK")
            await hotline.until(LineUp)
            phone.to, phone.remote_tag = ("127.0.0.1", hotline.port), invite["from"].split("tag=")[1]
            phone.call_id, phone.tag = invite["call-id"], "phone"
            await phone.hang_up()
            await hotline.until(LineGone)
            assert [type(e).__name__ for e in hotline.events] == ["SeatReach", "LineRinging", "LineUp", "LineGone"]
            assert hotline.media.ports_in_use == 0


@pytest.mark.parametrize(
    ("code", "reason"),
    [(486, "busy"), (302, "unreachable"), (401, "error")],
)
def test_why_a_seat_did_not_answer(code: int, reason: str) -> None:
    @story
    async def run() -> None:
        with Caller(1) as phone:
            async with Hotline(**desk(phone)) as hotline:
                hotline.engine.dial("l", "101", 12_000)
                invite = await phone.receive(lambda m: m.method == "INVITE")
                extra = [("Contact", "<sip:0088123@127.0.0.1:9>")] if code == 302 else []
                phone.reply(invite, code, extra=extra)
                ack = await phone.receive(lambda m: m.method == "ACK")
                assert ack["via"] == invite["via"]  # same branch
                phone.reply(invite, code)  # our ACK was lost
                await phone.receive(lambda m: m.method == "ACK")
                failed = await hotline.until(LineFailed)
                assert (failed.reason, failed.code) == (reason, code)
                assert len(hotline.of(LineFailed)) == 1 and hotline.media.ports_in_use == 0

    run()


@story
async def test_a_phone_that_is_switched_off_is_known_at_once() -> None:
    with Caller(1) as phone:
        settings = desk(phone)
    async with Hotline(**settings, timing=Timing()) as hotline:
        hotline.engine.dial("l", "101", 12_000)
        failed = await hotline.until(LineFailed)  # long before the 12 s: the network said so
        assert failed.reason == "unreachable" and hotline.engine.counts["refused"] >= 1


@story
async def test_an_unknown_seat_and_one_that_is_not_registered_are_unreachable() -> None:
    async with Hotline(seats={"102": SeatConfig("102", "secret"), "103": SeatConfig("103", uri="tel:1")}) as hotline:
        for seat in ("nobody", "102", "103"):
            hotline.engine.dial(f"to-{seat}", seat, 1000)
        await hotline.until(LineFailed, 3)
        assert {e.reason for e in hotline.of(LineFailed)} == {"unreachable"}
        assert not hotline.engine.reachable()["102"]


@story
async def test_verbs_on_lines_that_are_gone_or_never_were_do_nothing() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            await caller.call()
            line = (await hotline.until(LineUp)).line
            await caller.hang_up()
            await hotline.until(LineGone)
            count, engine = len(hotline.events), hotline.engine
            for name in (line, "never"):
                engine.ring(name)
                engine.answer(name)
                engine.play(name, [], "t")
                engine.stop_play(name)
                engine.stop_record(name)
                engine.bridge(name, "other")
                engine.unbridge(name, "other")
                engine.hold(name, True)
                engine.hangup(name, "again")
            await caller.quiet(0.1)
            assert len(hotline.events) == count


async def registered(phone: Caller, *extra: tuple[str, str]) -> Message:
    """The answer to a registration of seat 101 that proved its secret."""
    headers = [("To", "<sip:101@127.0.0.1>"), *extra]
    phone.send(phone.request("REGISTER", extra=headers, uri="sip:127.0.0.1"))
    challenge = await phone.expect(401)
    phone.send(phone.request("REGISTER", extra=[*headers, proof(challenge, "sip:127.0.0.1")], uri="sip:127.0.0.1"))
    return await phone.expect(200)


@story
async def test_all_phones_of_a_seat_ring_and_the_first_to_lift_has_the_call() -> None:
    async with Hotline(seats={"101": SeatConfig("101", "s3cret")}) as hotline:
        with Caller(hotline.port, "101") as one, Caller(hotline.port, "101") as other:
            await registered(one)
            answer = await registered(other, ("Contact", "<sip:101@10.1.2.3:5060>"))  # behind address translation
            assert len(answer.all("contact")) == 2
            hotline.engine.dial("l", "101", 12_000)
            left, taken = [await phone.receive(lambda m: m.method == "INVITE") for phone in (one, other)]
            assert taken.uri == "sip:101@10.1.2.3:5060" and hotline.media.ports_in_use == 2
            one.reply(left, 180)
            other.reply(taken, 180)
            await hotline.until(LineRinging)
            other.reply(taken, 200, other.sdp(), extra=[])
            await other.receive(lambda m: m.method == "ACK")
            one.reply(await one.receive(lambda m: m.method == "CANCEL"), 200)
            one.reply(left, 487)
            await one.receive(lambda m: m.method == "ACK")
            assert [type(e).__name__ for e in hotline.events] == ["SeatReach", "LineRinging", "LineUp"]
            assert hotline.media.ports_in_use == 1


@story
async def test_a_phone_that_is_gone_is_found_by_asking_and_told_with_who_failed_to_register() -> None:
    async with Hotline(seats={"101": SeatConfig("101", "s3cret")}, qualify_s=0.2) as hotline:
        with Caller(hotline.port, "101") as phone:
            await registered(phone)
            phone.reply(await phone.receive(lambda m: m.method == "OPTIONS"), 200)
            headers = [("To", "<sip:101@127.0.0.1>")]
            phone.send(phone.request("REGISTER", extra=headers, uri="sip:127.0.0.1"))
            wrong = proof(await phone.expect(401), "sip:127.0.0.1", secret="guess")
            phone.send(phone.request("REGISTER", extra=[*headers, wrong], uri="sip:127.0.0.1"))
            await phone.expect(403)
            refused = await hotline.until(AccessDenied)
            assert (refused.kind, refused.account, refused.network) == ("InvalidPassword", "101", "127.0.0.0/24")
        assert not (await hotline.until(SeatReach, 2)).reachable  # its socket is closed


@story
async def test_registering_opens_no_way_out() -> None:
    """Toll fraud: the registrar takes seats, not numbers."""
    async with Hotline(seats={"101": SeatConfig("101", "s3cret")}) as hotline:
        with Caller(hotline.port, "101") as phone:
            await registered(phone)
            hotline.engine.dial("l", "0088123", 1000)
            assert (await hotline.until(LineFailed)).reason == "unreachable"


CHALLENGE = ("WWW-Authenticate", 'Digest realm="isp", nonce="n{0}", algorithm=MD5, qop="auth", opaque="o"')


def trunk(provider: Caller, **more: object) -> TrunkConfig:
    return TrunkConfig(f"127.0.0.1:{provider.port}", "02195598", "pass", **more)  # type: ignore[arg-type]


def challenge(provider: Caller, request: Message, nonce: str, extra: str = "") -> None:
    provider.reply(request, 401, extra=[(CHALLENGE[0], CHALLENGE[1].format(nonce) + extra)])


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


async def becomes(hotline: Hotline, state: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not hotline.engine.trunk_state.startswith(state):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@story
async def test_the_trunk_registers_refreshes_and_leaves() -> None:
    with Caller(1) as provider:
        async with Hotline(trunk=trunk(provider)) as hotline:
            challenge(provider, await provider.receive(lambda m: m.method == "REGISTER"), "1")
            proven = await provider.receive(lambda m: m.method == "REGISTER" and bool(m["authorization"]))
            assert proves(proven, "authorization", "n1", "REGISTER") and "expires=300" in proven["contact"]
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
            there = ("127.0.0.1", asked.media_port)
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
