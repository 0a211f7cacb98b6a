"""Inside a call: hold, keys by INFO, glare, session timers, routes (RFC 3261 §12, §14; RFC 4028)."""

from __future__ import annotations

import asyncio

import pytest

from ivr.telephony import Held, Incoming, Keyed, LineGone, LineUp
from tests.sip.raw import Caller, Hotline, Message, story

pytestmark = pytest.mark.network

PACKET = bytes([0x80, 8]) + (1).to_bytes(2, "big") + bytes(4) + b"abcd" + b"\xd5" * 160  # one of RTP


def media_port(answer: Message) -> int:
    """Where the hotline listens for sound, as its answer says."""
    return int(answer.body.split("m=audio ")[1].split()[0])


def holding(sdp: str) -> list[str]:
    return [
        sdp.replace("a=sendrecv", "a=sendonly"),
        sdp.replace("a=sendrecv", "a=inactive"),
        sdp.replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0"),
        sdp.replace("a=sendrecv\r\n", "").replace("t=0 0\r\n", "t=0 0\r\na=sendonly\r\n"),
    ]


@story
async def test_hold_in_all_its_forms_and_resume() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            await caller.call()
            answers = []
            for turn, body in enumerate(holding(caller.sdp())):
                caller.send(caller.request("INVITE", body))
                held = await caller.final()
                assert held.code == 200
                answers.append(held.body)
                caller.ack(held)
                assert (await hotline.until(Held, 2 * turn + 1)).held
                caller.send(caller.request("INVITE", caller.sdp()))
                resumed = await caller.final()
                assert "a=sendrecv" in resumed.body
                caller.ack(resumed)
                assert not (await hotline.until(Held, 2 * turn + 2)).held
            assert "a=recvonly" in answers[0] and "a=inactive" in answers[1] and "a=recvonly" in answers[3]
            versions = [int(body.split("o=- ")[1].split()[1]) for body in answers]
            assert versions == sorted(set(versions))
            await caller.hang_up()


@story
async def test_nothing_is_sent_to_a_caller_who_holds() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            await caller.call()
            await asyncio.wait_for(asyncio.get_running_loop().sock_recv(caller.rtp, 2000), 10)
            caller.send(caller.request("INVITE", holding(caller.sdp())[1]))
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
async def test_a_reinvite_without_an_offer_gets_ours() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            await caller.call()
            caller.send(caller.request("INVITE"))
            offer = await caller.final()
            assert " RTP/AVP 8 0 101" in offer.body
            caller.send(caller.request("INVITE", caller.sdp()))
            early = await caller.receive(lambda m: m.cseq == "INVITE" and m.code not in (100, 200))
            assert early.code == 500 and early["retry-after"]
            caller.send(caller.request("ACK", caller.sdp(), number=2))
            await caller.quiet(0.2)
            caller.number = iter(range(9, 99))  # type: ignore[assignment]
            await caller.hang_up()


@story
async def test_a_reinvite_we_cannot_speak_is_488_and_the_call_goes_on() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            await caller.call()
            invite = caller.request(
                "INVITE", caller.sdp().replace("RTP/AVP", "RTP/SAVPF"), number=2, branch="z9hG4bKsrtp"
            )
            caller.send(invite)
            assert (await caller.final()).code == 488
            caller.send(caller.request("ACK", number=2, branch="z9hG4bKsrtp"))
            assert not hotline.of(LineGone)
            caller.number = iter(range(9, 99))  # type: ignore[assignment]
            await caller.hang_up()


@story
async def test_crossing_reinvites_are_491() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            await caller.call(
                [("Session-Expires", "90;refresher=uas"), ("Supported", "timer"), ("Allow", "INVITE, BYE")]
            )
            leg = next(iter(hotline.engine._lines._of_leg))
            leg.reinvite()
            await caller.receive(lambda m: m.method == "INVITE")
            caller.send(caller.request("INVITE", caller.sdp()))
            assert (await caller.final()).code == 491


@pytest.mark.parametrize(
    ("kind", "body", "key"),
    [
        ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", "5"),
        ("application/dtmf-relay", "Signal= *\r\nDuration= 250\r\n", "*"),
        ("application/dtmf-relay", "Signal=11\r\nDuration=250\r\n", "#"),
        ("application/dtmf", "7", "7"),
        ("application/dtmf", "a\r\n", "A"),
        ("Application/DTMF-Relay;x=1", "duration=9\nsignal=0", "0"),
    ],
)
def test_keys_come_by_sip_info_too(kind: str, body: str, key: str) -> None:
    @story
    async def run() -> None:
        async with Hotline() as hotline:
            with Caller(hotline.port) as caller:
                await caller.call()
                info = caller.send(caller.request("INFO", body, kind=kind))
                assert (await caller.final("INFO")).code == 200
                caller.send(info)  # repeated: still one key
                assert (await caller.final("INFO")).code == 200
                await caller.hang_up()
                await hotline.until(LineGone)
                assert [e.key for e in hotline.of(Keyed)] == [key]

    run()


