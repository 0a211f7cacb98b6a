"""Operators' phones register here, and only they (RFC 3261 §10, RFC 7616, RFC 8760)."""

from __future__ import annotations

import pytest

from sip.core.config import SeatConfig
from sip.core.events import Reached, Unproven
from tests.sip.core.caller import Caller
from tests.sip.core.house import HERE, House
from tests.sip.written import Message, proof

URI = f"sip:{HERE.host}"
SEATS = {"101": SeatConfig("101", "s3cret"), "102": SeatConfig("102", uri="sip:102@192.0.2.9")}


class Desk(Caller):
    def register(self, *extra: tuple[str, str], user: str = "101") -> None:
        to = [("To", f"<sip:{user}@{HERE.host}>")]
        self.send(self.request("REGISTER", extra=[*to, *extra], uri=URI))

    def signed(self, *extra: tuple[str, str], **how: object) -> Message:
        """Register with an answered challenge."""
        self.register(*extra)
        challenge = self.expect(401)
        self.register(*extra, proof(challenge, URI, **how))  # type: ignore[arg-type]
        return self.final("REGISTER")


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
def test_a_phone_registers_and_unregisters(algorithm: str) -> None:
    house = House(seats=SEATS, digest_algorithms=("SHA-256", "MD5"))
    phone = Desk(house, "101")
    assert house.registrar.phones.reachable() == {"101": False, "102": True}
    answer = phone.signed(algorithm=algorithm)
    assert answer.code == 200 and "expires=3600" in answer["contact"]
    assert house.registrar.phones.reachable()["101"]
    answer = phone.signed(("Expires", "0"))
    assert answer.code == 200 and not answer["contact"]
    assert house.of(Reached) == [Reached("101", True), Reached("101", False)]


def test_the_names_in_a_proof_may_be_written_in_capitals() -> None:
    phone = Desk(House(seats=SEATS), "101")
    phone.register()
    name, text = proof(phone.expect(401), URI)
    phone.register((name, text.replace("realm=", "REALM=").replace("nonce=", "Nonce=")))
    phone.expect(200)


def test_a_proof_heard_on_the_wire_cannot_be_used_again() -> None:
    house = House(seats=SEATS)
    phone = Desk(house, "101")
    thief = Desk(house, "101")
    phone.register()
    challenge = phone.expect(401)
    heard = proof(challenge, URI)
    phone.register(heard)
    phone.expect(200)
    thief.register(heard)
    again = thief.expect(401)
    assert all("stale=true" in v for v in again.all("www-authenticate"))
    phone.register(proof(challenge, URI, nc=2))  # the phone itself counts on
    phone.expect(200)
    thief.register(("Authorization", heard[1].replace('nonce="', 'nonce="0')))
    assert (thief.final("REGISTER")).code in (401, 403)


def test_however_many_fail_behind_an_address_a_right_secret_registers() -> None:
    house = House(seats=SEATS)
    guesser, phone = Desk(house, "101"), Desk(house, "101")
    codes = [guesser.signed(secret="guess").code for _ in range(12)]
    assert codes == [403] * 10 + [503] * 2
    assert phone.signed().code == 200
    assert guesser.signed(secret="guess")["retry-after"] == "60"
    assert guesser.signed().code == 200
    house.wait(61)
    assert guesser.signed(secret="guess").code == 403


def test_a_registration_that_is_not_renewed_ends() -> None:
    house = House(seats=SEATS)
    phone = Desk(house, "101")
    assert (phone.signed(("Expires", "60"))).code == 200
    house.wait(59)
    assert house.registrar.phones.to_ring("101")
    house.wait(2)
    assert house.of(Reached) == [Reached("101", True), Reached("101", False)] and not house.registrar.phones.to_ring(
        "101"
    )


