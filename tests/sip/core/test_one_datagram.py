"""One datagram must never cost a line: numbers that cannot be are refused, and nothing is left of them."""

from __future__ import annotations

import logging
from random import Random

import pytest

from sip.core.checks import Faulty, bounded
from sip.core.description import Description
from sip.core.loglimit import LogLimit
from sip.core.sdp import Unacceptable, read
from sip.core.sip_messages import parse
from tests.sip.core.caller import Caller
from tests.sip.core.house import House
from tests.sip.written import SDP

TWENTY = "9" * 20


def test_five_contacts_with_a_port_that_does_not_exist_do_not_shut_the_sixth_caller_out() -> None:
    house = House(max_calls=5)
    for _ in range(5):
        caller = Caller(house)
        caller.send(caller.request("INVITE", caller.sdp(), extra=[("Contact", "<sip:a@192.0.2.77:99999>")]))
        caller.expect(400)
    honest = Caller(house)
    honest.call()
    honest.hang_up()
    assert not house.ports and not house.agent.counts["failed"]


def test_an_sdp_port_that_does_not_exist_is_refused_and_nothing_is_written_about_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = House()
    caller = Caller(house)
    caller.send(caller.request("INVITE", SDP.format(port=70000)))
    caller.expect(488)
    caller.quiet()
    assert not house.calls and not caplog.records


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Contact", "<sip:a@192.0.2.77:65536>"),
        ("Contact", "<sip:a@192.0.2.77:-1>"),
        ("Contact", "<sip:a@192.0.2.77:0>"),
        ("Contact", f"<sip:a@192.0.2.77:{TWENTY}>"),
        ("Contact", "<tel:110>"),
        ("Record-Route", "<sip:192.0.2.77:5060;lr>, <sip:192.0.2.77:70000;lr>"),
        ("Route", f"<sip:192.0.2.77:{TWENTY};lr>"),
        ("Via", "SIP/2.0/UDP 192.0.2.77:65536;branch=z9hG4bKport"),
        ("Via", "SIP/2.0/UDP 192.0.2.77:5060;branch=z9hG4bKttl;ttl=256"),
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
    house = House()
    caller = Caller(house)
    caller.send(caller.request("INVITE", caller.sdp(), extra=[(name, value)]))
    caller.expect(400)
    assert not house.calls and not house.ports


@pytest.mark.parametrize("length", ["-1", "65536", TWENTY, "1e2"])
def test_a_length_outside_its_bounds_is_400_and_writes_no_line(length: str, caplog: pytest.LogCaptureFixture) -> None:
    house = House()
    caller = Caller(house)
    whole = caller.request("INVITE", caller.sdp()).decode()
    head, body = whole.split("\r\n\r\n")
    head = head.rpartition("Content-Length:")[0] + f"Content-Length: {length}"
    caller.send(f"{head}\r\n\r\n{body}".encode())
    caller.expect(400)
    caller.send(whole.encode() + b"more than was declared")
    caller.expect(200)
    assert not caplog.records


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_contact_that_cannot_be_is_refused_inside_a_call_too_and_the_call_goes_on(method: str) -> None:
    house = House()
    caller = Caller(house)
    caller.call()
    caller.send(caller.request(method, extra=[("Contact", "<sip:a@192.0.2.77:99999>")]))
    assert caller.final(method).code == 400
    house.hang_up("grace_timeout")
    caller.reply(caller.asked("BYE"), 200)
    assert not house.ports


@pytest.mark.parametrize("kind", ["128", "300", "-3", TWENTY])
def test_a_telephone_event_of_a_type_that_does_not_exist_is_refused(kind: str) -> None:
    offer = SDP.format(port=4000).replace("101", kind)
    with pytest.raises(Unacceptable):
        Description("127.0.0.1", 5000, 1, Random(1)).answer(read(offer.encode()), "127.0.0.1")


@pytest.mark.parametrize("kind", ["0", "8"])
def test_a_telephone_event_under_the_number_of_a_codec_is_ignored(kind: str) -> None:
    offer = SDP.format(port=4000).replace("a=rtpmap:101 ", f"a=rtpmap:{kind} ").replace(" 101", "")
    _, agreed = Description("127.0.0.1", 5000, 1, Random(1)).answer(read(offer.encode()), "127.0.0.1")
    assert agreed.dtmf_pt is None


@pytest.mark.parametrize("line", ["a=ptime:-1", "a=ptime:0", "a=ptime:1001", f"a=ptime:{TWENTY}"])
def test_a_packet_length_that_cannot_be_is_refused(line: str) -> None:
    with pytest.raises(Unacceptable):
        Description("127.0.0.1", 5000, 1, Random(1)).answer(read((SDP.format(port=4000) + line).encode()), "127.0.0.1")


@pytest.mark.parametrize("header", ["Contact", "Record-Route"])
def test_a_seat_that_answers_with_a_port_that_does_not_exist_is_acknowledged_and_ended(header: str) -> None:
    house = House()
    phone = Caller(house)
    house.dial(phone.address)
    invite = phone.asked("INVITE")
    phone.reply(invite, 200, phone.sdp(), extra=[(header, "<sip:101@192.0.2.77:99999;lr>")])
    phone.asked("ACK")
    phone.reply(phone.asked("BYE"), 200)
    assert house.ends == [("failure", "error")]
    assert not house.ports and not house.agent.counts["failed"]


def test_a_response_whose_number_is_not_ours_is_a_stray() -> None:
    house = House()
    phone = Caller(house)
    house.dial(phone.address)
    invite = phone.asked("INVITE")
    for number in ("x", "-1", TWENTY, "2"):
        invite.headers = [(n, f"{number} INVITE" if n == "cseq" else v) for n, v in invite.headers]
        phone.reply(invite, 200, phone.sdp())
    assert house.agent.counts["stray"] == 4 and not house.up


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


def test_an_error_of_ours_in_a_call_is_logged_once_and_ends_that_call(caplog: pytest.LogCaptureFixture) -> None:
    house = House()
    caller, other = Caller(house), Caller(house)
    other.call()
    caller.call()
    broken = house.calls[1]
    assert broken.stream.on_broken is not None
    broken.stream.on_broken(RuntimeError("broken"))
    house.run()
    caller.reply(caller.asked("BYE"), 200)
    assert house.ends == [("failure", "error")] and house.legs == {house.calls[0]} and len(house.ports) == 1
    assert len([r for r in caplog.records if r.levelno >= logging.ERROR]) == 1
    other.hang_up()
