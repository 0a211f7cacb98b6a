"""Operators' phones by hand, in virtual time: each at an address of its own, or behind one address with others."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from sip.core.sip_messages import Addr
from tests.sip.core.house import HERE, House
from tests.sip.core.script import SDP, Text, answer

HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


def challenges(answered: bytes) -> dict[str, str]:
    """Algorithm -> nonce, in the order they are offered."""
    found = re.findall(rb'nonce="([^"]+)", algorithm=([A-Z0-9-]+)', answered)
    return {algorithm.decode(): nonce.decode() for nonce, algorithm in found}


def code(answered: bytes) -> int:
    return int(answered.split(b" ", 2)[1])


@dataclass
class Desk:
    """One phone. ``contact``: what it calls itself; behind address translation not where its packets come from."""

    house: House
    source: Addr
    seat: str = "101"
    contact: str = ""
    params: str = ""  # of the Contact
    secret: str = "s3cret"
    user: str = ""
    alive: bool = True  # does it answer OPTIONS?
    number: int = 0
    heard: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.contact = self.contact or f"sip:{self.seat}@{self.source.host}:{self.source.port}"
        self.call = f"desk-{self.source.host}-{self.source.port}"

    def send(self, *headers: str, expires: int = 3600) -> bytes:
        """One REGISTER; its answer."""
        self.number += 1
        lines = [
            f"REGISTER sip:{HERE.host} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.source.host}:{self.source.port};branch=z9hG4bK{self.call}{self.number};rport",
            f"From: <sip:{self.seat}@{HERE.host}>;tag=desk",
            f"To: <sip:{self.seat}@{HERE.host}>",
            f"Call-ID: {self.call}",
            f"CSeq: {self.number} REGISTER",
            f"Contact: <{self.contact}>;expires={expires}{self.params}",
            *headers,
            "Content-Length: 0",
        ]
        sent = self.house.receive(("\r\n".join(lines) + "\r\n\r\n").encode(), self.source)
        return next(data for data in sent if data.startswith(b"SIP/2.0") and b"REGISTER" in data)

    def proof(self, challenge: bytes, algorithm: str = "MD5", count: int = 1, qop: bool = True) -> str:
        """The Authorization that answers it, by the book."""
        nonce, user, uri = challenges(challenge)[algorithm], self.user or self.seat, f"sip:{HERE.host}"

        def h(text: str) -> str:
            return HASHES[algorithm](text.encode()).hexdigest()

        ha1, ha2 = h(f"{user}:hotline:{self.secret}"), h(f"REGISTER:{uri}")
        middle = f"{nonce}:{count:08x}:abcd:auth" if qop else nonce
        tail = f', qop=auth, nc={count:08x}, cnonce="abcd"' if qop else ""
        return (
            f'Authorization: Digest username="{user}", realm="hotline", nonce="{nonce}", uri="{uri}", '
            f'response="{h(f"{ha1}:{middle}:{ha2}")}", algorithm={algorithm}{tail}'
        )

    def register(self, *headers: str, expires: int = 3600, algorithm: str = "MD5", qop: bool = True) -> int:
        """As phones do: ask, then prove."""
        return code(self.send(self.proof(self.send(*headers), algorithm, qop=qop), *headers, expires=expires))


def pass_time(house: House, desks: list[Desk], seconds: float, step: float = 0.5) -> None:
    """Time goes by; phones that are alive answer every OPTIONS, and each notes what it gets."""
    end = house.now + seconds
    while house.now < end:
        serve(house, desks)
        house.wait(min(step, end - house.now))
    serve(house, desks)


def serve(house: House, desks: list[Desk]) -> None:
    """Give each phone what was sent to it."""
    while house.sent:
        sent, house.sent = house.sent, []
        for data, to in sent:
            for desk in desks:
                if desk.source[:2] == to[:2]:
                    desk.heard.append(data)
                    if desk.alive and data.startswith(b"OPTIONS "):
                        house.receive(answer(data, 200).data(), desk.source)


def invites(desk: Desk) -> list[bytes]:
    return [data for data in desk.heard if data.startswith(b"INVITE ")]


def says(desk: Desk, invite: bytes, code: int, body: tuple[str, ...] = SDP) -> list[bytes]:
    """The phone answers an INVITE, without a proxy between; what is sent because of it."""
    text = answer(invite, code, body if code == 200 else ())
    head = [line for line in text.head if not line.startswith(("Record-Route:", "Contact:"))]
    return desk.house.receive(Text((*head, f"Contact: <{desk.contact}>"), text.body).data(), desk.source)
