"""The session description of a call, wherever in the body it stands and however it is spelled."""

from __future__ import annotations

import base64
import quopri

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sip.core.sip_messages import parse
from tests.sip.core.house import House, codes
from tests.sip.core.script import SDP, Text, request

ISUP = b"Content-Type: application/ISUP;version=itu-t92+;base=itu-t92+\r\n\r\n\x01\x00\r\n\r\n--\n\xff\x00"
PLAIN = "".join(f"{line}\r\n" for line in SDP).encode()


def invite(kind: str, body: bytes, end: bytes = b"\r\n") -> bytes:
    """An INVITE with any body. ``end``: how its header lines end."""
    lines = [*request("INVITE", 1, "gateway").head, f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    return end.join(line.encode() for line in lines) + 2 * end + body


def multipart(*parts: bytes, boundary: str = "b1", end: bytes = b"\r\n") -> bytes:
    mark = b"--" + boundary.encode()
    return b"".join(mark + end + part + end for part in parts) + mark + b"--" + end


def part(body: bytes, kind: str = "application/sdp", extra: str = "", end: bytes = b"\r\n") -> bytes:
    return f"Content-Type: {kind}".encode() + end + (extra.encode() + end if extra else b"") + end + body


def answered(kind: str, body: bytes, end: bytes = b"\r\n") -> House:
    """The hotline after such an INVITE: it must have the call, with sound to the caller's port."""
    house = House()
    sent = house.receive(invite(kind, body, end))
    assert codes(sent, "INVITE") == [100, 200], sent
    (leg,) = house.legs
    assert leg.stream.remote == ("192.0.2.77", 40000)  # type: ignore[attr-defined]
    return house


NESTED = multipart(
    b"Content-Type: multipart/related; boundary=in\r\n\r\n" + multipart(ISUP, part(PLAIN), boundary="in"), ISUP
)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/mixed;boundary=b1", multipart(part(PLAIN), ISUP)),
        ("multipart/mixed;boundary=b1", multipart(ISUP, part(PLAIN))),
        ('Multipart/Mixed ; Charset=x; BOUNDARY = "b1" ;a=b', multipart(ISUP, part(PLAIN))),
        ('multipart/mixed;boundary="a b\'()+_,-./:=?c"', multipart(part(PLAIN), boundary="a b'()+_,-./:=?c")),
        ("multipart/mixed;boundary=un/quoted:=?x", multipart(part(PLAIN), boundary="un/quoted:=?x")),
        ("multipart/mixed;boundary=--b1", multipart(part(PLAIN), boundary="--b1")),
        (r'multipart/mixed;boundary="a\"b"', multipart(part(PLAIN), boundary='a"b')),
        ("multipart/mixed;boundary=b1", multipart(part(PLAIN))[:-8]),  # the last boundary never comes
        ("multipart/mixed;boundary=b1", b"This is for old mail readers.\r\n" + multipart(part(PLAIN)) + b"bye"),
        ("multipart/mixed;boundary=b1", multipart(b"\r\nno type at all", part(PLAIN))),
        ("multipart/mixed;boundary=b1", multipart(part(PLAIN, "Application/SDP; a=b", "content-DISPOSITION: Session"))),
        ("multipart/mixed;boundary=b1", multipart(part(PLAIN, "application/sdp;\r\n version=1"))),
        (
            "multipart/mixed;boundary=b1",
            multipart(part(b"v=0\r\n", extra="Content-Disposition: early-session"), part(PLAIN)),
        ),
        ("multipart/alternative;boundary=b1", multipart(part(b"v=0\r\nm=audio 1 RTP/AVP 8\r\n"), part(PLAIN))),
        ("multipart/mixed;boundary=b1", NESTED),
    ],
)
def test_a_gateways_call_is_answered_whatever_stands_beside_its_session_description(kind: str, body: bytes) -> None:
    answered(kind, body)


def test_a_gateway_that_ends_its_lines_with_lf_only_is_answered() -> None:
    lines = PLAIN.replace(b"\r\n", b"\n")
    body = multipart(ISUP, part(lines, end=b"\n"), end=b"\n")
    answered("multipart/mixed;boundary=b1", body)
    answered("multipart/mixed;boundary=b1", body, b"\n")
    answered("multipart/mixed;boundary=b1", multipart(ISUP, part(PLAIN)), b"\n")  # and with both


