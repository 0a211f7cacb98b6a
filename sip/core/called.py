"""Which number was called: the user of the request URI, or what the network wrote elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aiosipua.message import SipRequest

from sip.core.sip_messages import uri_of, user_of

REQUEST = "request"
LONGEST = 64


def called_of(request: SipRequest, places: Sequence[str]) -> tuple[str, ...]:
    """The called numbers in ``places``, in order: ``request`` (the URI), or a header, ``to``, ``p-called-party-id``
    (RFC 7315 §5.2), ``diversion`` (RFC 5806: the newest first). Never empty."""
    found = dict.fromkeys(number for place in places for number in _in(request, place) if number)
    return tuple(found) or tuple(_in(request, REQUEST))


def _in(request: SipRequest, place: str) -> Iterator[str]:
    uris = [request.uri] if place == REQUEST else [uri_of(value) for value in request.headers.get(place)]
    for uri in uris:
        yield "".join(char for char in user_of(uri) if char.isprintable())[:LONGEST]