@story
async def test_an_info_that_is_no_key_is_refused_or_ignored() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            await caller.call()
            for body, kind, code in [
                ("<x/>", "application/xml", 415),
                ("Signal=?\r\n", "application/dtmf-relay", 400),
                ("", "", 200),
            ]:
                caller.send(caller.request("INFO", body, kind=kind))
                assert (await caller.final("INFO")).code == code
            await caller.hang_up()
            assert not hotline.of(Keyed)


@story
async def test_refer_is_603_and_the_call_stays() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            await caller.call()
            caller.send(caller.request("REFER", extra=[("Refer-To", "<sip:00881234@127.0.0.1>")]))
            await caller.expect(603)
            for method, code in [("SUBSCRIBE", 489), ("MESSAGE", 405), ("PRACK", 481), ("FOO", 501), ("OPTIONS", 200)]:
                caller.send(caller.request(method))
                assert (await caller.final(method)).code == code
            assert not hotline.of(LineGone)
            await caller.hang_up()


@story
async def test_a_request_out_of_order_is_500() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            await caller.call()
            caller.send(caller.request("BYE", number=1))
            assert (await caller.final("BYE")).code == 500
            await caller.hang_up()


@story
async def test_update_refreshes_target_and_session() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller, Caller(hotline.port) as elsewhere:
            await caller.call()
            caller.send(caller.request("UPDATE", holding(caller.sdp())[0]))
            assert "a=recvonly" in (await caller.final("UPDATE")).body
            await hotline.until(Held)
            caller.send(caller.request("UPDATE", extra=[("Contact", f"<sip:new@127.0.0.1:{elsewhere.port}>")]))
            assert (await caller.final("UPDATE")).code == 200
            hotline.engine.hangup(hotline.of(LineUp)[0].line, "grace_timeout")
            bye = await elsewhere.receive(lambda m: m.method == "BYE")
            assert bye.uri == f"sip:new@127.0.0.1:{elsewhere.port}"
            elsewhere.reply(bye, 200)


@story
async def test_the_route_set_is_kept_in_order() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller, Caller(hotline.port) as proxy:
            routes = [f"<sip:127.0.0.1:{proxy.port};lr>", "<sip:192.0.2.9;lr>"]
            answer = await caller.call([("Record-Route", ", ".join(routes))])
            assert answer.all("record-route") == routes
            hotline.engine.hangup((await hotline.until(LineUp)).line, "grace_timeout")
            bye = await proxy.receive(lambda m: m.method == "BYE")
            assert bye.all("route") == routes and bye.uri == f"sip:{caller.user}@127.0.0.1:{caller.port}"
            proxy.reply(bye, 200)


@story
async def test_a_bye_crossing_ours_is_answered_and_a_second_one_is_481() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            await caller.call()
            hotline.engine.hangup((await hotline.until(LineUp)).line, "grace_timeout")
            bye = await caller.receive(lambda m: m.method == "BYE")
            await caller.hang_up()
            caller.reply(bye, 200)
            caller.send(caller.request("BYE"))
            assert (await caller.final("BYE")).code == 481
            assert [(e.by, e.cause) for e in hotline.of(LineGone)] == [("us", "grace_timeout")]


@story
async def test_a_bye_before_the_answer_ends_the_invite_with_487() -> None:
    async with Hotline(auto=False) as hotline:
        with Caller(hotline.port) as caller:
            caller.send(caller.request("INVITE", caller.sdp()))
            hotline.engine.ring((await hotline.until(Incoming)).line)
            caller.remote_tag = (await caller.receive(lambda m: m.code == 180))["to"].split("tag=")[1]
            caller.send(caller.request("BYE"))
            finals = [await caller.receive(lambda m: m.code >= 200) for _ in range(2)]
            assert {(m.code, m.cseq) for m in finals} == {(200, "BYE"), (487, "INVITE")}
            assert (await hotline.until(LineGone)).by == "far"