def test_a_part_sent_as_base64_or_quoted_printable_is_read() -> None:
    coded = {"base64": base64.encodebytes(PLAIN), "quoted-printable": quopri.encodestring(PLAIN)}
    for name, text in coded.items():
        answered("multipart/mixed;boundary=b1", multipart(part(text, extra=f"Content-Transfer-Encoding: {name}")))


def test_a_multipart_without_a_session_description_is_a_call_whose_offer_comes_late() -> None:
    house = House()
    sent = house.receive(invite("multipart/mixed;boundary=b1", multipart(ISUP)))
    assert codes(sent, "INVITE") == [100, 200] and b"m=audio" in sent[-1]


def test_a_body_no_session_description_can_be_in_is_refused_with_what_is_taken() -> None:
    house = House()
    sent = house.receive(invite("application/isup", ISUP))
    assert codes(sent, "INVITE") == [100, 415] and b"Accept: application/sdp, multipart/mixed" in sent[-1]


def test_a_body_of_parts_within_parts_without_end_costs_next_to_nothing() -> None:
    deep = b"".join(b"--b\r\nContent-Type: multipart/mixed;boundary=b\r\n\r\n" for _ in range(900)) + part(PLAIN)
    many = multipart(*[b"Content-Type: text/plain\r\n\r\nx"] * 1000, part(PLAIN))
    for body, boundary in ((deep, "b"), (many, "b1")):
        house = House()
        sent = house.receive(invite(f"multipart/mixed;boundary={boundary}", body))
        assert codes(sent, "INVITE") == [100, 200] and b"a=rtpmap:0 PCMU" in sent[-1]  # a late offer: it was not found


def test_a_reinvite_an_update_and_a_late_answer_may_be_multipart_too() -> None:
    house = House()
    house.receive(request("INVITE", 1, "late").data())
    tag = house.sent[-1][0].split(b";tag=")[2].split(b"\r\n")[0].decode()
    body = multipart(ISUP, part(PLAIN))

    def in_dialog(method: str, number: int) -> bytes:
        head = [*request(method, number, "late", tag).head, 'Content-Type: multipart/mixed; boundary="b1"']
        return Text((*head, f"Content-Length: {len(body)}")).data() + body

    house.receive(in_dialog("ACK", 1))
    (leg,) = house.legs
    assert leg.state == "up" and leg.stream.remote == ("192.0.2.77", 40000)  # type: ignore[attr-defined]
    assert codes(house.receive(in_dialog("UPDATE", 2)), "UPDATE") == [200]
    assert codes(house.receive(in_dialog("INVITE", 3)), "INVITE") == [100, 200]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.binary(max_size=200), st.text(max_size=20), st.integers(0, 400))
def test_whatever_a_body_of_parts_is_made_of_the_call_has_an_answer(junk: bytes, boundary: str, cut: int) -> None:
    kind = f'multipart/mixed;boundary="{boundary}"'.replace("\r", "").replace("\n", "")
    body = multipart(part(PLAIN), junk, boundary=boundary)
    sent = House().receive(invite(kind, body[:cut] + junk + body[cut:]))
    assert codes(sent, "INVITE")[-1] in (200, 400, 488)


# --- spellings -------------------------------------------------------------------------------


def offer(media: str, *attributes: str) -> tuple[str, ...]:
    return (*SDP[:5], f"m={media}", *(f"a={attribute}" for attribute in attributes))


def taken(body: tuple[str, ...]) -> tuple[list[int], str, House]:
    house = House()
    sent = house.receive(request("INVITE", 1, "spelled", body=body).data())
    return codes(sent, "INVITE"), parse(sent[-1]).text, house


