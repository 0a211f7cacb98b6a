"""One datagram must never cost a line: numbers that cannot be, and what an error of ours may break."""

from __future__ import annotations

import logging

import pytest

from ivr.telephony import LineFailed, LineGone, LineUp
from sip.core.checks import Faulty, bounded
from sip.core.config import SeatConfig
from sip.core.description import Description
from sip.core.loglimit import LogLimit
from sip.core.sdp import Unacceptable, read
from sip.core.wire import parse
from sip.embedded.stream import Stream
from sip.embedded.udp import UdpSocket
from tests.sip.raw import SDP, Caller, Hotline, story

pytestmark = pytest.mark.network

TWENTY = "9" * 20


@story
async def test_five_contacts_with_a_port_that_does_not_exist_do_not_shut_the_sixth_caller_out() -> None:
    async with Hotline(max_calls=5) as hotline:
        for _ in range(5):
            with Caller(hotline.port) as caller:
                caller.send(caller.request("INVITE", caller.sdp(), extra=[("Contact", "<sip:a@127.0.0.1:99999>")]))
                await caller.expect(400)
        with Caller(hotline.port) as honest:
            await honest.call()
            await honest.hang_up()
        assert hotline.media.ports_in_use == 0 and not hotline.engine.counts["failed"]


@story
async def test_an_sdp_port_that_does_not_exist_is_refused_and_nothing_is_written_about_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with Hotline() as hotline:
        with Caller(hotline.port) as caller:
            caller.send(caller.request("INVITE", SDP.format(port=70000)))
            await caller.expect(488)
            await caller.quiet(0.1)
        assert not hotline.events and not caplog.records


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Contact", "<sip:a@127.0.0.1:65536>"),
        ("Contact", "<sip:a@127.0.0.1:-1>"),
        ("Contact", "<sip:a@127.0.0.1:0>"),
        ("Contact", f"<sip:a@127.0.0.1:{TWENTY}>"),
        ("Contact", "<tel:110>"),
        ("Record-Route", "<sip:127.0.0.1:5060;lr>, <sip:127.0.0.1:70000;lr>"),
        ("Route", f"<sip:127.0.0.1:{TWENTY};lr>"),
        ("Via", "SIP/2.0/UDP 127.0.0.1:65536;branch=z9hG4bKport"),
        ("Via", "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKttl;ttl=256"),
        ("CSeq", "-1 INVITE"),
        ("CSeq", f"{TWENTY} INVITE"),
        ("CSeq", "² INVITE"),
        ("Max-Forwards", "256"),
        ("Max-Forwards", "-1"),
        ("Expires", "4294967296"),
        ("Session-Expires", "-1"),
        ("Session-Expires", f"{TWENTY};refresher=uac"),
        ("Min-SE", "4294967296"),
        ("RSeq", "0"),
    ],
)
def test_a_number_outside_its_bounds_is_400(name: str, value: str) -> None:
    @story
    async def run() -> None:
        async with Hotline() as hotline:
            with Caller(hotline.port) as caller:
                caller.send(caller.request("INVITE", caller.sdp(), extra=[(name, value)]))
                await caller.expect(400)
                assert not hotline.events and hotline.media.ports_in_use == 0

    run()


@pytest.mark.parametrize("length", ["-1", "65536", TWENTY, "1e2"])
def test_a_length_outside_its_bounds_is_400_and_writes_no_line(length: str, caplog: pytest.LogCaptureFixture) -> None:
    @story
    async def run() -> None:
        async with Hotline() as hotline:
            with Caller(hotline.port) as caller:
                whole = caller.request("INVITE", caller.sdp()).decode()
                head, body = whole.split("\r\n\r\n")
                head = head.rpartition("Content-Length:")[0] + f"Content-Length: {length}"
                caller.send(f"{head}\r\n\r\n{body}".encode())
                await caller.expect(400)
                caller.send(whole.encode() + b"more than was declared")
                await caller.expect(200)
                assert not caplog.records

    run()


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_contact_that_cannot_be_is_refused_inside_a_call_too_and_the_call_goes_on(method: str) -> None:
    @story
    async def run() -> None:
        async with Hotline() as hotline:
            with Caller(hotline.port) as caller:
                await caller.call()
                caller.send(caller.request(method, extra=[("Contact", "<sip:a@127.0.0.1:99999>")]))
                assert (await caller.final(method)).code == 400
                hotline.engine.hangup(hotline.of(LineUp)[0].line, "grace_timeout")
                caller.reply(await caller.receive(lambda m: m.method == "BYE"), 200)
                assert hotline.media.ports_in_use == 0

    run()


