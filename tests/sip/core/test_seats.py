"""Ringing an operator's phone: answers, refusals, silence, and the races of CANCEL (RFC 3261 §9, §13.2)."""

from __future__ import annotations

import pytest

from sip.core.events import Ended, Ringing, Up
from tests.sip.core.caller import Caller
from tests.sip.core.house import NOTHING, House
from tests.sip.written import SDP


def test_a_seat_rings_answers_and_hangs_up() -> None:
    house = House()
    phone = Caller(house)
    leg = house.dial(phone.address, display='窗口A "138****5678"\r\nX: y')
    invite = phone.asked("INVITE")
    assert invite.uri == f"sip:101@{phone.host}:{phone.port}"
    assert '"窗口A \\"138****5678\\"X: y"' in invite["from"] and not invite.all("x")
    assert " RTP/AVP 8 0 101" in invite.body
    phone.reply(invite, 100)
    phone.reply(invite, 183, phone.sdp())  # early media is ignored
    phone.reply(invite, 180)
    phone.reply(invite, 180)
    assert house.events == [Ringing(leg)]
    phone.reply(invite, 200, phone.sdp())
    ack = phone.asked("ACK")
    assert ack["cseq"] == f"{invite.number} ACK" and "tag=phone" in ack["to"]
    phone.reply(invite, 200, phone.sdp())  # the ACK was lost: it is sent again
    phone.asked("ACK")
    assert (leg.state, leg.stream.remote) == ("up", (phone.host, phone.rtp_port))  # type: ignore[attr-defined]
    phone.remote_tag, phone.call_id, phone.tag = invite["from"].split("tag=")[1], invite["call-id"], "phone"
    phone.hang_up()
    assert house.events == [Ringing(leg), Up(leg), Ended(leg, "far", "bye", 0)]
    house.wait(32)
    assert house.left == NOTHING


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
    house = House()
    phone = Caller(house)
    leg = house.dial(phone.address)
    invite = phone.asked("INVITE")
    extra = [("Contact", f"<sip:0088123@{phone.host}:9>")] if code == 302 else []
    phone.reply(invite, code, extra=extra)
    ack = phone.asked("ACK")
    assert ack["via"] == invite["via"]  # same branch
    phone.reply(invite, code)  # our ACK was lost
    phone.asked("ACK")
    assert house.of(Ended) == [Ended(leg, "far", reason, code)] and not house.ports


def test_a_phone_the_network_cannot_reach_is_known_at_once() -> None:
    house = House()
    leg = house.dial()
    ((invite, _),) = house.sent
    house.do(lambda: house.agent.undeliverable(invite, house.now))
    assert house.of(Ended) == [Ended(leg, "far", "unreachable", 0)] and house.left == NOTHING


def test_an_invite_is_repeated_until_something_comes_back() -> None:
    house = House()
    phone = Caller(house)
    house.dial(phone.address)
    first, second = phone.asked("INVITE"), phone.asked("INVITE")
    assert first.text == second.text
    phone.reply(first, 486)
    assert house.ends == [("far", "busy")]


def test_a_phone_that_says_nothing_at_all_is_unreachable() -> None:
    house = House()
    phone = Caller(house)
    house.dial(phone.address)
    assert len(phone.quiet(11.9)) == 5 and not house.ends  # 0, 0.5, 1.5, 3.5, 7.5 s
    house.wait(0.2)
    assert house.ends == [("far", "unreachable")]


def test_ringing_too_long_is_cancelled() -> None:
    house = House()
    phone = Caller(house)
    house.dial(phone.address, 1.5)
    invite = phone.asked("INVITE")
    phone.reply(invite, 180)
    cancel = phone.asked("CANCEL")
    assert cancel["via"] == invite["via"]
    phone.reply(cancel, 200)
    phone.reply(invite, 487)
    phone.asked("ACK")
    assert house.ends == [("far", "no_answer")]


def test_a_cancel_waits_for_the_first_provisional_answer() -> None:
    house = House()
    phone = Caller(house)
    house.dial(phone.address)
    invite = phone.asked("INVITE")
    house.hang_up("caller_left")
    assert house.ends == [("us", "cancelled")]
    assert not [m for m in phone.quiet(10) if m.method == "CANCEL"]
    phone.reply(invite, 180)
    phone.reply(phone.asked("CANCEL"), 200)
    phone.reply(invite, 487)
    phone.asked("ACK")


def test_an_answer_that_crosses_the_cancel_is_acknowledged_and_ended() -> None:
    house = House()
    phone = Caller(house)
    house.dial(phone.address)
    invite = phone.asked("INVITE")
    phone.reply(invite, 180)
    assert house.of(Ringing)
    house.hang_up("caller_left")
    phone.reply(invite, 200, phone.sdp())
    phone.asked("ACK")
    phone.reply(phone.asked("BYE"), 200)
    assert not house.up and house.ends == [("us", "cancelled")]
    assert not house.ports


def test_a_second_phone_that_answers_the_same_call_is_ended() -> None:
    house = House()
    phone = Caller(house)
    house.dial(phone.address)
    invite = phone.asked("INVITE")
    phone.reply(invite, 200, phone.sdp(), tag="one")
    phone.reply(invite, 200, phone.sdp(), tag="two")
    bye = phone.asked("BYE")
    assert "tag=two" in bye["to"]
    phone.reply(bye, 200)
    assert house.up and not house.ends


def test_an_answer_without_usable_audio_fails_the_line() -> None:
    house = House()
    phone = Caller(house)
    house.dial(phone.address)
    phone.reply(phone.asked("INVITE"), 200, SDP.format(port=0))
    phone.reply(phone.asked("BYE"), 200)
    assert house.of(Ended)[0].code == 488 and house.ends == [("failure", "error")]
    assert not house.up
