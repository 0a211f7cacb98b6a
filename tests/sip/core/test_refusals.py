"""What is no call: malformed, unknown or unwanted requests, and junk (RFC 3261 §8.2)."""

from __future__ import annotations

import random

import pytest

from ivr.numbers import HOME
from sip.core.called import called_of
from sip.core.caller_id import caller_of
from sip.core.events import Ended, Invited
from tests.sip.core.caller import Caller
from tests.sip.core.house import HERE, NOTHING, House
from tests.sip.written import Headers, message


def test_an_unknown_require_is_420_and_named() -> None:
    house = House()
    caller = Caller(house)
    caller.send(caller.request("INVITE", caller.sdp(), extra=[("Require", "timer, precondition, foo")]))
    assert caller.expect(420)["unsupported"] == "precondition, foo"
    assert not house.calls


@pytest.mark.parametrize("method", ["BYE", "INVITE", "INFO", "UPDATE", "REFER"])
def test_a_request_for_an_unknown_dialog_is_481(method: str) -> None:
    house = House()
    caller = Caller(house)
    caller.remote_tag = "nobody"
    caller.send(caller.request(method))
    caller.expect(481)
    assert not house.calls


def test_a_dialog_is_not_another_callers() -> None:
    house = House()
    caller = Caller(house)
    caller.call()
    own, caller.tag = caller.tag, "stranger"
    caller.send(caller.request("BYE"))
    assert caller.final("BYE").code == 481
    caller.tag = own
    assert not house.of(Ended)
    caller.hang_up()


@pytest.mark.parametrize("header", ["From", "To", "Call-ID", "CSeq", "Contact"])
def test_a_missing_mandatory_header_is_400(header: str) -> None:
    house = House()
    caller = Caller(house)
    caller.send(caller.request("INVITE", caller.sdp(), drop=(header,)))
    got = caller.receive(lambda m: m.code >= 200)
    assert got.code == 400 and header.lower() in got.start.lower()
    assert not house.calls


@pytest.mark.parametrize("line", ["From: <sip:2@h>;tag=2", "t: <sip:2@h>", "I: another", "CSeq: 1 INVITE"])
def test_a_call_that_names_two_callers_is_400(line: str) -> None:
    house = House()
    caller = Caller(house)
    data = caller.request("INVITE", caller.sdp())
    caller.send(data.replace(b"\r\n", f"\r\n{line}\r\n".encode(), 1))
    assert caller.receive(lambda m: m.code >= 200).code == 400 and not house.calls


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        (("CSeq", "1 BYE"), 400),
        (("CSeq", "x INVITE"), 400),
        (("CSeq", "4294967296 INVITE"), 400),
        (("From", "<sip:a@b>"), 400),
        (("Max-Forwards", "0"), 483),
        (("Max-Forwards", "many"), 400),
        (("Content-Type", "application/xml"), 415),
    ],
)
def test_a_header_that_cannot_be(extra: tuple[str, str], code: int) -> None:
    house = House()
    caller = Caller(house)
    caller.send(caller.request("INVITE", caller.sdp(), extra=[extra]))
    caller.expect(code)
    assert not house.calls


def test_another_version_is_505_another_scheme_416_a_short_body_400() -> None:
    house = House()
    caller = Caller(house)
    request = caller.request("INVITE", caller.sdp())
    first, rest = request.split(b"\r\n", 1)
    caller.send(first.replace(b"SIP/2.0", b"SIP/7.0") + b"\r\n" + rest)
    caller.expect(505)
    caller.call_id = "scheme"
    caller.send(caller.request("INVITE", caller.sdp(), uri="mailto:a@b"))
    caller.receive(lambda m: m.code == 416)
    caller.call_id = "short"
    caller.send(caller.request("INVITE", caller.sdp())[:-20])
    caller.receive(lambda m: m.code == 400)


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("OPTIONS", 200),
        ("REFER", 603),
        ("SUBSCRIBE", 489),
        ("PUBLISH", 489),
        ("MESSAGE", 405),
        ("NOTIFY", 481),
        ("INFO", 481),
        ("BREW", 501),
    ],
)
def test_requests_outside_a_call(method: str, code: int) -> None:
    house = House()
    caller = Caller(house)
    caller.send(caller.request(method))
    got = caller.expect(code)
    if code in (200, 405, 501):
        assert "INVITE" in got["allow"] and "REFER" not in got["allow"]


def test_nothing_is_ever_relayed_to_another_place() -> None:
    """Toll fraud: an INVITE for somebody else is a call to the hotline like any other."""
    house = House()
    caller = Caller(house)
    elsewhere = Caller(house)
    caller.uri = f"sip:0088123456@{elsewhere.host}:{elsewhere.port}"
    caller.call()
    assert called_of(house.of(Invited)[0].transaction.request, ["request"]) == ("0088123456",)
    caller.hang_up()
    assert not elsewhere.quiet()


