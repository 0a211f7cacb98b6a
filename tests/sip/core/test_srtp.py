"""Encrypted sound in session descriptions (SDES, RFC 4568): what is answered, what is offered, and to whom."""

from __future__ import annotations

import base64
import re

import pytest

from sip.core.crypto import SUITES, SrtpKeys, offered
from sip.core.leg_out import DialTarget, OutboundLeg, Sealing, sealing
from sip.core.sip_messages import Addr
from tests.sip.core.house import FAR, House, codes
from tests.sip.core.script import SDP, answer, request, tag_in

KEY = base64.b64encode(bytes(range(30))).decode()
LINE_80 = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"
LINE_32 = f"a=crypto:7 AES_CM_128_HMAC_SHA1_32 inline:{KEY}|2^31"


def offer(proto: str, *crypto: str) -> tuple[str, ...]:
    return (*SDP[:5], f"m=audio 40000 {proto} 8 101", "a=rtpmap:101 telephone-event/8000", *crypto)


def called(body: tuple[str, ...]) -> tuple[House, bytes]:
    house = House()
    sent = house.receive(request("INVITE", 1, "sealed", body=body).data())
    return house, sent[-1]


@pytest.mark.parametrize("proto", ["RTP/SAVP", "RTP/SAVPF"])
@pytest.mark.parametrize(("line", "tag", "suite"), [(LINE_80, 1, SUITES[0]), (LINE_32, 7, SUITES[1])])
def test_srtp_is_answered_as_srtp_with_a_key_of_ours(proto: str, line: str, tag: int, suite: str) -> None:
    house, told = called(offer(proto, line))
    assert codes([told], "INVITE") == [200] and f" {proto} 8 101\r\n".encode() in told
    found = re.search(rb"a=crypto:(\d+) (\S+) inline:(\S+)\r\n", told)
    assert found and (int(found[1]), found[2].decode()) == (tag, suite)
    ours = base64.b64decode(found[3])
    assert len(ours) == 30 and ours != bytes(range(30))
    (leg,) = house.legs
    secret = leg.stream.secret  # type: ignore[attr-defined]
    assert (secret.ours.key, secret.theirs.key) == (ours, bytes(range(30)))
    assert KEY not in repr(secret)  # no log says it


def test_the_first_key_that_can_be_used_is_taken() -> None:
    mki, session = LINE_80.replace("crypto:1", "crypto:3") + "|2^20|1:4", LINE_80 + " UNENCRYPTED_SRTP"
    _, told = called(offer("RTP/SAVP", "a=crypto:2 AEAD_AES_256_GCM inline:AAAA", mki, session, LINE_32, LINE_80))
    assert b"a=crypto:7 AES_CM_128_HMAC_SHA1_32 " in told and told.count(b"a=crypto") == 1


@pytest.mark.parametrize(
    "line",
    ["a=crypto:1", LINE_80[:-4], LINE_80 + "|1:4", LINE_80 + " KDR=1", "a=crypto:1 F8_128_HMAC_SHA1_80 inline:x"],
)
def test_srtp_without_a_key_that_can_be_used_is_refused(line: str) -> None:
    assert codes([called(offer("RTP/SAVP", line))[1]], "INVITE") == [488]


def test_dtls_is_refused_and_a_plain_section_with_keys_is_answered_plain() -> None:
    assert codes([called(offer("UDP/TLS/RTP/SAVPF", LINE_80))[1]], "INVITE") == [488]
    house, told = called(offer("RTP/AVP", LINE_80))
    assert b" RTP/AVP 8 101\r\n" in told and b"crypto" not in told
    (leg,) = house.legs
    assert leg.stream.secret is None  # type: ignore[attr-defined]


def test_of_a_plain_and_an_encrypted_section_the_encrypted_one_is_taken() -> None:
    _, told = called((*offer("RTP/AVP"), "m=audio 40002 RTP/SAVP 8", LINE_80))
    assert b"m=audio 0 RTP/AVP 8 101\r\n" in told and b" RTP/SAVP 8\r\n" in told


