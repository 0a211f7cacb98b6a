"""The datagrams of a far end, line by line, so that any line of them can be spoiled."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.sip.core.house import FAR, HERE

SDP = (
    "v=0",
    "o=- 1 1 IN IP4 192.0.2.77",
    "s=-",
    "c=IN IP4 192.0.2.77",
    "t=0 0",
    "m=audio 40000 RTP/AVP 8 0 101",
    "a=rtpmap:8 PCMA/8000",
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-15",
    "a=ptime:20",
    "a=sendrecv",
)
VIA = f"Via: SIP/2.0/UDP {FAR.host}:{FAR.port};branch=z9hG4bK%s;rport"


@dataclass(frozen=True)
class Text:
    """One message: start line, headers and body, as lines."""

    head: tuple[str, ...]
    body: tuple[str, ...] = ()

    def data(self) -> bytes:
        body = "".join(f"{line}\r\n" for line in self.body).encode()
        length = () if any(line.lower().startswith("content-length") for line in self.head) else (len(body),)
        lines = [*self.head, *(f"Content-Length: {n}" for n in length)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def request(method: str, number: int, call: str, tag: str = "", body: tuple[str, ...] = (), branch: str = "") -> Text:
    """A request of the caller."""
    mine = f"{call}{method}{number}"
    head = [
        f"{method} sip:hotline@{HERE.host} SIP/2.0",
        VIA % (branch or mine),
        "Max-Forwards: 70",
        f'From: "caller" <sip:13812345678@{FAR.host}>;tag=far',
        f"To: <sip:hotline@{HERE.host}>" + (f";tag={tag}" if tag else ""),
        f"Call-ID: {call}",
        f"CSeq: {number} {method}",
        f"Contact: <sip:13812345678@{FAR.host}:{FAR.port}>",
    ]
    if method == "INVITE":
        head += ["Session-Expires: 1800;refresher=uac", "Min-SE: 90", "Supported: timer", "Expires: 120"]
        head += [f"Record-Route: <sip:{FAR.host}:{FAR.port};lr>"]
    if method == "REGISTER":
        head += ["Expires: 3600"]
    if body:
        head += ["Content-Type: application/sdp"]
    return Text(tuple(head), body)


def answer(asked: bytes, code: int, body: tuple[str, ...] = ()) -> Text:
    """What a phone answers to a request of ours."""
    lines = asked.decode().split("\r\n\r\n")[0].split("\r\n")
    head = [f"SIP/2.0 {code} Whatever"]
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        head += [line for line in lines if line.startswith(f"{name}:")]
    head = [f"{line};tag=phone" if line.startswith("To:") and "tag=" not in line else line for line in head]
    head += [f"Contact: <sip:101@{FAR.host}:{FAR.port}>"]
    if body:
        head += [
            "Session-Expires: 1800;refresher=uas",
            "Content-Type: application/sdp",
            f"Record-Route: <sip:{FAR.host}:{FAR.port};lr>",
        ]
    return Text(tuple(head), body)


def tag_in(answered: bytes) -> str:
    """The tag the hotline gave itself."""
    found = re.search(rb"^To:.*;tag=(\w+)", answered, re.MULTILINE)
    return found[1].decode() if found else ""
