"""Session descriptions (SDP): our offer, the answer to theirs, and what was agreed.

G.711 A-law (payload type 8) first, µ-law (0) second, telephone-event under any number. Refused
is what cannot be spoken: no such codec, no plain RTP/AVP (RTP/SAVPF needs SRTP), no audio.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiosipua.sdp import ConnectionData, MediaDescription, Origin, SdpMessage, parse_sdp, serialize_sdp

from sip.core.checks import number
from sip.core.wire import Header, is_ip

CODECS = {8: "PCMA", 0: "PCMU"}
OUR_DTMF = 101
_LONGEST_PTIME = 1000  # ms of sound in one packet
_ANSWER = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


class Unacceptable(ValueError):
    """An offer or answer that cannot be used (488)."""

    @property
    def warning(self) -> Header:
        """The reason for whoever reads the trace of the other side (RFC 3261 §20.43)."""
        text = "".join(c for c in str(self) if c.isprintable() and c not in '"\\')
        return "Warning", f'304 hotline "{text}"'


@dataclass(frozen=True, slots=True)
class Agreed:
    """What both sides settled on, seen from here. ``held``: they do not want to hear us."""

    host: str
    port: int
    payload_type: int
    dtmf_pt: int | None
    send: bool
    receive: bool

    @property
    def held(self) -> bool:
        return not self.send


def read(body: bytes) -> SdpMessage:
    """Parse a body. Raises :class:`Unacceptable` when it is no session description."""
    try:
        sdp = parse_sdp(body.decode("utf-8", "replace"))
    except (ValueError, IndexError) as error:
        raise Unacceptable(f"unreadable session description: {error}") from error
    if not sdp.media:
        raise Unacceptable("no media in the session description")
    if not all(0 <= media.port <= 65_535 for media in sdp.media):
        raise Unacceptable("a port that does not exist")
    return sdp


def _direction(sdp: SdpMessage, media: MediaDescription) -> str:
    for attributes in (media.attributes, sdp.attributes):
        for name in _ANSWER:
            if name in attributes:
                return name
    return "sendrecv"


def _usable(media: MediaDescription) -> bool:
    return media.media == "audio" and media.port > 0 and media.proto.upper() == "RTP/AVP"


def _agree(sdp: SdpMessage, media: MediaDescription, source_host: str) -> Agreed:
    """Read one audio section. ``source_host`` stands in for an address that is a name."""
    offered = [codec.payload_type for codec in media.codecs]
    if not all(0 <= payload_type <= 127 for payload_type in offered):  # seven bits of the RTP header
        raise Unacceptable("a payload type that does not exist")
    if not all(number(ptime, 1, _LONGEST_PTIME) for ptime in media.attributes.get("ptime", ())):
        raise Unacceptable("a packet length that cannot be")
    codec = next((pt for pt in CODECS if pt in offered), None)
    if codec is None:
        raise Unacceptable("neither PCMA nor PCMU is offered")
    keys = next(
        (
            c.payload_type
            for c in media.codecs
            if c.encoding_name.lower() == "telephone-event"
            and c.clock_rate in (0, 8000)
            and c.payload_type not in CODECS
        ),
        None,
    )
    connection = media.connection or sdp.connection
    if connection is None:
        raise Unacceptable("no connection address")
    address = connection.address.split("/")[0]
    silent = address in ("0.0.0.0", "::")  # noqa: S104  (the old way of holding, RFC 3264 §8.4)
    direction = _direction(sdp, media)
    return Agreed(
        host=address if is_ip(address) else source_host,
        port=media.port,
        payload_type=codec,
        dtmf_pt=keys,
        send=direction in ("sendrecv", "recvonly") and not silent,
        receive=direction in ("sendrecv", "sendonly"),
    )


class Description:
    """Our side of one call's session: address, port, and a version that grows with each change. ``session``: its id."""

    def __init__(self, host: str, port: int, session: int) -> None:
        self._host, self._port, self._id = host, port, str(session)
        self._version = 0
        self._last = ""
        self.direction = "sendrecv"  # what we offer; a phone that holds offers sendonly

    def offer(self) -> bytes:
        """Everything we speak, A-law first."""
        formats = [*map(str, CODECS), str(OUR_DTMF)]
        names = [f"{pt} {name}/8000" for pt, name in CODECS.items()]
        return self._write([self._audio(formats, names, OUR_DTMF, self.direction)])

    def answer(self, offer: SdpMessage, source_host: str) -> tuple[bytes, Agreed]:
        """Answer their offer: the first usable audio section, the others with port 0."""
        chosen = next((media for media in offer.media if _usable(media)), None)
        if chosen is None:
            raise Unacceptable("no plain RTP/AVP audio is offered")
        agreed = _agree(offer, chosen, source_host)
        formats, names = (
            [str(agreed.payload_type)],
            [f"{agreed.payload_type} {CODECS[agreed.payload_type]}/8000"],
        )
        if agreed.dtmf_pt is not None:
            formats.append(str(agreed.dtmf_pt))
        audio = self._audio(formats, names, agreed.dtmf_pt, _ANSWER[_direction(offer, chosen)])
        rejected = (
            MediaDescription(media=m.media, port=0, proto=m.proto, formats=list(m.formats)) for m in offer.media
        )
        sections = [audio if m is chosen else other for m, other in zip(offer.media, rejected, strict=True)]
        return self._write(sections), agreed

    def accept(self, answer: SdpMessage, source_host: str) -> Agreed:
        """Read their answer to our offer."""
        chosen = next((media for media in answer.media if _usable(media)), None)
        if chosen is None:
            raise Unacceptable("the answer has no audio")
        return _agree(answer, chosen, source_host)

    def _audio(self, formats: list[str], names: list[str], dtmf: int | None, direction: str) -> MediaDescription:
        attributes = {"rtpmap": list(names)}
        if dtmf is not None:
            attributes["rtpmap"].append(f"{dtmf} telephone-event/8000")
            attributes["fmtp"] = [f"{dtmf} 0-15"]
        attributes["ptime"] = ["20"]
        attributes[direction] = []
        return MediaDescription(media="audio", port=self._port, formats=formats, attributes=attributes)

    def _write(self, media: list[MediaDescription]) -> bytes:
        kind = "IP6" if ":" in self._host else "IP4"
        sdp = SdpMessage(
            origin=Origin(session_id=self._id, addr_type=kind, address=self._host),
            session_name="-",
            connection=ConnectionData(addr_type=kind, address=self._host),
            media=media,
        )
        text = serialize_sdp(sdp)
        if text != self._last:  # compared without the version, which is what changes with it
            self._last, self._version = text, self._version + 1
        sdp.origin.session_version = str(self._version)
        return serialize_sdp(sdp).encode()
