"""Messages out of a stream, however the network cuts it, and what makes no sense ends it (RFC 3261 §18.3, RFC 5626)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sip.core.framing import BODY_MAX, HEAD_MAX, Framer
from sip.core.sip_messages import Junk
from tests.sip.core.script import SDP, request

INVITE = request("INVITE", 1, "a", body=SDP).data()
OPTIONS = request("OPTIONS", 1, "b").data()
ANSWER = b"SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nl : 3\r\n\r\nabc"


def taken(framer: Framer) -> list[bytes]:
    out = []
    while (message := framer.next()) is not None:
        out.append(message)
    return out


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from((INVITE, OPTIONS, ANSWER)), min_size=1, max_size=4),
    st.lists(st.integers(1, 700), max_size=40),
    st.sampled_from((b"", b"\r\n", b"\r\n\r\n")),
)
def test_messages_are_whole_however_the_stream_is_cut(messages: list[bytes], cuts: list[int], between: bytes) -> None:
    stream, framer, out = between + between.join(messages), Framer(), []
    for cut in [*cuts, *([1] * 10), len(stream)]:
        framer.feed(stream[:cut])
        stream = stream[cut:]
        out += taken(framer)
    assert out == messages and not framer.begun


def test_a_stream_may_come_byte_by_byte() -> None:
    framer, out = Framer(), []
    for byte in INVITE + b"\r\n\r\n" + ANSWER:
        framer.feed(bytes([byte]))
        out += taken(framer)
    assert (out, framer.pings) == ([INVITE, ANSWER], 1)


@pytest.mark.parametrize(("sent", "pings"), [(b"\r\n", 0), (b"\r\n\r\n", 1), (b"\r\n\r\n\r\n\r\n", 2), (b"\r", 0)])
def test_two_line_ends_between_messages_are_a_ping_and_one_is_none(sent: bytes, pings: int) -> None:
    framer = Framer()
    framer.feed(sent)
    assert (framer.next(), framer.pings) == (None, pings)


def test_an_answer_to_our_ping_before_a_message_makes_no_ping_of_the_next_one() -> None:
    framer = Framer()
    framer.feed(b"\r\n" + OPTIONS + b"\r\n" + OPTIONS)
    assert (len(taken(framer)), framer.pings) == (2, 0)


def test_a_length_may_stand_in_the_line_after_its_name_and_no_other_header_goes_on_as_a_length() -> None:
    framer = Framer()
    framer.feed(HEAD + b"Subject: a\r\n l: 9\r\nContent-Length:\r\n\t3\r\n\r\nabc" + OPTIONS)
    assert len(taken(framer)) == 2 and not framer.begun


HEAD = b"OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 60,
        HEAD + b"\r\n",
        HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 1e3\r\n\r\n",
        HEAD + b"Content-Length: %d\r\n\r\n" % (BODY_MAX + 1),
        HEAD + b"Subject: " + b"x" * HEAD_MAX,
        HEAD + b"Subject: " + b"x" * HEAD_MAX + b"\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_a_stream_that_makes_no_sense_is_over(sent: bytes) -> None:
    framer = Framer()
    framer.feed(sent)
    with pytest.raises(Junk):
        framer.next()


def test_lines_may_end_in_a_line_feed_alone() -> None:
    framer, sent = Framer(), ANSWER.replace(b"\r\n", b"\n")
    framer.feed(sent + sent)
    assert taken(framer) == [sent, sent]