@pytest.mark.parametrize(
    "attributes",
    [
        ("rtpmap: PCMA/8000",),
        ("rtpmap:",),
        ("rtpmap: 8 PCMA/8000",),
        ("rtpmap:8  pcma/8000/1",),
        ("rtpmap:8\tPCMA / 8000",),
        ("rtpmap:8 PCMA",),
        ("rtpmap:8 PCMA/8000 ; what=ever",),
        ("RTPMAP:8 PCMA/8000",),
        (" rtpmap : 8 PCMA/8000",),
        ("rtpmap:x PCMA/8000", "rtpmap:8 PCMA/8000"),
        ("rtpmap:8 PCMA/8000", "fmtp: 8", "fmtp:all 0-15"),
        ("rtpmap:8 PCMA/8000", "ptime: 20", "maxptime:"),
    ],
)
def test_a_law_is_a_law_however_it_is_spelled(attributes: tuple[str, ...]) -> None:
    told, body, house = taken(offer("audio 40000 RTP/AVP 8", *attributes))
    assert told == [100, 200] and "m=audio 20002 RTP/AVP 8\r\n" in body and "a=rtpmap:8 PCMA/8000\r\n" in body
    (leg,) = house.legs
    assert leg.stream.codec == 8  # type: ignore[attr-defined]


@pytest.mark.parametrize("section", ["audio 40000/2 RTP/AVP 8", "AUDIO 40000 RTP/AVP 8", "audio\t40000/1  RTP/AVP  8"])
@pytest.mark.parametrize("length", ["ptime:", "ptime:20.0"])
def test_a_section_of_sound_is_one_however_its_ports_and_its_packets_are_counted(section: str, length: str) -> None:
    told, body, house = taken(offer(section, "rtpmap:8 PCMA/8000", length))
    assert told == [100, 200] and "m=audio 20002 RTP/AVP 8\r\n" in body
    (leg,) = house.legs
    assert leg.stream.remote == ("192.0.2.77", 40000)  # type: ignore[attr-defined]


@pytest.mark.parametrize("address", ["224.2.1.1/127", "255.255.255.255", "127.0.0.1", "gw.example.com"])
def test_sound_goes_to_no_group_and_to_nobody_on_this_machine_because_somebody_elsewhere_says_so(address: str) -> None:
    told, _, house = taken(tuple(line.replace("c=IN IP4 192.0.2.77", f"c=IN IP4 {address}") for line in SDP))
    (leg,) = house.legs
    assert told == [100, 200] and leg.stream.remote == ("192.0.2.77", 40000)  # type: ignore[attr-defined]


def test_sound_goes_to_the_callers_host_when_his_description_names_one_of_the_other_ip_version() -> None:
    told, _, house = taken(tuple(line.replace("IP4 192.0.2.77", "IP6 2001:db8::1") for line in SDP))
    (leg,) = house.legs
    assert told == [100, 200] and leg.stream.remote == ("192.0.2.77", 40000)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("name", "codec"), [("PCMA", 8), ("PCMU", 0), ("pcma", 8)])
def test_g711_under_a_number_of_the_callers_own_is_answered_with_that_number(name: str, codec: int) -> None:
    body = offer("audio 40000 RTP/AVP 97 96", f"rtpmap:97 {name}/8000", "rtpmap:96 telephone-event/8000")
    told, answer, house = taken(body)
    assert told == [100, 200] and " RTP/AVP 97 96\r\n" in answer
    assert f"a=rtpmap:97 {name.upper()}/8000\r\n" in answer
    (leg,) = house.legs
    assert (leg.stream.codec, leg.stream.payload_type) == (codec, 97)  # type: ignore[attr-defined]


def test_a_static_number_under_another_name_is_what_its_name_says() -> None:
    told, _, _ = taken(offer("audio 40000 RTP/AVP 8", "rtpmap:8 opus/48000/2"))
    assert told == [100, 488]


def test_numbers_of_no_interest_that_cannot_be_read_refuse_nobody() -> None:
    body = (*SDP[:4], "b=AS:64.5", "b=TIAS:", "t=now never", "r=7d 1h", *SDP[5:], "b=RS:x", "k=prompt")
    assert taken(body)[0] == [100, 200]


@pytest.mark.parametrize("proto", ["RTP/AVPF", "rtp/avpf"])
def test_feedback_is_answered_as_offered_and_none_is_promised(proto: str) -> None:
    told, answer, _ = taken(offer(f"audio 40000 {proto} 8", "rtcp-fb:* nack", "rtpmap:8 PCMA/8000"))
    assert told == [100, 200] and f" {proto} 8\r\n" in answer and "rtcp-fb" not in answer