@pytest.mark.parametrize("kind", ["128", "300", "-3", TWENTY])
def test_a_telephone_event_of_a_type_that_does_not_exist_is_refused(kind: str) -> None:
    offer = SDP.format(port=4000).replace("101", kind)
    with pytest.raises(Unacceptable):
        Description("127.0.0.1", 5000, 1).answer(read(offer.encode()), "127.0.0.1")


@pytest.mark.parametrize("kind", ["0", "8"])
def test_a_telephone_event_under_the_number_of_a_codec_is_ignored(kind: str) -> None:
    offer = SDP.format(port=4000).replace("a=rtpmap:101 ", f"a=rtpmap:{kind} ").replace(" 101", "")
    _, agreed = Description("127.0.0.1", 5000, 1).answer(read(offer.encode()), "127.0.0.1")
    assert agreed.dtmf_pt is None


@pytest.mark.parametrize("line", ["a=ptime:-1", "a=ptime:0", "a=ptime:1001", f"a=ptime:{TWENTY}"])
def test_a_packet_length_that_cannot_be_is_refused(line: str) -> None:
    with pytest.raises(Unacceptable):
        Description("127.0.0.1", 5000, 1).answer(read((SDP.format(port=4000) + line).encode()), "127.0.0.1")


@pytest.mark.parametrize("header", ["Contact", "Record-Route"])
def test_a_seat_that_answers_with_a_port_that_does_not_exist_is_acknowledged_and_ended(header: str) -> None:
    @story
    async def run() -> None:
        with Caller(1) as phone:
            seat = SeatConfig("101", uri=f"sip:101@127.0.0.1:{phone.port}")
            async with Hotline(seats={"101": seat}) as hotline:
                hotline.engine.dial("l", "101", 12_000)
                invite = await phone.receive(lambda m: m.method == "INVITE")
                phone.reply(invite, 200, phone.sdp(), extra=[(header, "<sip:101@127.0.0.1:99999;lr>")])
                await phone.receive(lambda m: m.method == "ACK")
                phone.reply(await phone.receive(lambda m: m.method == "BYE"), 200)
                assert (await hotline.until(LineFailed)).reason == "error"
                assert hotline.media.ports_in_use == 0 and not hotline.engine.counts["failed"]

    run()


@story
async def test_a_response_whose_number_is_not_ours_is_a_stray() -> None:
    with Caller(1) as phone:
        seat = SeatConfig("101", uri=f"sip:101@127.0.0.1:{phone.port}")
        async with Hotline(seats={"101": seat}) as hotline:
            hotline.engine.dial("l", "101", 12_000)
            invite = await phone.receive(lambda m: m.method == "INVITE")
            for number in ("x", "-1", TWENTY, "2"):
                invite.headers = [(n, f"{number} INVITE" if n == "cseq" else v) for n, v in invite.headers]
                phone.reply(invite, 200, phone.sdp())
            await phone.quiet(0.1)
            assert hotline.engine.counts["stray"] == 4 and not hotline.of(LineUp)


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


def test_lines_of_one_kind_are_bounded_and_what_was_held_back_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    limit = LogLimit(logging.getLogger("flood"), lines=3)
    for turn in range(1000):
        limit.say(turn / 1000, logging.ERROR, "from %s", turn)
    limit.say(1.0, logging.ERROR, "another kind")
    assert [record.getMessage() for record in caplog.records] == ["from 0", "from 1", "from 2", "another kind"]
    limit.say(61.0, logging.ERROR, "from %s", "later")
    assert [record.getMessage() for record in caplog.records][4:] == [
        "997 more like the next one were not written",
        "from later",
    ]


def test_a_message_within_its_bounds_is_left_alone() -> None:
    text = (
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP [::1]:65535;branch=z9hG4bKx;rport=1;ttl=255\r\nCSeq: 1 INVITE\r\n"
        "Max-Forwards: 0\r\nExpires: 4294967295\r\nSession-Expires: 90;refresher=uac\r\nRSeq: 4294967295\r\n"
        "Contact: <sip:a@[::1]:1>\r\nRecord-Route: <sips:proxy.example;lr>\r\nContent-Length: 0\r\n\r\n"
    )
    bounded(parse(text.encode()))
    with pytest.raises(Faulty):
        bounded(parse(text.replace("]:65535", "]:65536").encode()))