def test_a_reinvite_keeps_our_key_and_follows_theirs() -> None:
    house, told = called(offer("RTP/SAVP", LINE_80))
    house.receive(request("ACK", 1, "sealed", tag_in(told)).data())
    (leg,) = house.legs
    before = leg.stream.secret  # type: ignore[attr-defined]
    other = LINE_80.replace(KEY, base64.b64encode(bytes(30)).decode()).replace("crypto:1", "crypto:2")
    house.receive(request("INVITE", 2, "sealed", tag_in(told), offer("RTP/SAVP", other)).data())
    after = leg.stream.secret  # type: ignore[attr-defined]
    assert after.ours.key == before.ours.key and after.theirs.key == bytes(30) and after.ours.tag == 2


def calling(seal: Sealing) -> tuple[House, OutboundLeg, bytes]:
    house = House()
    target = DialTarget(f"sip:101@{FAR.host}:{FAR.port}", FAR)
    leg = OutboundLeg(house.agent, target, house.sound(), from_user="hotline", call_id="to-the-seat", seal=seal)
    house.call(leg)
    return house, leg, house.sent[-1][0]


def answering(invited: bytes, suite: str) -> tuple[str, ...]:
    """What a phone answers to an offer: the line of that suite, with a key of its own."""
    found = re.search(rf"a=crypto:(\d) {suite} inline:".encode(), invited)
    assert found
    return offer("RTP/SAVP", f"a=crypto:{found[1].decode()} {suite} inline:{KEY}")


@pytest.mark.parametrize("suite", SUITES)
def test_a_call_of_ours_over_srtp_has_the_key_of_the_suite_they_chose(suite: str) -> None:
    house, leg, invited = calling("must")
    assert b" RTP/SAVP 8 0 101\r\n" in invited and invited.count(b"a=crypto:") == 2
    house.receive(answer(invited, 200, answering(invited, suite)).data())
    assert leg.state == "up"
    secret = leg.stream.secret  # type: ignore[attr-defined]
    assert f"{suite} inline:{base64.b64encode(secret.ours.key).decode()}".encode() in invited
    assert secret.theirs.key == bytes(range(30))


def test_a_plain_answer_or_a_key_nobody_offered_ends_a_call_over_srtp() -> None:
    for body in (SDP, offer("RTP/SAVP", LINE_32), offer("RTP/SAVP", LINE_80.replace("crypto:1", "crypto:2"))):
        house, leg, invited = calling("must")
        house.receive(answer(invited, 200, body).data())
        assert leg.state == "gone"


@pytest.mark.parametrize("code", [415, 488, 606])
def test_a_phone_that_cannot_is_called_again_with_plain_sound_where_srtp_was_only_tried(code: int) -> None:
    house, leg, invited = calling("try")
    sent = house.receive(answer(invited, code).data())
    again = [data for data in sent if data.startswith(b"INVITE")]
    assert len(again) == 1 and b" RTP/AVP 8 0 101\r\n" in again[0] and b"CSeq: 2 INVITE" in again[0]
    house.receive(answer(again[0], 200, SDP).data())
    assert leg.state == "up" and leg.stream.secret is None  # type: ignore[attr-defined]


def test_where_it_is_set_nothing_else_is_offered() -> None:
    house, leg, invited = calling("must")
    sent = house.receive(answer(invited, 488).data())
    assert leg.state == "gone" and not [data for data in sent if data.startswith(b"INVITE")]


def test_srtp_is_tried_where_the_keys_are_not_in_the_clear() -> None:
    assert [sealing("none", Addr("h", 1, way)) for way in ("UDP", "TCP", "TLS")] == ["no", "no", "try"]
    assert sealing("srtp", Addr("h", 1)) == "must"


def test_keys_are_read_however_they_are_padded() -> None:
    unpadded = LINE_80.removeprefix("a=crypto:").rstrip("=")
    assert offered([unpadded, unpadded.lower()])[0].key == bytes(range(30))
    from random import Random

    keys = SrtpKeys(Random(1))
    assert keys.offer() == keys.offer() and len({each.key for each in keys.offer()}) == 2
