"""Setting a call up: offers and answers, CANCEL, repetitions, lost ACKs (RFC 3261 §9, §13, §17)."""

from __future__ import annotations

import asyncio

import pytest

from ivr.telephony import Incoming, Keyed, LineGone, LineUp
from sip.core.wire import Addr
from sip.embedded.phone import Phone
from tests.sip.raw import FAST, Caller, Hotline, story

pytestmark = pytest.mark.network


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
async def test_ringing_is_told_with_180_and_the_same_tag_as_the_answer() -> None:
    async with Hotline(auto=False) as hotline:
        with Caller(hotline.port) as caller:
            caller.send(caller.request("INVITE", caller.sdp()))
            line = (await hotline.until(Incoming)).line
            hotline.engine.ring(line)
            ringing = await caller.receive(lambda m: m.code == 180)
            hotline.engine.answer(line)
            answer = await caller.expect(200)
            assert ringing["to"] == answer["to"] and "tag=" in answer["to"]
            caller.ack(answer)
            await caller.hang_up()


@story
async def test_a_law_is_chosen_when_both_are_offered_and_mu_law_when_it_is_alone() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            answer = await caller.call()
            assert " RTP/AVP 8 101" in answer.body
            await caller.hang_up()
        with Caller(hotline.port) as caller:
            only_mu = caller.sdp().replace("AVP 8 0 101", "AVP 0").replace("a=rtpmap:8 PCMA/8000\r\n", "")
            caller.send(caller.request("INVITE", only_mu))
            answer = await caller.expect(200)
            assert " RTP/AVP 0\r\n" in answer.body
            caller.ack(answer)
            await caller.hang_up()


@story
async def test_telephone_events_keep_the_payload_type_the_caller_chose() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            caller.send(caller.request("INVITE", caller.sdp().replace("101", "96")))
            answer = await caller.expect(200)
            assert " RTP/AVP 8 96" in answer.body and "a=rtpmap:96 telephone-event/8000" in answer.body
            caller.ack(answer)
            await caller.hang_up()


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
async def test_a_late_offer_that_is_never_answered_ends_the_call() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            caller.send(caller.request("INVITE"))
            caller.ack(await caller.expect(200))
            assert (await hotline.until(LineGone)).by == "failure"
            assert hotline.media.ports_in_use == 0


@story
async def test_of_several_media_lines_only_audio_is_taken() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            video = "m=video 40000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
            head, audio = caller.sdp().split("m=audio")
            caller.send(caller.request("INVITE", f"{head}{video}m=audio{audio}m=application 9 TCP/TLS 1\r\n"))
            answer = await caller.expect(200)
            media = [line for line in answer.body.split("\r\n") if line.startswith("m=")]
            assert media[0].startswith("m=video 0 ") and media[2].startswith("m=application 0 ")
            assert media[1].startswith("m=audio ") and not media[1].startswith("m=audio 0 ")
            caller.ack(answer)
            await caller.hang_up()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda sdp: sdp.replace("AVP 8 0 101", "AVP 18").replace("8 PCMA", "18 G729"), 488),
        (lambda sdp: sdp.replace("RTP/AVP", "RTP/SAVPF"), 488),
        (lambda sdp: sdp.replace("m=audio", "m=video"), 488),
        (lambda sdp: sdp[: sdp.index("m=")], 488),
        (lambda sdp: sdp.replace("c=IN IP4 127.0.0.1\r\n", ""), 488),
        (lambda sdp: sdp.replace("m=audio", "m=audio x"), 488),
    ],
    ids=["only G.729", "SRTP", "only video", "no media", "no address", "unreadable"],
)
def test_an_offer_we_cannot_speak_is_refused_with_488(change, code) -> None:  # type: ignore[no-untyped-def]
    @story
    async def run() -> None:
        async with Hotline() as hotline:
            with Caller(hotline.port) as caller:
                caller.send(caller.request("INVITE", change(caller.sdp())))
                await caller.expect(code)
                assert not hotline.events and hotline.media.ports_in_use == 0

    run()


@story
async def test_a_cancel_before_the_answer_gets_200_and_the_invite_487() -> None:
    async with Hotline(auto=False) as hotline:
        with Caller(hotline.port) as caller:
            invite = caller.request("INVITE", caller.sdp(), number=1, branch="z9hG4bKcancelled")
            caller.send(invite)
            line = (await hotline.until(Incoming)).line
            caller.send(caller.request("CANCEL", number=1, branch="z9hG4bKcancelled"))
            finals = [await caller.receive(lambda m: m.code >= 200) for _ in range(2)]
            assert {(m.code, m.cseq) for m in finals} == {(200, "CANCEL"), (487, "INVITE")}
            gone = await hotline.until(LineGone)
            assert (gone.by, gone.cause) == ("far", "cancelled")
            hotline.engine.answer(line)  # too late: ignored
            caller.send(caller.request("ACK", number=1, branch="z9hG4bKcancelled"))
            await caller.quiet()
            assert not hotline.of(LineUp) and len(hotline.of(LineGone)) == 1
            with pytest.raises(BlockingIOError):
                caller.rtp.recv(2000)  # no audio was ever sent


