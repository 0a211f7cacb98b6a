"""Operators' phones register here, and only they (RFC 3261 §10, RFC 7616, RFC 8760)."""

from __future__ import annotations

import hashlib
import re

import pytest

from ivr.telephony import LineFailed, SeatReach
from sip.core.config import SeatConfig
from tests.sip.raw import Caller, Hotline, Message, story

pytestmark = pytest.mark.network

SEATS = {"101": SeatConfig("101", "s3cret"), "102": SeatConfig("102", uri="sip:102@127.0.0.1:9")}
HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


def proof(
    challenge: Message, secret: str = "s3cret", algorithm: str = "MD5", nc: int = 1, user: str = "101"
) -> tuple[str, str]:
    """An Authorization header, computed here by the book."""
    offered = next(v for v in challenge.all("www-authenticate") if f"algorithm={algorithm}" in v)
    found = re.search(r'nonce="([^"]+)"', offered)
    assert found and 'qop="auth"' in offered and 'realm="hotline"' in offered

    def h(text: str) -> str:
        return HASHES[algorithm](text.encode()).hexdigest()

    uri, nonce, count = "sip:127.0.0.1", found[1], f"{nc:08x}"
    response = h(f"{h(f'{user}:hotline:{secret}')}:{nonce}:{count}:abcd:auth:{h(f'REGISTER:{uri}')}")
    return "Authorization", (
        f'Digest username="{user}", realm="hotline", nonce="{nonce}", uri="{uri}", response="{response}", '
        f'algorithm={algorithm}, qop=auth, nc={count}, cnonce="abcd"'
    )


class Desk(Caller):
    def register(self, *extra: tuple[str, str], user: str = "101") -> None:
        to = [("To", f"<sip:{user}@127.0.0.1>")]
        self.send(self.request("REGISTER", extra=[*to, *extra], uri="sip:127.0.0.1"))

    async def signed(self, *extra: tuple[str, str], **how: object) -> Message:
        """Register with an answered challenge."""
        self.register(*extra)
        challenge = await self.expect(401)
        self.register(*extra, proof(challenge, **how))  # type: ignore[arg-type]
        return await self.final("REGISTER")


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
def test_a_phone_registers_and_unregisters(algorithm: str) -> None:
    @story
    async def run() -> None:
        async with Hotline(seats=SEATS, digest_algorithms=("SHA-256", "MD5")) as hotline:
            with Desk(hotline.port, "101") as phone:
                assert hotline.engine.reachable() == {"101": False, "102": True}
                answer = await phone.signed(algorithm=algorithm)
                assert answer.code == 200 and "expires=3600" in answer["contact"]
                assert hotline.engine.reachable()["101"]
                answer = await phone.signed(("Expires", "0"))
                assert answer.code == 200 and not answer["contact"]
                await hotline.until(SeatReach, 3)
                told = [(e.seat, e.reachable) for e in hotline.of(SeatReach)]
                assert told == [("102", True), ("101", True), ("101", False)]

    run()


@story
async def test_a_wrong_secret_is_403_an_unknown_seat_404_a_seat_without_secret_403() -> None:
    async with Hotline(seats=SEATS) as hotline:
        with Desk(hotline.port, "101") as phone:
            assert (await phone.signed(secret="wrong")).code == 403
            phone.register(user="999")
            await phone.expect(404)
            phone.register(user="102")
            await phone.expect(403)
            assert (await phone.signed(user="102")).code == 403  # another user's name in the proof
            assert not hotline.engine.reachable()["101"]


@story
async def test_a_proof_heard_on_the_wire_cannot_be_used_again() -> None:
    async with Hotline(seats=SEATS) as hotline:
        with Desk(hotline.port, "101") as phone, Desk(hotline.port, "101") as thief:
            phone.register()
            challenge = await phone.expect(401)
            heard = proof(challenge)
            phone.register(heard)
            await phone.expect(200)
            thief.register(heard)
            again = await thief.expect(401)
            assert all("stale=true" in v for v in again.all("www-authenticate"))
            phone.register(proof(challenge, nc=2))  # the phone itself counts on
            await phone.expect(200)
            thief.register(("Authorization", heard[1].replace('nonce="', 'nonce="0')))
            assert (await thief.final("REGISTER")).code in (401, 403)


