"""SIP as a far end writes it, line by line and by hand: nothing of ours speaks on its side.

How it is sent is somebody else's: over a socket (``tests/sip/raw.py``), or into a core in virtual time
(``tests/sip/core/caller_id.py``).
"""

from __future__ import annotations

import hashlib
import itertools
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

Headers = list[tuple[str, str]]

SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
)
HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


@dataclass
class Message:
    """A received message, read with string means only."""

    text: str
    start: str = ""
    body: str = ""
    headers: Headers = field(default_factory=list)

    @classmethod
    def read(cls, data: bytes) -> Message:
        text = data.decode()
        head, _, body = text.partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        pairs = [line.partition(":") for line in lines]
        return cls(text, start, body, [(name.strip().lower(), value.strip()) for name, _, value in pairs])

    @property
    def code(self) -> int:
        return int(self.start.split()[1]) if self.start.startswith("SIP/") else 0

    @property
    def method(self) -> str:
        return "" if self.code else self.start.split()[0]

    @property
    def uri(self) -> str:
        return self.start.split()[1]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]

    def __getitem__(self, name: str) -> str:
        found = self.all(name)
        return found[0] if found else ""

    @property
    def cseq(self) -> str:
        return self["cseq"].rpartition(" ")[2]

    @property
    def number(self) -> str:
        """Of its CSeq."""
        return self["cseq"].split()[0]

    @property
    def media_port(self) -> int:
        """Where the sender listens for sound, as its description says."""
        return int(self.body.split("m=audio ")[1].split()[0])


def message(start: str, headers: Headers, body: str = "") -> bytes:
    lines = [start, *(f"{name}: {value}" for name, value in headers)]
    lines.append(f"Content-Length: {len(body.encode())}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


class Writer:
    """One end of a dialog at ``host``:``port`` that calls ``to``; its sound is at ``rtp_port``.

    ``remote_tag``, ``call_id``, ``tag`` and ``number`` may be changed at will.
    """

    def __init__(self, host: str, port: int, to: tuple[str, int], user: str, rtp_port: int) -> None:
        self.host, self.port, self.to, self.user, self.rtp_port = host, port, to, user, rtp_port
        self.call_id, self.tag = uuid.uuid4().hex, uuid.uuid4().hex[:8]
        self.remote_tag = ""
        self.number: Iterator[int] = itertools.count(1)
        self.uri = f"sip:hotline@{to[0]}:{to[1]}"

    def sdp(self) -> str:
        return SDP.replace("127.0.0.1", self.host).format(port=self.rtp_port)

    def request(
        self,
        method: str,
        body: str = "",
        *,
        number: int | None = None,
        branch: str | None = None,
        extra: Headers | None = None,
        drop: tuple[str, ...] = (),
        uri: str = "",
        kind: str = "application/sdp",
    ) -> bytes:
        """A complete request; ``extra`` replaces or adds headers, ``drop`` leaves some out."""
        tag = f";tag={self.remote_tag}" if self.remote_tag else ""
        headers = {
            "Via": f"SIP/2.0/UDP {self.host}:{self.port};branch={branch or self.branch()};rport",
            "Max-Forwards": "70",
            "From": f'"测试" <sip:{self.user}@{self.to[0]}>;tag={self.tag}',
            "To": f"<sip:hotline@{self.to[0]}>{tag}",
            "Call-ID": self.call_id,
            "CSeq": f"{number if number is not None else next(self.number)} {method}",
            "Contact": f"<sip:{self.user}@{self.host}:{self.port}>",
        }
        if body:
            headers["Content-Type"] = kind
        added = [(name, value) for name, value in extra or []]
        kept = [(n, v) for n, v in headers.items() if n not in drop and n not in {name for name, _ in added}]
        return message(f"{method} {uri or self.uri} SIP/2.0", kept + added, body)

    @staticmethod
    def branch() -> str:
        return "z9hG4bK" + uuid.uuid4().hex[:16]

    def answer(
        self, request: Message, code: int, body: str = "", tag: str = "phone", extra: Headers | None = None
    ) -> bytes:
        """A response to a request that came here."""
        to = request["to"] if "tag=" in request["to"] or code == 100 else f"{request['to']};tag={tag}"
        headers = [("Via", v) for v in request.all("via")]
        headers += [("From", request["from"]), ("To", to), ("Call-ID", request["call-id"]), ("CSeq", request["cseq"])]
        headers += [("Contact", f"<sip:phone@{self.host}:{self.port}>")]
        if body:
            headers.append(("Content-Type", "application/sdp"))
        return message(f"SIP/2.0 {code} Whatever", headers + (extra or []), body)

    def acknowledgement(self, response: Message, body: str = "") -> bytes:
        """The ACK to a 2xx; the dialog is the one it made."""
        self.remote_tag = response["to"].split("tag=")[1]
        return self.request("ACK", body, number=int(response.number))


def proof(
    challenge: Message,
    uri: str,
    secret: str = "s3cret",
    algorithm: str = "MD5",
    nc: int = 1,
    user: str = "101",
    method: str = "REGISTER",
) -> tuple[str, str]:
    """The Authorization header of a request for ``uri``, computed here by the book (RFC 7616 §3.4)."""
    offered = next(v for v in challenge.all("www-authenticate") if f"algorithm={algorithm}" in v)
    found = re.search(r'nonce="([^"]+)"', offered)
    assert found and 'qop="auth"' in offered and 'realm="hotline"' in offered

    def h(text: str) -> str:
        return HASHES[algorithm](text.encode()).hexdigest()

    nonce, count = found[1], f"{nc:08x}"
    response = h(f"{h(f'{user}:hotline:{secret}')}:{nonce}:{count}:abcd:auth:{h(f'{method}:{uri}')}")
    return "Authorization", (
        f'Digest username="{user}", realm="hotline", nonce="{nonce}", uri="{uri}", response="{response}", '
        f'algorithm={algorithm}, qop=auth, nc={count}, cnonce="abcd"'
    )
