"""Reading SIP from strangers: whatever comes, the answer is a message or a named refusal."""

from __future__ import annotations

from random import Random
from urllib.parse import quote

import pytest
from aiosipua.message import SipRequest
from hypothesis import given
from hypothesis import strategies as st

from sip.core.called import called_of
from sip.core.caller_id import caller_of
from sip.core.checks import Faulty, check
from sip.core.digest import Digest, Throttle
from sip.core.info import info_key
from sip.core.sdp import Unacceptable, read
from sip.core.sip_messages import (
    Junk,
    host_of,
    params_of,
    parse,
    quoted,
    reply,
    stamp_source,
    tag_of,
    uri_of,
    user_of,
)
from sip.core.transactions import server_key
from tests.rules.numbers_table import SPELLINGS, Spelling, name

GOOD = (
    "INVITE sip:95598@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5;branch=z9hG4bKx;rport\r\n"
    'From: "张" <sip:1@h>;tag=a\r\nTo: <sip:2@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n'
).encode()

MD5 = ("MD5",)


def through(data: bytes) -> None:
    """What every datagram goes through before anybody acts on it."""
    try:
        message = parse(data)
    except Junk:
        return
    stamp_source(message, ("127.0.0.1", 5))
    if isinstance(message, SipRequest):
        try:
            check(message, data)
        except Faulty as fault:
            bytes(reply(message, fault.code, to_tag="t"))
            return
        server_key(message)
        bytes(reply(message, 200, to_tag="t"))


def test_the_called_number_is_looked_for_where_the_settings_say() -> None:
    more = b"To: <sip:+8612345@h>\r\nP-Called-Party-ID: <sip:95598@h>\r\nDiversion: <sip:02312345@h>;reason=busy\r\n"
    request = SipRequest.parse(GOOD.replace(b"To: <sip:2@h>\r\n", more).replace(b"sip:95598@127", b"sip:trunk@127", 1))
    assert called_of(request, ("request",)) == ("trunk",)
    assert called_of(request, ("request", "to")) == ("trunk", "+8612345")
    assert called_of(request, ("p-called-party-id", "diversion", "to")) == ("95598", "02312345", "+8612345")
    assert called_of(SipRequest.parse(GOOD), ("diversion",)) == ("95598",)


@given(st.binary(max_size=400))
def test_any_bytes_are_survived(data: bytes) -> None:
    through(data)


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=6), st.integers(0, len(GOOD)))
def test_any_spoiled_request_is_survived(changes: list[tuple[int, int]], end: int) -> None:
    data = bytearray(GOOD)
    for at, value in changes:
        data[at] = value
    through(bytes(data[: end or None]))


@given(st.text(max_size=60))
def test_any_header_value_is_survived(value: str) -> None:
    through(GOOD.replace(b"<sip:2@h>", value.replace("\r", "").replace("\n", "").encode("utf-8", "replace")))
    uri_of(value), params_of(value), tag_of(value), user_of(value)


@given(st.binary(max_size=200))
def test_any_session_description_is_read_or_refused(body: bytes) -> None:
    for data in (body, b"v=0\r\nc=IN IP4 1.2.3.4\r\nm=audio 5 RTP/AVP 8\r\n" + body):
        try:
            read(data)
        except Unacceptable:
            pass


@given(st.text(max_size=40))
def test_a_display_name_never_breaks_out_of_its_quotes(name: str) -> None:
    value = f"{quoted(name)} <sip:1@h>;tag=x"
    assert "\r" not in value and "\n" not in value
    assert uri_of(value) == "sip:1@h" and tag_of(value) == "x"


@pytest.mark.parametrize(
    ("value", "uri", "user", "tag"),
    [
        ('"A <b>" <sip:1%2B@h;x=1>;tag=t', "sip:1%2B@h;x=1", "1+", "t"),
        ("sip:1@h;tag=t", "sip:1@h", "1", "t"),
        ("<tel:+86-10;phone-context=x>;tag=t", "tel:+86-10;phone-context=x", "+86-10", "t"),
        ("<sip:1:secret@h>", "sip:1:secret@h", "1", ""),
        ("<sip:h>", "sip:h", "", ""),
    ],
)
def test_addresses_are_read(value: str, uri: str, user: str, tag: str) -> None:
    assert (uri_of(value), user_of(uri_of(value)), tag_of(value)) == (uri, user, tag)


