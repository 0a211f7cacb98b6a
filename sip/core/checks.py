"""Checks every message must pass before it is acted on (RFC 3261 §8.1.1, §8.2, §18.3).

Each number of a message is bounded here, once: whoever reads it later may trust it. A port of 99999 that
gets further makes the answer to it fail, and with it whatever stood behind that answer.
"""

from __future__ import annotations

import re

from aiosipua.headers import parse_via
from aiosipua.message import SipMessage, SipRequest, missing_required_headers

from sip.core.sip_messages import host_of, scheme_of, tag_of, uri_of
from sip.errors import SipError

_MOST = 2**32 - 1
_LEADING = {  # headers that begin with a number -> the least and the greatest it may be
    "max-forwards": (0, 255),
    "content-length": (0, 65_535),
    "expires": (0, _MOST),
    "min-expires": (0, _MOST),
    "session-expires": (0, _MOST),
    "min-se": (0, _MOST),
    "rseq": (1, _MOST),
}


_ONCE = ("from", "to", "call-id", "cseq")  # who reads the first and who reads the last see different calls
_NUMBER = re.compile(r"0*([0-9]{1,10})")


class Faulty(SipError):
    """A message nobody may act on; a request is refused with ``code`` (RFC 3261 §8.2)."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code, self.why = code, why


def number(text: str, least: int = 0, most: int = _MOST) -> int | None:
    """A decimal number within its bounds, or None: no sign, no fraction, no digits of other scripts."""
    found = _NUMBER.fullmatch(text.strip())
    value = int(found.group(1)) if found else -1
    return value if least <= value <= most else None


def check(request: SipRequest, data: bytes) -> None:
    """Raise :class:`Faulty` where a request breaks the rules every request must keep."""
    version = data.lstrip(b"\r\n").split(b"\n", 1)[0].split()[2]
    if version != b"SIP/2.0":
        raise Faulty(505, "only SIP/2.0 is spoken here")
    twice = [name for name in _ONCE if len(request.headers.get(name)) > 1]
    if twice:
        raise Faulty(400, f"more than one {', '.join(twice)}")
    missing = missing_required_headers(request)
    if missing:
        raise Faulty(400, f"missing {', '.join(missing)}")
    sequence = request.headers.get("cseq")[0].split()
    if len(sequence) != 2 or number(sequence[0], most=2**31 - 1) is None:
        raise Faulty(400, "bad CSeq")
    if sequence[1] != request.method:
        raise Faulty(400, "CSeq names another method")
    if not tag_of(request.headers.get("from")[0]) and request.method not in ("OPTIONS", "REGISTER"):
        raise Faulty(400, "From without tag")
    bounded(request)
    if request.method != "REGISTER" and any(
        scheme_of(uri_of(contact)) not in ("sip", "sips") for contact in request.headers.get("contact")
    ):
        raise Faulty(400, "a Contact requests cannot be sent to")
    length = request.get_header("content-length")
    if length is not None and int(length) > len(request.body):
        raise Faulty(400, "Content-Length does not fit")


def bounded(message: SipMessage) -> None:
    """Raise :class:`Faulty` when a number or an address of the message is outside its bounds."""
    for name, (least, most) in _LEADING.items():
        for value in message.headers.get(name):
            if number(value.split(";")[0], least, most) is None:
                raise Faulty(400, f"bad {name}")
    for value in message.headers.get("via"):
        via = parse_via(value)
        ports = [*([str(via.port)] if via.port is not None else []), *([via.rport] if via.rport else [])]
        if ":" in via.host.rpartition("]")[2] or any(number(port, 1, 65_535) is None for port in ports):
            raise Faulty(400, "bad via")
        if number(via.params.get("ttl") or "0", 0, 255) is None:
            raise Faulty(400, "bad via")
    for name in ("contact", "record-route", "route"):
        for value in message.headers.get(name):
            try:
                if not (name == "contact" and value.strip() == "*"):
                    host_of(uri_of(value))
            except ValueError as error:
                raise Faulty(400, f"bad {name}") from error
