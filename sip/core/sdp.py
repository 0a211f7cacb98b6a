"""Reading a far end's session description (RFC 4566): what can be spoken with it, however it is spelled.

Of a description only the lines that matter here are read; a number elsewhere that cannot be read (a bandwidth of
64.5) is no reason to refuse a citizen.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from aiosipua.sdp import MediaDescription, SdpMessage, parse_sdp

from sip.core.checks import number
from sip.core.codecs import best, keys_of, spoken
from sip.core.crypto import Crypto, Secret, offered
from sip.core.sip_messages import Header, is_ip
from sip.errors import SipError

PLAIN = ("RTP/AVP", "RTP/AVPF")
SECURE = ("RTP/SAVP", "RTP/SAVPF")
_LONGEST_PTIME = 1000  # ms of sound in one packet
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_SECTION = re.compile(r"(\w+)\s+([0-9]+)/[0-9]+\s")  # of several ports the first
_PTIME = re.compile(r"([0-9]+)\.0*")
_RTPMAP = re.compile(r"(\d{1,3})\s+([^\s/]+)(?:\s*/\s*(\d{1,9}))?(?:\s*/\s*(\d{1,9}))?")


class Unacceptable(SipError, ValueError):
    """An offer or answer that cannot be used (488)."""

    @property
    def warning(self) -> Header:
        """The reason for whoever reads the trace of the other side (RFC 3261 §20.43)."""
        text = "".join(c for c in str(self) if c.isprintable() and c not in '"\\')
        return "Warning", f'304 hotline "{text}"'


@dataclass(frozen=True, slots=True)
class Agreed:
    """What both sides settled on, seen from here. ``codec``: see ``codecs``; ``payload_type``: its number on this call.

    ``held``: they do not want to hear us.
    """

    host: str
    port: int
    codec: int
    payload_type: int
    dtmf_pt: int | None
    send: bool
    receive: bool
    secret: Secret | None = None  # the sound is SRTP

    @property
    def held(self) -> bool:
        return not self.send


def read(body: bytes) -> SdpMessage:
    """Parse a body. Raises :class:`Unacceptable` when it is no session description."""
    lines = map(_tidy, body.decode("utf-8", "replace").splitlines())
    try:
        sdp = parse_sdp("\n".join(line for line in lines if line))
    except (ValueError, IndexError) as error:
        raise Unacceptable(f"unreadable session description: {error}") from error
    if not sdp.media:
        raise Unacceptable("no media in the session description")
    if not all(0 <= media.port <= 65_535 for media in sdp.media):
        raise Unacceptable("a port that does not exist")
    return sdp


def _tidy(line: str) -> str:
    """A line as the library takes it, or nothing: it gives up at a number it cannot read, wherever that stands."""
    kind, _, value = line.partition("=")
    kind, value = kind.strip(), value.strip()
    if kind == "m":
        value = _SECTION.sub(r"\1 \2 ", value)
        what, gap, rest = value.partition(" ")
        value = what.lower() + gap + rest
    if kind != "a":
        return f"{kind}={value}" if kind in ("c", "m") else ""
    name, colon, text = value.partition(":")
    name, text = name.strip().lower(), text.strip()
    if name == "rtpmap":
        found = _RTPMAP.match(text)  # without its number it says nothing: the number's own meaning stands
        if found is None:
            return ""
        text = f"{found[1]} {found[2]}" + "".join(f"/{part}" for part in found.groups()[2:] if part)
    elif name == "ptime":
        text = _PTIME.sub(r"\1", text)
        if not text:
            return ""
    elif name == "fmtp" and not re.match(r"\d{1,3}\s", text):
        return ""
    return f"a={name}{colon}{text}"


def direction_of(sdp: SdpMessage, media: MediaDescription) -> str:
    """``sendrecv`` unless the section, or else the session, says otherwise."""
    for attributes in (media.attributes, sdp.attributes):
        for name in _DIRECTIONS:
            if name in attributes:
                return name
    return "sendrecv"


def usable(media: MediaDescription) -> bool:
    """Whether a section is sound over a transport that is spoken here."""
    return media.media == "audio" and media.port > 0 and (media.proto.upper() in PLAIN or secure(media))


def secure(media: MediaDescription) -> bool:
    """Whether a section is SRTP with a key that can be used."""
    return media.proto.upper() in SECURE and bool(keys_in(media))


def keys_in(media: MediaDescription) -> list[Crypto]:
    """The keys a section offers or answers with."""
    return offered(media.attributes.get("crypto", ()))


def agree(sdp: SdpMessage, media: MediaDescription, source_host: str) -> Agreed:
    """Read one audio section. ``source_host`` stands in for an address nothing can be sent to."""
    if not all(0 <= codec.payload_type <= 127 for codec in media.codecs):  # seven bits of the RTP header
        raise Unacceptable("a payload type that does not exist")
    if not all(number(ptime, 1, _LONGEST_PTIME) for ptime in media.attributes.get("ptime", ())):
        raise Unacceptable("a packet length that cannot be")
    numbers = {codec: payload_type for codec, payload_type in reversed(list(spoken(media.codecs)))}
    codec = best([codec for codec, _ in spoken(media.codecs)])
    if codec is None:
        raise Unacceptable("neither PCMA nor PCMU nor G722 is offered")
    connection = media.connection or sdp.connection
    if connection is None:
        raise Unacceptable("no connection address")
    address = connection.address.split("/")[0]
    silent = address in ("0.0.0.0", "::")  # noqa: S104  (the old way of holding, RFC 3264 §8.4)
    direction = direction_of(sdp, media)
    return Agreed(
        host=address if silent or _somebodys(address, source_host) else source_host,
        port=media.port,
        codec=codec,
        payload_type=numbers[codec],
        dtmf_pt=keys_of(media.codecs, numbers[codec]),
        send=direction in ("sendrecv", "recvonly") and not silent,
        receive=direction in ("sendrecv", "sendonly"),
    )


def _somebodys(address: str, source_host: str) -> bool:
    """Whether sound may go there: no name, no group, of the IP version that is spoken, and not us, said by others."""
    if not is_ip(address):
        return False
    there, source = ipaddress.ip_address(address), ipaddress.ip_address(source_host)
    nobodys = there.is_multicast or address == "255.255.255.255"
    return there.version == source.version and not nobodys and (not there.is_loopback or source.is_loopback)
