"""What goes out on one stream: sequence numbers, timestamps and markers (pure; RFC 3550 5.1, RFC 3551 4.1)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from sip.embedded import wideband
from sip.embedded.rtp import DECODE, ENCODE, FRAME, G722, HEADER, MARKER, PCMA, RATE, TRANSCODE, Packet, later

_MASK32 = 0xFFFFFFFF


@dataclass(slots=True)
class _Relay:
    """How the numbers of a bridged stream map to ours, while nothing of our own comes between."""

    ssrc: int
    first: int  # sequence number it began with
    seq: int  # to be added
    ts: int


class RtpSender:
    """Builds the packets of one SSRC.

    The timestamp counts the time that passes, sent or not; the sequence number counts packets. The first
    packet after a time without any carries the marker.
    """

    def __init__(self) -> None:
        self.codec = self.pt = PCMA  # ``pt``: the number it has on this call
        self.dtmf_pt: int | None = None
        self._seq, self._ts, self._ssrc = secrets.randbits(16), secrets.randbits(32), secrets.randbits(32)
        self._mark = MARKER
        self._event_ts = 0
        self._relay: _Relay | None = None
        self._words: tuple[int, int] | None = None  # from and to which codec
        self._translate: Callable[[bytes], bytes] = bytes

    def audio(self, payload: bytes) -> bytes:
        """The next 20 ms of our own."""
        self._relay = None
        packet = HEADER.pack(0x80, self.pt | self._mark, self._seq, self._ts, self._ssrc) + payload
        self._mark = 0
        self._seq = (self._seq + 1) & 0xFFFF
        self._ts = (self._ts + FRAME) & _MASK32
        return packet

    def event(self, first: bool, since: int, payload: bytes) -> bytes:
        """The next packet of a key press; ``since``: samples since the press began."""
        assert self.dtmf_pt is not None
        self._relay = None
        if first:
            self._event_ts = self._ts
        mark = MARKER if first else 0
        packet = HEADER.pack(0x80, self.dtmf_pt | mark, self._seq, self._event_ts, self._ssrc) + payload
        self._mark = 0
        self._seq = (self._seq + 1) & 0xFFFF
        self._ts = (self._event_ts + since + FRAME) & _MASK32
        return packet

    def pause(self, frames: int) -> None:
        """Time went by and nothing was sent."""
        self._relay = None
        self._mark = MARKER
        self._ts = (self._ts + frames * FRAME) & _MASK32

    def relayed(self, packet: Packet) -> bytes | None:
        """A packet of the bridged stream (``pt``: its codec) in our own numbers and codec; None when it comes too late.

        Losses and gaps of the other side stay visible; what is of our own in between moves it back.
        """
        relay = self._relay
        jump = 0 if relay is None else later((packet.ts + relay.ts) & _MASK32, self._ts, 32)
        if relay is None or relay.ssrc != packet.ssrc or abs(jump) > RATE:
            relay = self._relay = _Relay(
                packet.ssrc, packet.seq, (self._seq - packet.seq) & 0xFFFF, (self._ts - packet.ts) & _MASK32
            )
        elif later(packet.seq, relay.first, 16) < 0:
            return None  # something of our own stands in its place
        payload = packet.payload
        if packet.pt != self.codec:
            payload = self._translated(packet.pt, payload)
        seq, ts = (packet.seq + relay.seq) & 0xFFFF, (packet.ts + relay.ts) & _MASK32
        if later(seq, self._seq, 16) >= 0:
            self._seq = (seq + 1) & 0xFFFF
            self._ts = (ts + len(payload)) & _MASK32
        out = HEADER.pack(0x80, self.pt | self._mark, seq, ts, self._ssrc) + payload
        self._mark = 0
        return out

    def _translated(self, codec: int, payload: bytes) -> bytes:
        words = codec, self.codec
        if words != self._words:
            self._words, self._translate = words, translator(*words)
        return self._translate(payload)


def translator(heard: int, spoken: int) -> Callable[[bytes], bytes]:
    """From one codec to another, packet by packet; G.722 loses its upper half, which A-law and mu-law have not."""
    if heard == G722:
        narrow, encode = wideband.decoder(), ENCODE[spoken]
        return lambda codes: encode(narrow(codes))
    if spoken == G722:
        decode, wide = DECODE[heard], wideband.encoder()
        return lambda codes: wide(decode(codes))
    return TRANSCODE[heard, spoken]