@story
async def test_too_many_failures_from_one_source_are_stopped() -> None:
    async with Hotline(seats=SEATS) as hotline:
        with Desk(hotline.port, "101") as phone:
            for _ in range(10):
                assert (await phone.signed(secret="guess")).code == 403
            phone.register()
            assert (await phone.expect(503))["retry-after"] == "60"


@story
async def test_a_registration_that_is_not_renewed_ends() -> None:
    async with Hotline(seats=SEATS, min_expires_s=1) as hotline:
        with Desk(hotline.port, "101") as phone:
            assert (await phone.signed(("Expires", "1"))).code == 200
            await hotline.until(SeatReach, 3)
            assert not hotline.of(SeatReach)[2].reachable
            hotline.engine.dial("l", "101", 1000)
            assert (await hotline.until(LineFailed)).reason == "unreachable"


@story
async def test_intervals_star_and_bad_contacts() -> None:
    async with Hotline(seats=SEATS) as hotline:
        with Desk(hotline.port, "101") as phone:
            brief = await phone.signed(("Contact", "<sip:101@127.0.0.1:7>;expires=5"))
            assert (brief.code, brief["min-expires"]) == (423, "60")
            long = await phone.signed(("Contact", "<sip:101@127.0.0.1:7>;expires=99999"))
            assert "expires=3600" in long["contact"]
            assert (await phone.signed(("Contact", "*"))).code == 400
            assert (await phone.signed(("Contact", "<tel:110>"))).code == 400
            assert (await phone.signed(("Contact", "*"), ("Expires", "0"))).code == 200
            assert not hotline.engine.reachable()["101"]


@story
async def test_of_several_phones_the_newest_rings_and_its_packets_go_where_it_registered_from() -> None:
    async with Hotline(seats=SEATS) as hotline:
        with Desk(hotline.port, "101") as old, Desk(hotline.port, "101") as new:
            await old.signed()
            answer = await new.signed(("Contact", "<sip:101@10.1.2.3:5060>"))  # behind address translation
            assert len(answer.all("contact")) == 2
            hotline.engine.dial("l", "101", 12_000)
            invite = await new.receive(lambda m: m.method == "INVITE")
            assert invite.uri == "sip:101@10.1.2.3:5060"
            new.reply(invite, 200, new.sdp(), extra=[])
            await new.receive(lambda m: m.method == "ACK")
            assert not old.seen[2:]


@story
async def test_a_repeated_register_is_answered_the_same_and_an_old_one_refused() -> None:
    async with Hotline(seats=SEATS) as hotline:
        with Desk(hotline.port, "101") as phone:
            phone.register()
            challenge = await phone.expect(401)
            last = phone.send(
                phone.request("REGISTER", extra=[("To", "<sip:101@127.0.0.1>"), proof(challenge)], number=9)
            )
            first = await phone.expect(200)
            phone.send(last)
            assert (await phone.expect(200)).text == first.text
            old = [("To", "<sip:101@127.0.0.1>"), proof(challenge, nc=2)]
            phone.send(phone.request("REGISTER", extra=old, number=8))
            await phone.expect(500)


@story
async def test_registering_opens_no_way_out() -> None:
    """Toll fraud: the registrar takes seats, not numbers."""
    async with Hotline(seats=SEATS) as hotline:
        with Desk(hotline.port, "101") as phone:
            await phone.signed()
            hotline.engine.dial("l", "0088123", 1000)
            assert (await hotline.until(LineFailed)).reason == "unreachable"


@story
async def test_an_algorithm_that_was_not_offered_is_not_accepted() -> None:
    async with Hotline(seats=SEATS) as hotline:
        with Desk(hotline.port, "101") as phone:
            phone.register()
            challenge = await phone.expect(401)
            assert len(challenge.all("www-authenticate")) == 1
            asked = challenge.text.replace("algorithm=MD5", "algorithm=SHA-256")
            phone.register(proof(Message.read(asked.encode()), algorithm="SHA-256"))
            await phone.expect(403)
