"""RTP packets (RFC 3550, RFC 3551): reading, and what a run of sequence numbers says about losses."""

from __future__ import annotations

import struct
from typing import NamedTuple

from recordings import g711

PCMU, PCMA, G722 = 0, 8, 9  # static payload types of RFC 3551
CODECS = (PCMU, PCMA, G722)
RATE = 8000  # Hz
FRAME_MS = 20
FRAME = RATE * FRAME_MS // 1000  # samples, and for G.711 bytes too
SILENCE = {
    PCMU: bytes([g711.ULAW_SILENCE]) * FRAME,
    PCMA: bytes([g711.ALAW_SILENCE]) * FRAME,
}
ENCODE = {PCMU: g711.pcm_to_ulaw, PCMA: g711.pcm_to_alaw}
DECODE = {PCMU: g711.ulaw_to_pcm, PCMA: g711.alaw_to_pcm}
TRANSCODE = {(PCMU, PCMA): g711.ulaw_to_alaw, (PCMA, PCMU): g711.alaw_to_ulaw}  # (from, to)

HEADER = struct.Struct("!BBHII")  # version and flags, marker and payload type, sequence, timestamp, SSRC
MARKER = 0x80


class Packet(NamedTuple):
    """One RTP packet. ``ts``: in samples. ``payload``: without padding."""

    pt: int
    marker: bool
    seq: int
    ts: int
    ssrc: int
    payload: bytes


_tuple = tuple.__new__  # what `Packet(...)` comes to, at a third of its cost


def parse(data: bytes) -> Packet | None:
    """Read a datagram; None when it is not a well-formed RTP packet of version 2."""
    if len(data) < 12 or data[0] & 0xC0 != 0x80:
        return None
    first, second, seq, ts, ssrc = HEADER.unpack_from(data)
    start, end = 12, len(data)
    if first != 0x80:  # contributing sources, an extension or padding: rare, so off the straight path
        start += 4 * (first & 0x0F)
        if first & 0x10:
            if end < start + 4:
                return None
            start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
        if first & 0x20:
            if data[-1] == 0:
                return None
            end -= data[-1]
        if end < start:
            return None
    return _tuple(Packet, (second & 0x7F, second >= MARKER, seq, ts, ssrc, data[start:end]))


def later(a: int, b: int, bits: int) -> int:
    """How far ``a`` lies after ``b`` on a counter of so many bits that wraps; negative: before."""
    half = 1 << (bits - 1)
    return ((a - b + half) & ((1 << bits) - 1)) - half


class SequenceTracker:
    """Which packets of one source came, came twice, came late, or did not come.

    Every packet is new, late (new, but overtaken) or a duplicate. A new SSRC or a jump of more than
    ``JUMP`` packets is a restart of the source and no loss (RFC 3550 A.1).
    """

    JUMP = 3000
    _WINDOW = (1 << 128) - 1

    def __init__(self) -> None:
        self.lost = self.late = self.duplicates = self.restarts = 0
        self._ssrc = -1
        self._seq = 0
        self._seen = 0  # bit n: packet _seq - n was seen

    def is_new(self, ssrc: int, seq: int) -> bool:
        """Note an arrival; False for a duplicate."""
        ahead = (seq - self._seq) & 0xFFFF
        if ssrc == self._ssrc and ahead == 1:
            self._seen = (self._seen << 1 | 1) & self._WINDOW
            self._seq = seq
            return True
        if ssrc == self._ssrc:
            if ahead < self.JUMP:
                if ahead == 0:
                    self.duplicates += 1
                    return False
                self.lost += ahead - 1
                self._seen = (self._seen << ahead | 1) & self._WINDOW
                self._seq = seq
                return True
            behind = 0x10000 - ahead
            if behind < 128:
                if self._seen >> behind & 1:
                    self.duplicates += 1
                    return False
                self._seen |= 1 << behind
                self.late += 1
                self.lost = max(0, self.lost - 1)
                return True
        if self._ssrc >= 0:
            self.restarts += 1
        self._ssrc, self._seq = ssrc, seq
        self._seen = self._WINDOW  # what came before the first packet is neither lost nor late
        return True
