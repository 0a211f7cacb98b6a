"""Who registers as a seat, and who learns nothing (RFC 3261 §10, RFC 7616, RFC 8760), in virtual time."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sip.core.config import SeatConfig
from sip.core.events import Unproven
from sip.core.sip_messages import Addr
from tests.sip.core.desk import Desk, challenges, code
from tests.sip.core.house import House

SEATS = {
    "101": SeatConfig("101", "s3cret"),
    "102": SeatConfig("102", "other"),
    "103": SeatConfig("103", uri="sip:103@192.0.2.9"),
}
NAT = "198.51.100.7"


def without_chance(answered: bytes) -> bytes:
    return re.sub(rb'nonce="[^"]+"|branch=\w+|tag=\w+|Call-ID: \S+|rport=\d+|1\d\d@|999@', b"", answered)


def test_the_answers_to_a_seat_and_to_a_name_nobody_has_differ_in_nothing() -> None:
    house = House(seats=SEATS)
    told = []
    for name in ("101", "103", "999"):
        phone = Desk(house, Addr(NAT, 5060), seat=name, secret="wrong", contact="sip:x@198.51.100.7")
        phone.call = "same"
        phone.number = 100 * int(name)
        answers = []
        for _ in range(13):
            challenge = phone.send()
            answers += [challenge, phone.send(phone.proof(challenge))]
        told.append([re.sub(rb"CSeq: \d+", b"", without_chance(one)) for one in answers])
    assert told[0] == told[1] == told[2]
    assert [code(one) for one in told[0][1::2]] == [403] * 10 + [503] * 3


def steps(what: Callable[[], object]) -> Counter[str]:
    """How often each function is called in the meantime, Python's and C's: what is computed, on any machine."""
    seen: Counter[str] = Counter()

    def called(frame: FrameType, event: str, function: Any) -> None:
        if event in ("call", "c_call"):
            seen[frame.f_code.co_qualname if event == "call" else function.__qualname__] += 1

    sys.setprofile(called)
    try:
        what()
    finally:
        sys.setprofile(None)
    return seen


def test_finding_out_that_there_is_no_such_seat_takes_what_a_wrong_secret_takes() -> None:
    house = House(seats=SEATS)
    took: dict[str, list[Counter[str]]] = {"101": [], "999": []}
    desks = {name: Desk(house, Addr(NAT, 5060 + n), seat=name, secret="wrong") for n, name in enumerate(took)}
    for _ in range(10):
        for name, desk in desks.items():
            proof = desk.proof(desk.send())
            took[name].append(steps(lambda desk=desk, proof=proof: desk.send(proof)))  # type: ignore[misc]
    assert took["101"] == took["999"]
    assert all(one["_hash"] == 3 for one in took["999"])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["right", "wrong", "no such seat", "no proof", "another's name"]), st.integers(0, 2)),
        max_size=60,
    )
)
def test_a_right_secret_registers_whatever_was_tried_before_behind_the_address(
    tries: list[tuple[str, int]],
) -> None:
    house = House(seats=SEATS)
    for n, (kind, phone) in enumerate(tries):
        desk = Desk(house, Addr(NAT, 30_000 + phone), seat="999" if kind == "no such seat" else "101")
        desk.call, desk.number = f"{n}", n
        desk.secret = "s3cret" if kind in ("right", "another's name") else "wrong"
        desk.user = "102" if kind == "another's name" else ""
        if kind == "no proof":
            assert code(desk.send()) == 401
        else:
            assert (desk.register() == 200) is (kind == "right")
    last = Desk(house, Addr(NAT, 5060))
    assert last.register() == 200
    assert "999" not in {event.seat for event in house.events if isinstance(event, Unproven)}


def test_a_wrong_proof_beside_a_right_one_does_no_harm() -> None:
    house = House(seats=SEATS)
    phone = Desk(house, Addr(NAT, 5060))
    challenge = phone.send()
    wrong = replace(phone, secret="wrong").proof(challenge)
    assert code(phone.send(wrong, phone.proof(challenge))) == 200


@pytest.mark.parametrize(
    ("offered", "taken"), [(("MD5",), {"MD5"}), (("SHA-256",), {"SHA-256"}), (("SHA-256", "MD5"), {"SHA-256", "MD5"})]
)
def test_what_is_offered_is_what_is_taken_seat_by_seat(offered: tuple[str, ...], taken: set[str]) -> None:
    seats = SEATS | {"101": SeatConfig("101", "s3cret", digest=offered)}
    house = House(seats=seats)
    phone = Desk(house, Addr(NAT, 5060))
    assert tuple(challenges(phone.send())) == offered
    for algorithm in ("MD5", "SHA-256"):
        challenge = phone.send()
        nonce = next(iter(challenges(challenge).values()))
        asked = challenge + f'nonce="{nonce}", algorithm={algorithm}'.encode()
        assert code(phone.send(phone.proof(asked, algorithm))) == (200 if algorithm in taken else 403)
    assert tuple(challenges(Desk(house, Addr(NAT, 5061), seat="102").send())) == ("MD5",)


def test_a_name_nobody_has_is_offered_what_some_seat_is_and_always_the_same() -> None:
    seats = SEATS | {"102": SeatConfig("102", "other", digest=("SHA-256",))}
    offered = []
    for seed in (1, 2):  # two starts of the hotline
        house = House(seed, seats=seats)
        for name in map(str, range(900, 930)):
            phone = Desk(house, Addr(NAT, 5000 + int(name)), seat=name)
            offered.append((name, tuple(challenges(phone.send()))))
    assert offered[:30] == offered[30:]
    assert {how for _, how in offered} == {("MD5",), ("SHA-256",)}


def test_an_old_phone_that_knows_no_qop_registers_with_a_nonce_used_once() -> None:
    house = House(seats=SEATS)
    phone = Desk(house, Addr(NAT, 5060))
    challenge = phone.send()
    assert code(phone.send(phone.proof(challenge, qop=False))) == 200
    again = phone.send(phone.proof(challenge, qop=False))  # heard on the wire, or the phone itself
    assert code(again) == 401 and b"stale=true" in again
    assert code(phone.send(phone.proof(challenge, count=2))) == 401
    assert code(phone.send(phone.proof(again, qop=False))) == 200
    counted = phone.send()
    assert code(phone.send(phone.proof(counted))) == 200
    assert code(phone.send(phone.proof(counted, qop=False))) == 401


def test_without_qop_there_is_no_sha_256() -> None:
    house = House(seats=SEATS, digest_algorithms=("SHA-256", "MD5"))
    phone = Desk(house, Addr(NAT, 5060))
    assert code(phone.send(phone.proof(phone.send(), "SHA-256", qop=False))) == 403
    assert phone.register(algorithm="SHA-256") == 200