@story
async def test_a_cancel_after_the_answer_changes_nothing() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            caller.send(caller.request("INVITE", caller.sdp(), number=1, branch="z9hG4bKlate"))
            answer = await caller.expect(200)
            caller.send(caller.request("CANCEL", number=1, branch="z9hG4bKlate"))
            assert (await caller.final("CANCEL")).code == 200
            caller.number = iter(range(2, 99))  # type: ignore[assignment]
            caller.ack(answer)
            await caller.hang_up()
            assert (await hotline.until(LineGone)).cause == "bye"


@story
async def test_a_cancel_for_nothing_gets_481() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            caller.send(caller.request("CANCEL"))
            await caller.expect(481)


@story
async def test_an_invite_repeated_before_and_after_the_200_is_one_call() -> None:
    async with Hotline(auto=False) as hotline:
        with Caller(hotline.port) as caller:
            invite = caller.send(caller.request("INVITE", caller.sdp()))
            line = (await hotline.until(Incoming)).line
            hotline.engine.ring(line)
            await caller.receive(lambda m: m.code == 180)
            caller.send(invite)
            await caller.receive(lambda m: m.code == 180)
            hotline.engine.answer(line)
            first = await caller.expect(200)
            caller.send(invite)
            again = await caller.expect(200)
            assert again.text == first.text
            caller.ack(first)
            caller.send(invite)
            await caller.quiet()
            assert len(hotline.of(Incoming)) == 1 and hotline.media.ports_in_use == 1
            await caller.hang_up()


@story
async def test_the_same_invite_over_another_path_is_482() -> None:
    async with Hotline(auto=False) as hotline:
        with Caller(hotline.port) as caller:
            caller.send(caller.request("INVITE", caller.sdp(), number=1))
            caller.send(caller.request("INVITE", caller.sdp(), number=1))
            await caller.expect(482)
            assert len(hotline.of(Incoming)) == 1


@story
async def test_a_200_is_repeated_until_its_ack_comes() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            caller.send(caller.request("INVITE", caller.sdp()))
            first = await caller.expect(200)
            second = await caller.expect(200)
            assert first.text == second.text
            caller.ack(second)
            await caller.quiet(0.2)  # what was on its way
            assert not await caller.quiet(0.4)
            await caller.hang_up()


@story
async def test_without_any_ack_the_call_ends_with_bye_and_frees_its_port() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            caller.send(caller.request("INVITE", caller.sdp()))
            await caller.expect(200)
            bye = await caller.receive(lambda m: m.method == "BYE")
            caller.reply(bye, 200)
            gone = await hotline.until(LineGone)
            assert (gone.by, gone.cause) == ("failure", "no_ack")
            assert hotline.media.ports_in_use == 0


@story
async def test_a_hang_up_of_ours_before_the_ack_waits_for_it_with_its_bye() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            caller.send(caller.request("INVITE", caller.sdp()))
            answer = await caller.expect(200)
            hotline.engine.hangup((await hotline.until(LineUp)).line, "grace_timeout")
            assert (await hotline.until(LineGone)).by == "us"
            assert not [m for m in await caller.quiet(0.1) if m.method == "BYE"]
            caller.ack(answer)
            bye = await caller.receive(lambda m: m.method == "BYE")
            caller.reply(bye, 200)


@story
async def test_a_refused_call_is_repeated_until_its_ack_and_the_ack_is_absorbed() -> None:
    async with Hotline(auto=False) as hotline:
        with Caller(hotline.port) as caller:
            caller.send(caller.request("INVITE", caller.sdp(), number=1, branch="z9hG4bKbusy"))
            hotline.engine.hangup((await hotline.until(Incoming)).line, "busy")
            await caller.expect(486)
            await caller.expect(486)
            caller.send(caller.request("ACK", number=1, branch="z9hG4bKbusy"))
            await caller.quiet(0.2)
            assert not await caller.quiet(0.3)
            assert (await hotline.until(LineGone)).by == "us"


@story
async def test_a_call_nobody_answers_ends_by_itself() -> None:
    async with Hotline(auto=False, setup_timeout_s=0.2) as hotline:
        with Caller(hotline.port) as caller:
            caller.send(caller.request("INVITE", caller.sdp()))
            await caller.expect(480)
            gone = await hotline.until(LineGone)
            assert (gone.by, gone.cause) == ("failure", "setup_timeout")


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
        assert (await hotline.until(Keyed)).key == "5"
        await phone.close()
        assert (await hotline.until(LineGone)).cause == "bye"