def test_hosts_are_read() -> None:
    assert host_of("sip:1@h:77;x=1?y=2") == ("h", 77)
    assert host_of("sip:[::1]:5080") == ("::1", 5080)
    assert host_of("sip:h") == ("h", 5060)
    with pytest.raises(ValueError, match="no host"):
        host_of("sip:1@")


@pytest.mark.parametrize("row", SPELLINGS, ids=name)
def test_a_caller_is_known_by_the_same_digits_however_their_network_writes_them(row: Spelling) -> None:
    user = quote(row.written, safe="")
    request = SipRequest.parse(GOOD.replace(b"sip:1@h", f"sip:{user}@h".encode()))
    assert caller_of(request, row.plan, trusted=False) == (row.key or None)


@pytest.mark.parametrize(
    ("kind", "body", "key"),
    [
        ("application/dtmf-relay", "Signal=16", None),
        ("application/dtmf-relay", "5", None),
        ("application/dtmf", "", None),
        ("application/dtmf", "55", None),
        ("application/dtmf", "10", "*"),
        ("application/dtmf", "Signal=#", "#"),
        ("application/dtmf-relay", "Signal=d", "D"),
    ],
)
def test_info_bodies_are_read(kind: str, body: str, key: str | None) -> None:
    assert info_key(kind, body) == key


def test_a_nonce_ends_and_a_forged_one_never_counts() -> None:
    digest = Digest("r", Random(1), lifetime_s=10)

    def proof(challenge: str, nonce: str | None = None) -> str:
        from aiosipua.auth import SipDigestAuth, build_credentials
        from aiosipua.headers import parse_auth, stringify_auth

        parsed = parse_auth(challenge)
        parsed.params["nonce"] = nonce or parsed.params["nonce"]
        made = build_credentials(SipDigestAuth("u", "s"), parsed, "REGISTER", "sip:h")
        assert made is not None
        return stringify_auth(made)

    challenge = digest.challenge(0.0, MD5)[0][1]
    assert digest.judge(proof(challenge), "REGISTER", "u", "s", 0.0, MD5) == "ok"
    assert digest.judge(proof(challenge), "REGISTER", "u", "s", 0.0, MD5) == "stale"  # heard and said again
    fresh = digest.challenge(0.0, MD5)[0][1]
    assert digest.judge(proof(fresh), "REGISTER", "u", None, 0.0, MD5) == "wrong"
    assert digest.judge(proof(fresh), "INVITE", "u", "s", 0.0, MD5) == "wrong"
    assert digest.judge(proof(fresh, "0.0.0"), "REGISTER", "u", "s", 0.0, MD5) == "stale"
    assert digest.judge(proof(fresh, "ünicode"), "REGISTER", "u", "s", 0.0, MD5) == "stale"
    assert digest.judge(proof(fresh), "REGISTER", "u", "s", 11.0, MD5) == "stale"


@given(st.text(max_size=80))
def test_any_authorization_is_wrong_or_stale(text: str) -> None:
    digest = Digest("r", Random(1))
    assert digest.judge(text, "REGISTER", "u", "s", 0.0, MD5) == "wrong"
    assert digest.judge("Digest " + text, "REGISTER", "u", "s", 0.0, MD5) == "wrong"


def test_the_throttle_counts_a_name_at_an_address_and_forgives_after_a_while() -> None:
    throttle = Throttle(limit=3, window_s=60)
    assert not any(throttle.failed("a", "101", 0.0) for _ in range(3))
    assert throttle.failed("a", "101", 59.0)
    assert not throttle.failed("a", "102", 59.0) and not throttle.failed("b", "101", 59.0)
    assert not throttle.failed("a", "101", 120.0)
