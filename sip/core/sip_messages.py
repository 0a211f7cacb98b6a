"""SIP messages on the wire: what the library's parser leaves open, and replies.

Parsing and serialising are aiosipua's; here are the remaining compact names and raw-value helpers, because
its URI model has no ``tel:``. The strictness it lacks is in ``checks``.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote

from aiosipua.headers import parse_via, stringify_via
from aiosipua.message import SipMessage, SipRequest, SipResponse

from sip.errors import SipError

Host = tuple[str, int]
Header = tuple[str, str]

METHODS = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "UPDATE", "PRACK")
ALLOW = ", ".join(METHODS)
SUPPORTED = frozenset({"timer", "100rel"})

_MORE_COMPACT = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "d": "Request-Disposition",
    "j": "Reject-Contact",
    "n": "Identity-Info",
    "o": "Event",
    "r": "Refer-To",
    "u": "Allow-Events",
    "x": "Session-Expires",
    "y": "Identity",
}

REASONS = {
    100: "Trying",
    180: "Ringing",
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    422: "Session Interval Too Small",
    423: "Interval Too Brief",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    489: "Bad Event",
    491: "Request Pending",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "Version Not Supported",
    603: "Decline",
}


class Addr(NamedTuple):
    """One end of the network path of a message; ``transport`` as it stands in a Via."""

    host: str
    port: int
    transport: str = "UDP"

    @property
    def reliable(self) -> bool:
        """Whether the transport itself repeats what is lost (TCP, TLS)."""
        return self.transport != "UDP"


class Junk(SipError, ValueError):
    """A datagram that is no SIP message; it is counted and dropped."""


# Compiled here: a look into the cache of `re` costs as much as the search itself, and each message needs dozens.
_LENGTH = re.compile(rb"[\r\n]+(?:content-length|l)[ \t]*:", re.IGNORECASE)
_GAP = re.compile(rb"\r\n\r\n|\n\n")
_START = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+ \S+ SIP/\d+\.\d+")
_DISPLAY = re.compile(r'\s*"(?:[^"\\]|\\.)*"')
_INSIDE = re.compile(r"<([^>]*)>")
_HOST = re.compile(r"(\[[^\]]+\]|[^:]*)(?::(\d{1,5}))?")


def _parted(text: bytes) -> tuple[bytes, bytes, bytes]:
    """Head, the empty line, body."""
    gap = _GAP.search(text)  # whichever comes first: a body may have the other one
    return (text[: gap.start()], gap[0], text[gap.end() :]) if gap else (text, b"", b"")


def parse(data: bytes) -> SipRequest | SipResponse:
    """One datagram -> message. Raises :class:`Junk` for anything that is not SIP."""
    text = data.lstrip(b"\r\n")
    if not text:
        raise Junk("empty")
    first = text.split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    if not first.startswith("SIP/2.0 ") and not _START.fullmatch(first):
        raise Junk("no SIP start line")
    head, gap, body = _parted(text)
    try:  # under another name: the library writes a log line about each length that does not fit
        message = SipMessage.parse(_LENGTH.sub(b"\nX-Length:", head) + gap)
        message.body = body
    except (ValueError, IndexError) as error:
        raise Junk(str(error)) from error
    declared = message.get_header("x-length")
    if declared is not None:
        message.remove_header("x-length")
        message.set_header("Content-Length", declared)
        if re.fullmatch(r"[0-9]{1,6}", declared):
            message.body = message.body[: int(declared)]
    if isinstance(message, SipResponse) and not 100 <= message.status_code <= 699:
        raise Junk("status code out of range")
    for short, name in _MORE_COMPACT.items():
        if short in message.headers and name not in message.headers:
            for value in message.headers.get(short):
                message.headers.append(name, value)
    if not message.headers.get("via"):
        raise Junk("no Via")
    return message


def stamp_source(message: SipMessage, source: Addr) -> None:
    """Write ``received`` and ``rport`` into the topmost Via (RFC 3261 §18.2.1, RFC 3581 §4)."""
    vias = message.headers.get("via")
    via = parse_via(vias[0])
    if "rport" in via.params or via.host != source[0]:
        via.params["received"] = source[0]
    if "rport" in via.params:
        via.params["rport"] = str(source[1])
    vias[0] = stringify_via(via)


def reply(
    request: SipRequest, code: int, *, to_tag: str = "", headers: Iterable[Header] = (), reason: str = ""
) -> SipResponse:
    """A response to ``request`` with everything it must copy (RFC 3261 §8.2.6)."""
    response = SipResponse(status_code=code, reason_phrase=reason or REASONS.get(code, "Unknown"))
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        for value in request.headers.get(name):
            response.headers.append(name, value)
    to = response.get_header("to") or ""
    if code > 100 and to_tag and not tag_of(to):
        response.set_header("To", f"{to};tag={to_tag}")
    for name, value in headers:
        response.headers.append(name, value)
    return response


# --- raw header values ---------------------------------------------------------------------


def _without_display(value: str) -> str:
    found = _DISPLAY.match(value)
    return value[found.end() :] if found else value


def uri_of(value: str) -> str:
    """The URI of a name-addr or addr-spec: ``"张" <sip:1@h>;tag=x`` -> ``sip:1@h``."""
    bare = _without_display(value)
    inside = _INSIDE.search(bare)
    return (inside.group(1) if inside else bare.split(";")[0]).strip()


def params_of(value: str) -> dict[str, str]:
    """The header parameters behind an address (names in lower case)."""
    bare = _without_display(value)
    tail = bare.split(">", 1)[1] if ">" in bare else bare.partition(";")[1] + bare.partition(";")[2]
    pairs = (part.partition("=") for part in tail.split(";") if part.strip())
    return {name.strip().lower(): text.strip() for name, _, text in pairs}


def tag_of(value: str) -> str:
    """The ``tag`` of a From or To value, or an empty string."""
    return params_of(value).get("tag", "")


def user_of(uri: str) -> str:
    """User part of a ``sip:``, ``sips:`` or ``tel:`` URI, unquoted, without parameters."""
    scheme, _, rest = uri.partition(":")
    if scheme.lower() == "tel":
        return unquote(rest.split(";")[0])
    user, at, _ = rest.split("?")[0].rpartition("@")
    return unquote(user.split(":")[0].split(";")[0]) if at else ""


def scheme_of(uri: str) -> str:
    return uri.partition(":")[0].lower()


def host_of(uri: str) -> Host:
    """Host and port (5060 when none is given) of a ``sip:`` URI. Raises ``ValueError`` when one of them cannot be."""
    rest = uri.partition(":")[2].split("?")[0].rpartition("@")[2].split(";")[0].strip()
    inside = _HOST.fullmatch(rest)
    if not inside or not inside.group(1):
        raise ValueError(f"no host in {uri!r}")
    port = int(inside.group(2) or 5060)
    if not 1 <= port <= 65_535:
        raise ValueError(f"no such port in {uri!r}")
    return inside.group(1).strip("[]"), port


def uri_params_of(uri: str) -> dict[str, str]:
    """The parameters of a ``sip:`` URI (names in lower case): ``sip:1@h;line=x`` -> ``{"line": "x"}``."""
    tail = uri.partition(":")[2].split("?")[0].rpartition("@")[2]
    pairs = (part.partition("=") for part in tail.split(";")[1:])
    return {name.strip().lower(): text.strip() for name, _, text in pairs}


def is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    return host.lower() == "localhost" or (is_ip(host) and ipaddress.ip_address(host).is_loopback)


def host_port(addr: Host) -> str:
    """``host:port`` as it stands in URIs, IPv6 in brackets."""
    return f"[{addr[0]}]:{addr[1]}" if ":" in addr[0] else f"{addr[0]}:{addr[1]}"


def quoted(text: str) -> str:
    """A display name, safe inside quotes: no control characters, no header can be smuggled in."""
    clean = "".join(c for c in text if c.isprintable())
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'


def cseq_of(message: SipMessage) -> int:
    return int((message.get_header("cseq") or "0").split()[0])


def seconds(value: str | None) -> int | None:
    """A header value in seconds (``1800;refresher=uac`` -> 1800), or None."""
    digits = (value or "").split(";")[0].strip()
    return int(digits) if digits.isdigit() and len(digits) < 10 else None
