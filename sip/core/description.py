"""Our side of a session description: the offer, and the answer to theirs (RFC 3264).

G.711 A-law (payload type 8) first, µ-law (0) second, telephone-event under any number. G.722 is spoken with
who offers it first, and offered to whoever will be joined with a call that speaks it. Refused is what cannot be
spoken: no such codec, no RTP/AVP, RTP/AVPF or SRTP with its keys (RFC 4568), no audio. AVPF is answered as AVPF,
without feedback (RFC 4585 §4.2: without ``rtcp-fb`` there is none). SRTP goes before plain sound where both are
offered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aiosipua.sdp import ConnectionData, MediaDescription, Origin, SdpMessage, serialize_sdp

from sip.core.codecs import DTMF, NAMES, NARROW
from sip.core.crypto import Crypto, Secret, SrtpKeys
from sip.core.dice import Dice
from sip.core.sdp import Agreed, Unacceptable, agree, direction_of, keys_in, secure, usable

OUR_DTMF = 101
_ANSWER = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}
_HOLDING = {"sendrecv": "sendonly", "recvonly": "inactive", "sendonly": "sendonly", "inactive": "inactive"}


class Description:
    """Our side of one call's session: address, port, and a version that grows with each change.

    ``session``: its id. ``dice``: our keys come from there. ``secure``: SRTP is offered.
    """

    def __init__(self, host: str, port: int, session: int, dice: Dice) -> None:
        self._keys = SrtpKeys(dice)
        self.secure = False
        self._host, self._port, self._id = host, port, str(session)
        self._version = 0
        self._last = ""
        self.first = NARROW[0]  # the codec offered first
        self.direction = "sendrecv"  # what we offer; a phone that holds offers sendonly

    def offer(self) -> bytes:
        """What every telephone speaks, and ``first`` before it."""
        codecs = {number: number for number in (self.first, *NARROW)}
        if not self.secure:
            return self._write([self._audio("RTP/AVP", codecs, OUR_DTMF, self.direction)])
        return self._write([self._audio("RTP/SAVP", codecs, OUR_DTMF, self.direction, self._keys.offer())])

    def settled(self, agreed: Agreed) -> None:
        """What is spoken now is offered when the session is described again."""
        self.first, self.secure = agreed.codec, agreed.secret is not None

    def answer(self, offer: SdpMessage, source_host: str) -> tuple[bytes, Agreed]:
        """Answer their offer: the first usable audio section, the others with port 0."""
        possible = [media for media in offer.media if usable(media)]
        chosen = next(filter(secure, possible), possible[0] if possible else None)
        if chosen is None:
            raise Unacceptable("no audio over RTP/AVP, RTP/AVPF or SRTP with its keys is offered")
        agreed = agree(offer, chosen, source_host)
        if secure(chosen):
            theirs = keys_in(chosen)[0]
            agreed = replace(agreed, secret=Secret(self._keys.ours(theirs.tag, theirs.suite), theirs))
        direction = _ANSWER[direction_of(offer, chosen)]
        if self.direction == "sendonly":  # we hold, and go on to whatever they ask (RFC 3264 §8.4)
            direction = _HOLDING[direction]
        ours = [agreed.secret.ours] if agreed.secret is not None else []
        audio = self._audio(chosen.proto, {agreed.codec: agreed.payload_type}, agreed.dtmf_pt, direction, ours)
        rejected = (
            MediaDescription(media=m.media, port=0, proto=m.proto, formats=list(m.formats)) for m in offer.media
        )
        sections = [audio if m is chosen else other for m, other in zip(offer.media, rejected, strict=True)]
        return self._write(sections), agreed

    def accept(self, answer: SdpMessage, source_host: str) -> Agreed:
        """Read their answer to our offer."""
        chosen = next((media for media in answer.media if usable(media)), None)
        if chosen is None or secure(chosen) != self.secure:
            raise Unacceptable("the answer has no audio as it was offered")
        agreed = agree(answer, chosen, source_host)
        if not self.secure:
            return agreed
        secret = self._keys.answered(keys_in(chosen))
        if secret is None:
            raise Unacceptable("the answer has no key as it was offered")
        return replace(agreed, secret=secret)

    def _audio(
        self, proto: str, codecs: dict[int, int], dtmf: int | None, direction: str, keys: Sequence[Crypto] = ()
    ) -> MediaDescription:
        """A section of sound. ``codecs``: the payload type of each."""
        formats = [str(payload_type) for payload_type in codecs.values()]
        names = [f"{payload_type} {NAMES[codec]}/8000" for codec, payload_type in codecs.items()]
        attributes = {"rtpmap": names}
        if dtmf is not None:
            formats.append(str(dtmf))
            names.append(f"{dtmf} {DTMF}/8000")
            attributes["fmtp"] = [f"{dtmf} 0-15"]
        if keys:
            attributes["crypto"] = [key.line for key in keys]
        attributes["ptime"] = ["20"]
        attributes[direction] = []
        return MediaDescription(media="audio", port=self._port, proto=proto, formats=formats, attributes=attributes)

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