def test_compact_headers_tel_uris_and_utf8_names() -> None:
    house = House()
    caller = Caller(house)
    branch = caller.branch()
    body = caller.sdp()
    invite = message(
        "INVITE tel:95598 SIP/2.0",
        [
            ("v", f"SIP/2.0/UDP {caller.host}:{caller.port};branch={branch};rport"),
            ("f", f'"王 \\"小\\" <二>" <tel:+86-138-1234-5678>;tag={caller.tag}'),
            ("t", "tel:95598"),
            ("i", caller.call_id),
            ("CSeq", "1 INVITE"),
            ("m", f"<sip:a@{caller.host}:{caller.port}>"),
            ("c", "application/sdp"),
        ],
        body,
    ).replace(b"Content-Length", b"l")
    caller.send(invite)
    answer = caller.expect(200)
    assert '"王 \\"小\\" <二>"' in answer["from"]
    (invited,) = house.of(Invited)
    assert called_of(invited.transaction.request, ["request"]) == ("95598",)
    assert caller_of(invited.transaction.request, HOME, False) == "13812345678"
    tag = answer["to"].split("tag=")[1]
    headers = [
        ("v", f"SIP/2.0/UDP {caller.host}:{caller.port};branch={caller.branch()};rport"),
        ("f", f"<tel:+86-138-1234-5678>;tag={caller.tag}"),
        ("t", f"<tel:95598>;tag={tag}"),
        ("i", caller.call_id),
    ]
    caller.send(message(f"ACK {caller.uri} SIP/2.0", [*headers, ("CSeq", "1 ACK")]))
    house.hang_up("grace_timeout")
    bye = caller.asked("BYE")
    assert bye.uri == f"sip:a@{caller.host}:{caller.port}" and "<tel:95598>" in bye["from"]
    caller.reply(bye, 200)


def test_a_reply_goes_to_where_the_request_came_from() -> None:
    house = House()
    caller = Caller(house)
    via = f"SIP/2.0/UDP 10.9.8.7:5999;branch={caller.branch()};rport"
    caller.send(caller.request("OPTIONS", extra=[("Via", via)]))
    answer = caller.expect(200)
    assert f"rport={caller.port}" in answer["via"] and f"received={caller.host}" in answer["via"]


@pytest.mark.parametrize(
    ("headers", "number"),
    [
        ([("From", '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1')], None),
        ([("Privacy", "id")], None),
        ([("From", "<sip:alice@example.org>;tag=1")], None),
        ([("From", "<sip:+861065981234@example.org;user=phone>;tag=1")], "01065981234"),
        ([("From", "<sip:+4930123@example.org>;tag=1")], "004930123"),
        ([("P-Asserted-Identity", "<sip:110@evil.example>")], "13812345678"),
    ],
)
def test_who_calls(headers: Headers, number: str | None) -> None:
    house = House(answers=False)
    caller = Caller(house)
    caller.send(caller.request("INVITE", caller.sdp(), extra=headers))
    assert caller_of(house.of(Invited)[0].transaction.request, HOME, False) == number


def test_junk_is_counted_and_the_next_call_is_answered() -> None:
    house = House()
    caller = Caller(house)
    dice = random.Random(7)
    good = caller.request("OPTIONS")
    junk = [b"", b"\r\n\r\n", b"\x00" * 40, b"GET / HTTP/1.1\r\n\r\n", b"SIP/2.0 abc\r\n\r\n", b"INVITE\r\n"]
    junk += [
        b"SIP/2.0 200 OK\r\n\r\n",
        b"SIP/2.0 200 OK\r\nVia: x\r\n\r\n",
        b"ACK sip:x SIP/2.0\r\nVia: \r\n\r\n",
    ]
    junk += [dice.randbytes(dice.randrange(1, 600)) for _ in range(100)]
    for _ in range(300):  # good requests, cut or with bytes changed
        spoiled = bytearray(good[: dice.randrange(1, len(good))])
        for _ in range(dice.randrange(4)):
            spoiled[dice.randrange(len(spoiled))] = dice.randrange(256)
        junk.append(bytes(spoiled))
    for datagram in junk:
        caller.send(datagram)
        if dice.random() < 0.1:
            house.wait(0.01)
    house.wait(40)
    caller.call_id = "after"
    caller.call()
    caller.hang_up()
    assert house.agent.counts["junk"] > 100 and not house.agent.counts["failed"]


def test_spoiled_calls_and_what_follows_them_break_nothing() -> None:
    """Every header of a call is spoiled in turn; whatever was answered is then spoken to and ended."""
    values = [
        "",
        " ",
        "%0d%0aX: y",
        "<>",
        "<sip:>",
        "sip:%00@h",
        '"',
        "a,b",
        "1 INVITE",
        "-1",
        "<sip:a b@[::1>;tag",
        "张" * 300,
    ]
    names = ["Via", "From", "To", "Call-ID", "CSeq", "Contact", "Max-Forwards", "Require", "Session-Expires"]
    names += ["Record-Route", "Content-Type", "Allow", "Supported", "Privacy", "Expires", "Min-SE", "Timestamp"]
    house = House(max_calls=900)
    for name in names:
        caller = Caller(house)
        for turn, value in enumerate(values):
            caller.call_id = f"{name}-{turn}"
            for method in ("INVITE", "OPTIONS", "BYE", "REGISTER", "INFO", "CANCEL", "ACK"):
                caller.send(caller.request(method, caller.sdp() if method == "INVITE" else "", extra=[(name, value)]))
            house.wait(0.005)
    for value in values[2:]:
        caller = Caller(house)
        for line in ("v=", "o=", "c=", "t=", "m=audio ", "a=rtpmap:", "a=fmtp:", "a=ptime:", "b="):
            caller.call_id = caller.branch()
            sdp = caller.sdp().split("m=audio")[0] + f"{line}{value}\r\nm=audio" + caller.sdp().split("m=audio")[1]
            caller.send(caller.request("INVITE", sdp + f"{line}{value}\r\n"))
        caller.uri = f"sip:{value.replace(' ', '')}@{HERE.host}"
        caller.send(caller.request("INVITE", caller.sdp(), extra=[("Call-ID", caller.branch())]))
        house.wait(0.005)
    assert len(house.up) > 100
    house.wait(80)  # each is given up for want of an ACK, and so is the BYE that follows
    assert house.left == NOTHING and len(house.calls) == len(house.of(Ended))
    caller = Caller(house)
    caller.call()
    caller.hang_up()