def test_intervals_star_and_bad_contacts() -> None:
    house = House(seats=SEATS)
    phone = Desk(house, "101")
    brief = phone.signed(("Contact", "<sip:101@192.0.2.77:7>;expires=5"))
    assert (brief.code, brief["min-expires"]) == (423, "60")
    long = phone.signed(("Contact", "<sip:101@192.0.2.77:7>;expires=99999"))
    assert "expires=3600" in long["contact"]
    assert (phone.signed(("Contact", "*"))).code == 400
    assert (phone.signed(("Contact", "<tel:110>"))).code == 400
    assert (phone.signed(("Contact", "*"), ("Expires", "0"))).code == 200
    assert not house.registrar.phones.reachable()["101"]


def test_a_repeated_register_is_answered_the_same_and_an_old_one_refused() -> None:
    house = House(seats=SEATS)
    phone = Desk(house, "101")
    phone.register()
    challenge = phone.expect(401)
    to = ("To", f"<sip:101@{HERE.host}>")
    last = phone.send(phone.request("REGISTER", extra=[to, proof(challenge, URI)], number=9))
    first = phone.expect(200)
    phone.send(last)
    assert phone.expect(200).text == first.text
    old = [to, proof(challenge, URI, nc=2)]
    phone.send(phone.request("REGISTER", extra=old, number=8))
    phone.expect(500)


def test_an_algorithm_that_was_not_offered_is_not_accepted() -> None:
    house = House(seats=SEATS)
    phone = Desk(house, "101")
    phone.register()
    challenge = phone.expect(401)
    assert len(challenge.all("www-authenticate")) == 1
    asked = challenge.text.replace("algorithm=MD5", "algorithm=SHA-256")
    phone.register(proof(Message.read(asked.encode()), URI, algorithm="SHA-256"))
    phone.expect(403)


def test_each_of_several_phones_is_kept_with_the_address_its_packets_come_from() -> None:
    house = House(seats=SEATS)
    old, new = Desk(house, "101"), Desk(house, "101")
    old.signed()
    answer = new.signed(("Contact", "<sip:101@10.1.2.3:5060>"))  # behind address translation
    assert len(answer.all("contact")) == 2
    one, other = house.registrar.phones.to_ring("101")
    assert (other.uri, other.to, one.to) == ("sip:101@10.1.2.3:5060", new.address, old.address)
    assert list(house.registrar.phones.sources()) == [old.host, new.host]


def test_fst_2_a_seats_phone_that_calls_proves_whose_it_is() -> None:
    house = House(seats=SEATS)
    phone = Desk(house, "101")
    phone.signed()
    phone.send(phone.request("INVITE", phone.sdp()))
    challenge = phone.expect(401)
    phone.send(phone.request("INVITE", phone.sdp(), extra=[proof(challenge, phone.uri, method="INVITE")]))
    assert "REFER" in phone.expect(200)["allow"]
    assert [leg.seat for leg in house.calls] == ["101"]


def test_fst_2_a_call_in_a_seats_name_without_its_secret_is_refused_and_told() -> None:
    house = House(seats=SEATS)
    phone = Desk(house, "101")
    phone.signed()
    phone.send(phone.request("INVITE", phone.sdp()))
    wrong = proof(phone.expect(401), phone.uri, "guess", method="INVITE")
    phone.send(phone.request("INVITE", phone.sdp(), extra=[wrong]))
    phone.expect(403)
    assert house.of(Unproven) == [Unproven("101", phone.host)] and not house.calls


def test_fst_2_a_proof_of_another_method_proves_no_call() -> None:
    house = House(seats=SEATS)
    phone = Desk(house, "101")
    phone.signed()
    phone.send(phone.request("INVITE", phone.sdp()))
    stolen = proof(phone.expect(401), phone.uri)
    phone.send(phone.request("INVITE", phone.sdp(), extra=[stolen]))
    phone.expect(403)


def test_fst_2_a_seats_number_from_elsewhere_or_another_number_from_there_is_a_call_like_any_other() -> None:
    house = House(seats=SEATS)
    phone, stranger, neighbour = Desk(house, "101"), Desk(house, "101", "192.0.2.200"), Desk(house, "13800001111")
    phone.signed()
    for caller in (stranger, neighbour):
        caller.send(caller.request("INVITE", caller.sdp()))
        assert "REFER" not in caller.expect(200)["allow"]
    assert [leg.seat for leg in house.calls] == ["", ""]
