"""Ringing that must be heard (100rel, PRACK: RFC 3262), when a gateway calls us and when we call through one."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import pytest

from sip.core.events import Ended, Ringing, Speaks, Up
from sip.core.leg_out import DialTarget, OutboundLeg
from sip.core.sip_messages import parse
from tests.sip.core.house import FAR, House, codes
from tests.sip.core.script import SDP, Text, answer, request, tag_in


def invite(body: tuple[str, ...] = SDP, option: str = "100rel") -> bytes:
    text = request("INVITE", 1, "gateway", body=body)
    return replace(text, head=(*text.head, f"Require: {option}")).data()


def ringing(body: tuple[str, ...] = SDP) -> tuple[House, bytes]:
    """A house at whose door a call waits, and its 180 (or what it said last)."""
    house = House(answers=False)
    house.receive(invite(body))
    (leg,) = house.legs
    leg.ring()  # type: ignore[union-attr]
    house.run()
    return house, house.sent[-1][0]


def header(data: bytes, name: str) -> str:
    return parse(data).get_header(name) or ""


def prack(ringing: bytes, *, rack: str = "", number: int = 2, body: tuple[str, ...] = ()) -> bytes:
    rack = rack or f"{header(ringing, 'rseq')} 1 INVITE"
    text = request("PRACK", number, "gateway", tag_in(ringing), body)
    return replace(text, head=(*text.head, f"RAck: {rack}")).data()


def count(sent: list[bytes], start: bytes) -> int:
    return sum(data.startswith(start) for data in sent)


def lift(house: House) -> list[bytes]:
    (leg,) = house.legs
    leg.answer()  # type: ignore[union-attr]
    return house.run()


# --- a gateway calls us ----------------------------------------------------------------------


def test_a_gateway_that_requires_100rel_hears_it_ring_reliably_and_is_answered() -> None:
    house, rings = ringing()
    assert codes([rings], "INVITE") == [180]
    assert header(rings, "require") == "100rel" and 1 <= int(header(rings, "rseq")) < 2**31
    assert codes(house.receive(prack(rings)), "PRACK") == [200]
    assert house.wait(31.0) == []  # heard: it is not repeated
    assert codes(lift(house), "INVITE") == [200]
    house.receive(request("ACK", 1, "gateway", tag_in(rings)).data())
    (leg,) = house.legs
    assert leg.state == "up" and house.wait(40.0) == []


def test_a_ringing_nobody_acknowledges_is_repeated_with_growing_gaps_and_ends_the_call_after_32_seconds() -> None:
    house, rings = ringing()
    at = []
    for tenth in range(1, 319):
        at += [tenth / 10 for data in house.wait(0.1) if data == rings]
    assert [round(b - a) for a, b in itertools.pairwise(at)] == [1, 2, 4, 8, 16]
    sent = house.wait(0.3)
    assert codes(sent, "INVITE") == [500]
    (ended,) = [event for event in house.events if isinstance(event, Ended)]
    assert (ended.by, ended.cause) == ("failure", "no_ack")
    house.receive(request("ACK", 1, "gateway", tag_in(rings), branch="gatewayINVITE1").data())
    house.wait(40.0)
    assert set(house.left.values()) == {0}


def test_an_acknowledgement_of_something_else_is_481_and_the_ringing_goes_on() -> None:
    house, rings = ringing()
    rseq = int(header(rings, "rseq"))
    wrong = (f"{rseq + 1} 1 INVITE", f"{rseq} 2 INVITE", f"{rseq} 1 BYE", f"-{rseq} 1 INVITE", "x", f"{rseq}", " ")
    for number, rack in enumerate(wrong, 2):
        assert codes(house.receive(prack(rings, rack=rack, number=number)), "PRACK") == [481], rack
    assert count(house.wait(1.6), b"SIP/2.0 180") == 2
    assert codes(house.receive(prack(rings, number=20)), "PRACK") == [200]
    assert codes(house.receive(prack(rings, number=20)), "PRACK") == [200]  # repeated: the answer again


def test_lifting_before_the_acknowledgement_answers_at_once_and_the_late_prack_is_taken() -> None:
    house, rings = ringing()
    assert codes(lift(house), "INVITE") == [200]
    assert codes(house.receive(prack(rings)), "PRACK") == [200]
    repeated = house.wait(3.0)
    assert count(repeated, b"SIP/2.0 180") == 0 and count(repeated, b"SIP/2.0 200") == 2  # 0.5 s, 1.5 s
    house.receive(request("ACK", 1, "gateway", tag_in(rings)).data())
    (leg,) = house.legs
    assert leg.state == "up"


def test_a_caller_who_leaves_while_the_ringing_is_repeated_leaves_nothing() -> None:
    house, rings = ringing()
    sent = house.receive(request("CANCEL", 1, "gateway", branch="gatewayINVITE1").data())
    assert codes(sent, "CANCEL") == [200] and codes(sent, "INVITE") == [487]
    house.receive(request("ACK", 1, "gateway", tag_in(rings), branch="gatewayINVITE1").data())
    house.wait(40.0)
    assert set(house.left.values()) == {0}


def test_an_offer_in_a_prack_before_the_first_has_its_answer_is_488() -> None:
    house, rings = ringing()
    assert codes(house.receive(prack(rings, body=SDP)), "PRACK") == [488]


def test_a_call_whose_offer_comes_late_does_not_ring_but_is_answered() -> None:
    house, last = ringing(body=())
    assert codes([last], "INVITE") == [100]
    sent = lift(house)
    assert codes(sent, "INVITE") == [200] and b"m=audio" in sent[-1]


@pytest.mark.parametrize("option", ["precondition", "100rel, precondition"])
def test_preconditions_stay_refused(option: str) -> None:
    sent = House().receive(invite(option=option))
    assert codes(sent, "INVITE") == [100, 420] and header(sent[-1], "unsupported") == "precondition"


# --- we call through one ---------------------------------------------------------------------


def says(asked: bytes, code: int, rseq: int, tag: str = "phone", body: tuple[str, ...] = ()) -> bytes:
    """A reliable provisional response to our INVITE."""
    text = answer(asked, code, body)
    head = tuple(line.replace(";tag=phone", f";tag={tag}") if line.startswith("To:") else line for line in text.head)
    return Text((*head, "Require: 100rel", f"RSeq: {rseq}"), text.body).data()


def calling() -> tuple[House, bytes]:
    house = House()
    house.dial()
    invited = house.sent[-1][0]
    assert "100rel" in header(invited, "supported")
    return house, invited


def racks(sent: list[bytes]) -> list[str]:
    return [header(data, "rack") for data in sent if data.startswith(b"PRACK")]


def test_a_far_ends_ringing_is_acknowledged_once_in_its_own_dialog() -> None:
    house, invited = calling()
    sent = house.receive(says(invited, 180, 7))
    assert racks(sent) == ["7 1 INVITE"]
    assert header(sent[0], "to").endswith(";tag=phone") and header(sent[0], "cseq") == "2 PRACK"
    assert sent[0].startswith(b"PRACK sip:101@192.0.2.77:5099 ")
    assert any(isinstance(event, Ringing) for event in house.events)
    assert racks(house.receive(says(invited, 180, 7))) == []  # repeated before our PRACK came there
    house.receive(answer(sent[0], 200).data())
    assert racks(house.receive(says(invited, 183, 9))) == []  # 8 is missing: it and this will come again
    assert racks(house.receive(says(invited, 183, 8))) == ["8 1 INVITE"]


def test_an_answer_in_a_reliable_183_stands_when_the_200_has_none() -> None:
    house, invited = calling()
    (sent,) = [data for data in house.receive(says(invited, 183, 1, body=SDP)) if data.startswith(b"PRACK")]
    house.receive(answer(sent, 200).data())
    sent_now = house.receive(answer(invited, 200).data())
    assert re.match(rb"ACK .*^CSeq: 1 ACK", sent_now[0], re.DOTALL | re.MULTILINE)
    (leg,) = house.legs
    assert leg.state == "up" and leg.stream.remote == ("192.0.2.77", 40000)  # type: ignore[attr-defined]
    assert any(isinstance(event, Up) for event in house.events)


def test_each_of_several_phones_that_ring_is_acknowledged_by_its_own_count() -> None:
    house, invited = calling()
    assert racks(house.receive(says(invited, 180, 5, "one"))) == ["5 1 INVITE"]
    assert racks(house.receive(says(invited, 180, 1, "two"))) == ["1 1 INVITE"]
    assert racks(house.receive(says(invited, 183, 6, "one"))) == ["6 1 INVITE"]
    many = [racks(house.receive(says(invited, 180, 1, f"{n}"))) for n in range(1000)]
    assert sum(map(len, many)) == 14  # bounded


def test_the_announcement_of_where_a_call_was_forwarded_is_heard_after_that_of_where_it_rang_first() -> None:
    """A forward answers with another tag and another address; who listened to the first would hear nothing more."""
    house = House()
    leg = OutboundLeg(
        house.agent, DialTarget("sip:138@192.0.2.77", FAR), house.sound(), from_user="95598", call_id="out", early=True
    )
    house.call(leg)
    invited = house.sent[-1][0]

    def heard_at(code: int, tag: str, body: tuple[str, ...] = ()) -> tuple[str, int] | None:
        house.receive(answer(invited, code, body).data().replace(b";tag=phone", b";tag=" + tag.encode()))
        return leg.stream.remote  # type: ignore[attr-defined,no-any-return]

    elsewhere = tuple(line.replace("40000", "41000") for line in SDP)
    assert heard_at(183, "first", SDP) == ("192.0.2.77", 40000)
    assert heard_at(181, "first") == ("192.0.2.77", 40000)
    assert heard_at(183, "second", elsewhere) == ("192.0.2.77", 41000)
    assert heard_at(180, "second") == ("192.0.2.77", 41000)
    assert len(house.of(Speaks)) == 1
    assert heard_at(200, "first", SDP) == ("192.0.2.77", 40000) and leg.state == "up"  # after all


@pytest.mark.parametrize("rseq", [0, -1, 2**32])
def test_a_number_that_cannot_be_is_not_acknowledged(rseq: int) -> None:
    house, invited = calling()
    assert racks(house.receive(says(invited, 180, rseq))) == []


def test_a_call_given_up_while_it_rings_reliably_leaves_nothing() -> None:
    house, invited = calling()
    (sent,) = [data for data in house.receive(says(invited, 180, 1)) if data.startswith(b"PRACK")]
    house.receive(answer(sent, 200).data())
    cancel = house.hang_up_all()
    house.receive(answer(cancel[0], 200).data())
    house.receive(answer(invited, 487).data())
    house.wait(40.0)
    assert set(house.left.values()) == {0}
