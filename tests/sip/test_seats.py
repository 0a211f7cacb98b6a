"""Ringing an operator's phone: answers, refusals, silence, and the races of CANCEL (RFC 3261 §9, §13.2)."""

from __future__ import annotations

import pytest

from ivr.telephony import LineFailed, LineGone, LineRinging, LineUp, SeatReach
from sip.core.config import SeatConfig, Timing
from tests.sip.raw import SDP, Caller, Hotline, Message, story

pytestmark = pytest.mark.network


def desk(phone: Caller) -> dict[str, object]:
    return {"seats": {"101": SeatConfig("101", uri=f"sip:101@127.0.0.1:{phone.port}")}}


def phone_socket() -> Caller:
    return Caller(1)


async def invited(phone: Caller) -> Message:
    return await phone.receive(lambda m: m.method == "INVITE")


@story
async def test_a_seat_rings_answers_and_hangs_up() -> None:
    with phone_socket() as phone:
        async with Hotline(**desk(phone)) as hotline:
            assert (await hotline.until(SeatReach)).reachable and hotline.engine.reachable() == {"101": True}
            hotline.engine.dial("call/101", "101", 12_000, '窗口A "138****5678"\r\nX: y')
            invite = await invited(phone)
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
    [
        (486, "busy"),
        (600, "busy"),
        (603, "declined"),
        (480, "unreachable"),
        (404, "unreachable"),
        (503, "unreachable"),
        (302, "unreachable"),
        (488, "refused"),
        (403, "refused"),
        (401, "error"),
        (500, "error"),
    ],
)
def test_why_a_seat_did_not_answer(code: int, reason: str) -> None:
    @story
    async def run() -> None:
        with phone_socket() as phone:
            async with Hotline(**desk(phone)) as hotline:
                hotline.engine.dial("l", "101", 12_000)
                invite = await invited(phone)
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
async def test_an_invite_is_repeated_until_something_comes_back() -> None:
    with phone_socket() as phone:
        async with Hotline(**desk(phone)) as hotline:
            hotline.engine.dial("l", "101", 12_000)
            first, second = await invited(phone), await invited(phone)
            assert first.text == second.text
            phone.reply(first, 486)
            await hotline.until(LineFailed)


@story
async def test_a_phone_that_says_nothing_at_all_is_unreachable() -> None:
    with phone_socket() as phone:
        async with Hotline(**desk(phone)) as hotline:
            hotline.engine.dial("l", "101", 12_000)
            assert (await hotline.until(LineFailed)).reason == "unreachable"


@story
async def test_a_phone_that_is_switched_off_is_known_at_once() -> None:
    with phone_socket() as phone:
        settings = desk(phone)
    async with Hotline(**settings, timing=Timing()) as hotline:
        hotline.engine.dial("l", "101", 12_000)
        failed = await hotline.until(LineFailed)  # long before the 12 s: the network said so
        assert failed.reason == "unreachable" and hotline.engine.counts["refused"] >= 1


@story
async def test_ringing_too_long_is_cancelled() -> None:
    with phone_socket() as phone:
        async with Hotline(**desk(phone)) as hotline:
            hotline.engine.dial("l", "101", 1500)
            invite = await invited(phone)
            phone.reply(invite, 180)
            cancel = await phone.receive(lambda m: m.method == "CANCEL")
            assert cancel["via"] == invite["via"]
            phone.reply(cancel, 200)
            phone.reply(invite, 487)
            await phone.receive(lambda m: m.method == "ACK")
            assert (await hotline.until(LineFailed)).reason == "no_answer"


@story
async def test_a_cancel_waits_for_the_first_provisional_answer() -> None:
    with phone_socket() as phone:
        async with Hotline(**desk(phone)) as hotline:
            hotline.engine.dial("l", "101", 12_000)
            invite = await invited(phone)
            hotline.engine.hangup("l", "caller_left")
            assert (await hotline.until(LineFailed)).reason == "cancelled"
            assert not [m for m in await phone.quiet(0.2) if m.method == "CANCEL"]
            phone.reply(invite, 180)
            phone.reply(await phone.receive(lambda m: m.method == "CANCEL"), 200)
            phone.reply(invite, 487)
            await phone.receive(lambda m: m.method == "ACK")


@story
async def test_an_answer_that_crosses_the_cancel_is_acknowledged_and_ended() -> None:
    with phone_socket() as phone:
        async with Hotline(**desk(phone)) as hotline:
            hotline.engine.dial("l", "101", 12_000)
            invite = await invited(phone)
            phone.reply(invite, 180)
            await hotline.until(LineRinging)
            hotline.engine.hangup("l", "caller_left")
            phone.reply(invite, 200, phone.sdp())
            await phone.receive(lambda m: m.method == "ACK")
            phone.reply(await phone.receive(lambda m: m.method == "BYE"), 200)
            assert not hotline.of(LineUp) and [e.reason for e in hotline.of(LineFailed)] == ["cancelled"]
            assert hotline.media.ports_in_use == 0


@story
async def test_a_second_phone_that_answers_the_same_call_is_ended() -> None:
    with phone_socket() as phone:
        async with Hotline(**desk(phone)) as hotline:
            hotline.engine.dial("l", "101", 12_000)
            invite = await invited(phone)
            phone.reply(invite, 200, phone.sdp(), tag="one")
            phone.reply(invite, 200, phone.sdp(), tag="two")
            bye = await phone.receive(lambda m: m.method == "BYE")
            assert "tag=two" in bye["to"]
            phone.reply(bye, 200)
            await hotline.until(LineUp)
            assert not hotline.of(LineGone)


@story
async def test_an_answer_without_usable_audio_fails_the_line() -> None:
    with phone_socket() as phone:
        async with Hotline(**desk(phone)) as hotline:
            hotline.engine.dial("l", "101", 12_000)
            phone.reply(await invited(phone), 200, SDP.format(port=0))
            phone.reply(await phone.receive(lambda m: m.method == "BYE"), 200)
            assert (await hotline.until(LineFailed)).reason == "error"
            assert not hotline.of(LineUp)


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
