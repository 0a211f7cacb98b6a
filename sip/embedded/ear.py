"""Receiving half of a stream: which packets are the far end's, and which keys are in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sip.embedded import wideband
from sip.embedded.dtmf import DtmfReceiver
from sip.embedded.fax import FaxReceiver
from sip.embedded.rtp import DECODE, G722, PCMA, PCMU, Packet, SequenceTracker, parse
from sip.embedded.rtp_latch import RtpLatch
from sip.embedded.seal import Seal
from sip.embedded.stats import Stats
from sip.embedded.tones import ToneReceiver

GAP_S = 0.040  # a longer pause between two packets counts as a gap
EVENT = -1  # stands where a packet's codec would: it is a telephone-event


class Ear:
    """Takes datagrams, gives the packets that count. ``heard_at``: when the last valid one came; 0: none yet."""

    def __init__(self, source: RtpLatch, stats: Stats) -> None:
        self._source, self._stats = source, stats
        self.heard_at = 0.0
        self.seal: Seal | None = None
        self.open = False  # what comes is meant to be heard
        self._agreed: tuple[int, ...] = ()
        self._codecs: Mapping[int, int] = {}  # by payload type
        self._arrivals = SequenceTracker()
        self._events = DtmfReceiver()
        self._tones: ToneReceiver | None = None  # no telephone-event was agreed: keys are in the sound
        self.fax: FaxReceiver | None = None  # what comes is to be given to it, as long as it is there
        self._wide: Callable[[bytes], bytes] | None = None  # G.722 is understood in order only
        self.listens = False  # tones are looked for, so the sound is needed as PCM

    def agree(self, codec: int, payload_type: int, dtmf_pt: int | None, receive: bool) -> None:
        """What signalling settled. G.711 under its own numbers is understood besides: some send what they like."""
        events = {} if dtmf_pt is None else {dtmf_pt: EVENT}
        self._agreed = (payload_type, *events)
        self._codecs = {PCMU: PCMU, PCMA: PCMA, payload_type: codec, **events}
        self._tones = (self._tones or ToneReceiver()) if dtmf_pt is None else None
        self._listen()
        self.open = receive

    def packet(self, data: bytes, source: tuple[str, int], now: float) -> Packet | None:
        """A datagram came: the packet in it, when it is new and to be heard; its ``pt`` is the codec, or ``EVENT``."""
        opened = data if self.seal is None else self.seal.open(data)
        if opened is None:
            self._stats.forged += 1
            return None
        packet = parse(opened)
        stats = self._stats
        if packet is None:
            stats.junk += 1
            return None
        pt, _, seq, _, ssrc, payload = packet
        if not payload:
            stats.junk += 1
            return None
        if not self._source.accept(source, pt in self._agreed, now, ssrc, seq):
            stats.strays += 1
            return None
        if self.heard_at and now - self.heard_at > GAP_S:
            stats.gaps_received += 1
        self.heard_at = now
        codec = self._codecs.get(pt)
        if codec is None:  # comfort noise, say: a sign of life
            stats.other += 1
            return None
        if not self._arrivals.is_new(ssrc, seq):
            return None
        stats.received += 1
        if not self.open:
            return None
        return packet if codec == pt else packet._replace(pt=codec)

    def event(self, packet: Packet, now: float) -> str | None:
        """The key an event packet newly says."""
        return self._events.feed(packet.ssrc, packet.seq, packet.ts, packet.payload, now)

    def pcm(self, packet: Packet) -> bytes:
        """The sound of a packet at 8 kHz; to be asked for once."""
        if packet.pt != G722:
            return DECODE[packet.pt](packet.payload)
        self._wide = self._wide or wideband.decoder()
        return self._wide(packet.payload)

    def tones(self, ts: int, pcm: bytes) -> str:
        """The keys newly pressed in the sound, where no telephone-event was agreed."""
        return self._tones.packet(ts, pcm) if self._tones is not None else ""

    def expect_fax(self) -> None:
        """Listen for a fax machine that calls."""
        self.fax = FaxReceiver()
        self._listen()

    def end_fax(self) -> bool:
        """It is known whether a fax calls, or too late for one: listen for none any more. True: one calls."""
        fax, self.fax = self.fax, None
        self._listen()
        return fax is not None and fax.found

    def _listen(self) -> None:
        self.listens = self._tones is not None or (self.fax is not None and G722 in self._codecs.values())

    def count(self) -> None:
        """Bring the counts up to date."""
        self._stats.lost, self._stats.late = self._arrivals.lost, self._arrivals.late
        self._stats.duplicates = self._arrivals.duplicates
