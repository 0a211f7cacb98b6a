"""One message after the other out of a stream of bytes (RFC 3261 §18.3), and the pings between them (RFC 5626 §4.4.1).

A stream has no datagrams: only Content-Length says where a message ends. Whoever sends something else cannot be
understood any more from there on, so the connection is over.
"""

from __future__ import annotations

import re

from sip.core.sip_messages import Junk

HEAD_MAX = 16_384  # bytes of start line and headers; ours have under 2,000
BODY_MAX = 65_535  # as much as a datagram could hold
PING, PONG = b"\r\n\r\n", b"\r\n"

_LENGTH = re.compile(rb"^(?:content-length|l)[ \t]*:[ \t]*([^\r\n]*?)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_BEGINNING = re.compile(rb"SIP/2\.0 \d|[A-Za-z0-9.!%*_+`'~-]{1,40} \S")  # of a response or a request
_SHOWS = 48  # bytes that show whether it is one
_START = re.compile(rb"SIP/2\.0 \d{3}|[A-Za-z0-9.!%*_+`'~-]+ \S+ SIP/\d+\.\d+[ \t]*\r?$", re.MULTILINE)
_FOLD = re.compile(rb"\r?\n[ \t]+")  # a header that goes on in the next line (RFC 3261 §7.3.1)
_GAP = re.compile(rb"\r?\n\r?\n")


class Framer:
    """Messages of one stream. ``pings``: answered with :data:`PONG` by whoever sends, who then counts them down."""

    def __init__(self) -> None:
        self.pings = 0
        self._held = bytearray()
        self._seen = 0  # bytes in which no end of a head was found
        self._end = 0  # of the message that has begun, once its head is there
        self._line_ends = 0  # between two messages

    @property
    def begun(self) -> bool:
        """Whether a message began that has not ended."""
        return bool(self._held)

    def feed(self, data: bytes) -> None:
        self._held += data

    def next(self) -> bytes | None:
        """The next whole message, None until there is one. Raises :class:`Junk`: the stream makes no sense."""
        self._between()
        held = self._held
        if not held:
            return None
        if not self._end:
            self._end = self._find_end()
        if not self._end or len(held) < self._end:
            return None
        message = bytes(held[: self._end])
        del held[: self._end]
        self._seen = self._end = 0
        return message

    def _find_end(self) -> int:
        """Where the message that has begun will end; 0 while its head is not whole."""
        held = self._held
        if len(held) >= _SHOWS and not _BEGINNING.match(held):
            raise Junk("no SIP start line")
        gap = _GAP.search(held, self._seen)
        if gap is None and len(held) <= HEAD_MAX:
            self._seen = max(0, len(held) - 3)
            return 0
        if gap is None or gap.end() > HEAD_MAX:
            raise Junk("headers without an end")
        return gap.end() + self._body(bytes(held[: gap.start() + 1]))

    def _between(self) -> None:
        """Take line ends away; two in a row are a ping, one is the answer to ours (or nothing)."""
        while self._held:
            if self._held.startswith(b"\r\n"):
                del self._held[:2]
            elif self._held.startswith(b"\n"):
                del self._held[:1]
            elif self._held == b"\r":
                return
            else:
                self._line_ends = 0
                return
            self._line_ends += 1
            if self._line_ends == 2:
                self._line_ends = 0
                self.pings += 1

    @staticmethod
    def _body(head: bytes) -> int:
        """The length of the body. Raises :class:`Junk` where a head does not say it once and plainly."""
        if not _START.match(head):
            raise Junk("no SIP start line")
        lengths = set(_LENGTH.findall(_FOLD.sub(b" ", head)))
        if len(lengths) != 1:
            raise Junk("no Content-Length, or several")
        (length,) = lengths
        if not re.fullmatch(rb"[0-9]{1,6}", length) or int(length) > BODY_MAX:
            raise Junk("bad Content-Length")
        return int(length)
