"""The session description inside a message: its body, or a part of it (RFC 2046 §5.1, RFC 5621).

Gateways put ISUP, a location or a picture beside it. Whatever else is there is left alone; what a part says of
itself is read as widely as it is written: boundaries of any characters, ends of lines with or without CR, parts
within parts, a last boundary that never comes.
"""

from __future__ import annotations

import binascii
import itertools
import quopri
import re
from collections.abc import Iterator

from aiosipua.message import SipMessage

SDP = "application/sdp"
_DEEPEST = 4  # multiparts within each other
_MOST = 32  # parts looked at in one message
_PARAMETER = re.compile(r';\s*([\w-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)')
_GAP = re.compile(rb"(?:^|\r?\n)\r?\n")


def readable(message: SipMessage) -> bool:
    """Whether a body is one a session description could be in; a message without a body has nothing unreadable."""
    kind = _kind(message.content_type or SDP)
    return not message.body or kind == SDP or kind.startswith("multipart/")


def description_in(message: SipMessage) -> bytes:
    """The session description of a message; ``b""`` when it carries none."""
    kind = message.content_type or SDP
    if not _kind(kind).startswith("multipart/"):
        return message.body
    found = list(_descriptions(kind, message.body, [_MOST], _DEEPEST))
    if not found:
        return b""
    return found[-1 if _kind(kind) == "multipart/alternative" else 0]  # of alternatives the last is the best


def _descriptions(kind: str, body: bytes, left: list[int], deep: int) -> Iterator[bytes]:
    """Every session description in a multipart body. ``left``: how many parts may still be looked at."""
    boundary = _parameters(kind).get("boundary", "")
    if not boundary or not deep:
        return
    mark = re.escape(boundary.encode())
    delimiter = rb"(?:\A|(?<=\n))--" + mark + rb"(--)?[ \t]*(?:\r?\n|\Z)"
    ends = list(re.finditer(delimiter, body))
    for begin, end in itertools.zip_longest(ends, ends[1:]):
        if begin[1] or not left[0]:  # "--boundary--": what follows is for nobody
            return
        left[0] -= 1
        text = body[begin.end() : end.start() if end else len(body)]
        gap = _GAP.search(text)
        if gap is None:
            continue
        headers = _headers(text[: gap.start()])
        part, own = text[gap.end() :], headers.get("content-type", "text/plain")
        if _kind(own).startswith("multipart/"):
            yield from _descriptions(own, part, left, deep - 1)
        elif _kind(own) == SDP and _kind(headers.get("content-disposition", "session")) == "session":
            yield _decoded(part, headers.get("content-transfer-encoding", ""))


def _headers(text: bytes) -> dict[str, str]:
    unfolded = re.sub(r"\r?\n[ \t]+", " ", text.decode("utf-8", "replace"))
    pairs = (line.partition(":") for line in unfolded.splitlines())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _kind(value: str) -> str:
    """``Application/SDP ; version=1`` -> ``application/sdp``."""
    return value.split(";")[0].strip().lower()


def _parameters(value: str) -> dict[str, str]:
    found = {name.lower(): text.strip() for name, text in _PARAMETER.findall(value)}
    return {
        name: re.sub(r"\\(.)", r"\1", text[1:-1]) if len(text) > 1 and text[0] == text[-1] == '"' else text
        for name, text in found.items()
    }


def _decoded(part: bytes, encoding: str) -> bytes:
    """SIP needs no transfer encoding (RFC 3261 §7.4.1); mail-minded gateways write one all the same."""
    try:
        if encoding.lower() == "base64":
            return binascii.a2b_base64(part)
    except binascii.Error:
        return part
    return quopri.decodestring(part) if encoding.lower() == "quoted-printable" else part