@story
async def test_a_session_timer_we_refresh_and_one_that_runs_out() -> None:
    async with Hotline(min_session_s=1) as hotline:
        with Caller(hotline.port) as caller:
            answer = await caller.call([("Session-Expires", "2;refresher=uas"), ("Supported", "timer")])
            assert answer["session-expires"] == "2;refresher=uas"
            update = await caller.receive(lambda m: m.method == "UPDATE")
            assert update["session-expires"] == "2;refresher=uac"
            caller.reply(update, 200, extra=[("Session-Expires", "2;refresher=uac")])
            again = await caller.receive(lambda m: m.method == "UPDATE" and m["cseq"] != update["cseq"])
            caller.reply(again, 200, extra=[("Session-Expires", "2;refresher=uas")])  # now it is our turn
            bye = await caller.receive(lambda m: m.method == "BYE")
            caller.reply(bye, 200)
            assert hotline.of(LineGone)[0].cause == "session_expired"


@story
async def test_a_session_interval_below_the_minimum_is_422() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            caller.send(caller.request("INVITE", caller.sdp(), extra=[("x", "30"), ("k", "timer")]))
            assert (await caller.expect(422))["min-se"] == "90"


@story
async def test_a_far_end_that_vanished_is_noticed_by_its_silence() -> None:
    async with Hotline(rtp_timeout_s=0.5) as hotline:
        with Caller(hotline.port) as caller:
            answer = await caller.call()
            caller.rtp.sendto(PACKET, ("127.0.0.1", media_port(answer)))
            await caller.receive(lambda m: m.method == "OPTIONS")
            caller.reply(await caller.receive(lambda m: m.method == "BYE"), 200)
            gone = await hotline.until(LineGone)
            assert (gone.by, gone.cause) == ("failure", "rtp_timeout")


@story
@pytest.mark.parametrize("sends", [False, True], ids=["who never sent sound", "who fell silent"])
@pytest.mark.parametrize("code", [200, 405, 500])
async def test_a_caller_who_only_listens_is_kept_while_his_phone_answers(sends: bool, code: int) -> None:
    async with Hotline(rtp_timeout_s=0.2) as hotline:
        with Caller(hotline.port) as caller:
            caller.here = code
            answer = await caller.call()
            if sends:
                caller.rtp.sendto(PACKET, ("127.0.0.1", media_port(answer)))
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
@pytest.mark.parametrize("code", [408, 481])
async def test_a_phone_that_knows_nothing_of_the_call_ends_it(code: int) -> None:
    async with Hotline(rtp_timeout_s=0.2) as hotline:
        with Caller(hotline.port) as caller:
            caller.here = code
            await caller.call()
            caller.reply(await caller.receive(lambda m: m.method == "BYE"), 200)
            assert (await hotline.until(LineGone)).cause == "lost"


@story
async def test_a_bye_before_the_ack_ends_the_call_and_its_repetitions() -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            caller.send(caller.request("INVITE", caller.sdp()))
            caller.remote_tag = (await caller.expect(200))["to"].split("tag=")[1]
            caller.send(caller.request("BYE"))
            await caller.receive(lambda m: m.cseq == "BYE" and m.code == 200)
            assert (await hotline.until(LineGone)).by == "far"
            await caller.quiet(0.1)
            assert not await caller.quiet(0.3) and hotline.media.ports_in_use == 0


@story
async def test_a_session_refreshed_without_an_interval_does_not_run_out() -> None:
    async with Hotline(min_session_s=1) as hotline:
        with Caller(hotline.port) as caller:
            answer = await caller.call([("Session-Expires", "1"), ("Supported", "timer")])
            assert answer["session-expires"] == "1;refresher=uac" and answer["require"] == "timer"
            caller.send(caller.request("INVITE", caller.sdp()))
            caller.ack(await caller.final())
            await caller.quiet(1.5)
            assert not hotline.of(LineGone)
            await caller.hang_up()


@story
async def test_an_offer_before_the_answer_has_to_wait() -> None:
    async with Hotline(auto=False) as hotline:
        with Caller(hotline.port) as caller:
            caller.send(caller.request("INVITE", caller.sdp()))
            hotline.engine.ring((await hotline.until(Incoming)).line)
            caller.remote_tag = (await caller.receive(lambda m: m.code == 180))["to"].split("tag=")[1]
            caller.send(caller.request("UPDATE", caller.sdp()))
            assert (await caller.final("UPDATE"))["retry-after"]
            caller.send(caller.request("INVITE", caller.sdp()))
            assert (await caller.receive(lambda m: m.code >= 200)).code == 500
            with pytest.raises(BlockingIOError):
                caller.rtp.recv(2000)
