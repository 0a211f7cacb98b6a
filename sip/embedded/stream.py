"""One RTP stream: the sound of one telephone leg, both ways."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVarTuple, Unpack

from ivr.telephony import Clip, RecordEnd
from sip.embedded.dtmf import KeyReceiver, KeySender
from sip.embedded.frames import FrameCache
from sip.embedded.recorder import Recorder
from sip.embedded.rtp import (
    DECODE,
    FRAME,
    HEADER,
    MARKER,
    PCMA,
    PCMU,
    SILENCE,
    TRANSCODE,
    Arrivals,
    Packet,
    later,
    parse,
)
from sip.embedded.wavfile import WavWriter

_Args = TypeVarTuple("_Args")
log = logging.getLogger(__name__)

SOURCE_ALIVE_S = 2.0  # a source heard within this time is not replaced by a stranger
RELAY_ALIVE_S = 0.060  # so long the other side of a bridge may pause before silence is put in
GAP_S = 0.040  # a longer pause between two packets counts as a gap
_READS = 8  # datagrams taken per wake-up, so that one flooded port does not hold up the others


@dataclass(slots=True)
class Stats:
    """Counts since the stream was opened."""

    sent: int = 0
    received: int = 0
    lost: int = 0
    late: int = 0  # came after a later one
    duplicates: int = 0
    junk: int = 0  # not RTP
    strays: int = 0  # RTP from a source we do not listen to
    other: int = 0  # RTP of a payload type that was not agreed
    keys: int = 0
    gaps_sent: int = 0  # longer than 40 ms
    gaps_received: int = 0
    send_errors: int = 0


@dataclass(slots=True)
class _Play:
    clips: Sequence[Clip]
    codes: bytes
    at: int
    on_done: Callable[[bool], None]


@dataclass(slots=True)
class _Relay:
    """How the other side's sequence numbers and timestamps map to ours, while it is unbroken."""

    ssrc: int
    first: int  # sequence number it began with
    seq: int  # to be added
    ts: int


class Stream:
    """See ``sip.embedded.media`` for what it promises; made by ``Media.open``."""

    def __init__(
        self,
        rtp: socket.socket,
        rtcp: socket.socket,
        loop: asyncio.AbstractEventLoop,
        cache: FrameCache,
        writer: WavWriter,
        on_close: Callable[[Stream], None],
        on_file: Callable[[int], None],
    ) -> None:
        self.port: int = rtp.getsockname()[1]
        self.on_key: Callable[[str], None] | None = None
        self._sock, self._rtcp, self._loop = rtp, rtcp, loop
        self._cache, self._writer, self._on_close, self._on_file = cache, writer, on_close, on_file
        self._closed = False
        self._stats = Stats()
        # sending
        self._target: tuple[str, int] | None = None
        self._pt, self._dtmf_pt = PCMA, -1
        self._send = self._receive = self._held = False
        self._seq, self._ts = secrets.randbits(16), secrets.randbits(32)
        self._ssrc = secrets.randbits(32)
        self._quiet = True  # nothing was sent just before: the next packet is marked
        self._last_sent = 0.0
        self._play: _Play | None = None
        self._keys = KeySender()
        self._key_ts = 0
        # receiving
        self._signalled: tuple[str, int] | None = None
        self._heard_at = 0.0  # loop time of the last valid packet; 0: none yet
        self._source_at = -SOURCE_ALIVE_S  # the same, of the source we listen to now
        self._opened_at = loop.time()
        self._arrivals = Arrivals()
        self._key_receiver = KeyReceiver()
        self._recorder: Recorder | None = None
        self._sink: Callable[[bytes], None] | None = None
        # bridge
        self._other: Stream | None = None
        self._relay: _Relay | None = None  # of what the other side sends to us
        self._relayed_at = 0.0
        loop.add_reader(rtp.fileno(), self._readable)

    # --- what signalling asks -------------------------------------------------------------

    def set_remote(
        self,
        host: str,
        port: int,
        payload_type: int,
        dtmf_pt: int | None,
        send: bool = True,
        receive: bool = True,
    ) -> None:
        """Where the far end wants its audio, and what was agreed (first answer or re-INVITE).

        ``host``: an IP address; ``0.0.0.0`` or port 0 means nothing is sent (old-style hold).
        ``payload_type``: 0 (mu-law) or 8 (A-law). Raises ``ValueError`` for anything else.
        """
        if payload_type not in SILENCE:
            raise ValueError(f"payload type {payload_type} is neither 0 (PCMU) nor 8 (PCMA)")
        address = ipaddress.ip_address(host)
        if self._closed:
            return
        signalled = (str(address), port)
        if signalled != self._signalled:
            self._signalled = self._target = signalled
            self._source_at = -SOURCE_ALIVE_S
        if payload_type != self._pt:
            self._pt, self._relay = payload_type, None
            if self._play is not None:  # the same place in the same clips, in the other code
                self._play.codes = self._encoded(self._play.clips)
        self._dtmf_pt = -1 if dtmf_pt is None else dtmf_pt
        self._send, self._receive = send and port != 0 and not address.is_unspecified, receive

    def play(self, clips: Sequence[Clip], on_done: Callable[[bool], None]) -> None:
        """Play clips back to back; ``on_done(True)`` after the last frame, ``on_done(False)`` when cut short.

        Replaces what is playing. The first frame goes out at the stream's next slot, within 20 ms.
        Before ``set_remote`` it waits.
        """
        self.stop_play()
        if self._closed:
            _call(on_done, False)
            return
        self._play = _Play(tuple(clips), self._encoded(clips), 0, on_done)

    def stop_play(self) -> None:
        """Stop playing; nothing happens when nothing plays."""
        if self._play is not None:
            play, self._play = self._play, None
            _call(play.on_done, False)

    def record(
        self, path: Path, max_ms: int, silence_ms: int, on_done: Callable[[Path, int, RecordEnd], None]
    ) -> None:
        """Record what the far end says; ``on_done(path, ms, end)`` once the file is safe on disk.

        Ends after ``max_ms``, after ``silence_ms`` without speech (from the start too; 0: never), by
        ``stop_record``, by ``close`` ("gone"), or by a full disk ("failed"). Replaces a running recording.
        """
        self.stop_record()
        loop = self._loop

        def ended(ms: int, end: RecordEnd) -> None:  # in the writer's thread
            loop.call_soon_threadsafe(told, ms, end)

        def told(ms: int, end: RecordEnd) -> None:
            self._on_file(-1)
            _call(on_done, path, ms, end)

        self._on_file(1)
        recorder = Recorder(self._writer.open(path), max_ms, silence_ms, loop.time(), ended)
        if self._closed:
            recorder.end("gone")
        else:
            self._recorder = recorder

    def stop_record(self) -> None:
        """End the recording ("stopped"); nothing happens when nothing is recorded."""
        self._end_record("stopped")

    def bridge(self, other: Stream) -> None:
        """Join with another stream: each hears the other. Ends the former bridges of both."""
        if other is self:
            raise ValueError("a stream cannot be bridged to itself")
        self.unbridge()
        other.unbridge()
        if not self._closed and not other._closed:
            self._other, other._other = other, self

    def unbridge(self) -> None:
        """Part from the other stream, if there is one; both hear silence."""
        other, self._other = self._other, None
        if other is not None:
            other._other = other._relay = self._relay = None

    def hold(self, held: bool) -> None:
        """On hold nothing of a bridge is heard in either direction, and nothing is recorded or tapped.

        Clips still play and keys are still told.
        """
        self._held = held

    def send_key(self, key: str, ms: int = 160) -> None:
        """Press a key (RFC 4733) for ``ms``; several are queued. Raises ``ValueError`` when it cannot."""
        if self._dtmf_pt < 0:
            raise ValueError("the far end takes no telephone-event: send the key by SIP INFO")
        self._keys.press(key, ms)

    def tap(self, sink: Callable[[bytes], None] | None) -> None:
        """Give what is heard, packet by packet as it comes, as 16-bit PCM; None ends it."""
        self._sink = sink

    @property
    def last_packet_ms(self) -> int:
        """Milliseconds since the last valid packet; before the first one, since the stream was opened."""
        return int((self._loop.time() - (self._heard_at or self._opened_at)) * 1000)

    @property
    def remote(self) -> tuple[str, int] | None:
        """Where packets are sent to now: as signalled, or where they come from (symmetric RTP)."""
        return self._target

    @property
    def stats(self) -> Stats:
        """The counts up to now."""
        self._stats.lost, self._stats.late = self._arrivals.lost, self._arrivals.late
        self._stats.duplicates = self._arrivals.duplicates
        return self._stats

    def close(self) -> None:
        """End it: play and bridge end, a recording ends as "gone", the ports are free. Twice is harmless."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._sock.fileno())
        self._sock.close()
        self._rtcp.close()
        self._on_close(self)
        self.unbridge()
        self._end_record("gone")
        self.stop_play()

    # --- sending --------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Send this stream's frame of 20 ms (called by the pacer)."""
        if self._closed or self._target is None:
            return
        if self._recorder is not None:
            self._recorder.tick(now)
            if self._recorder.ended:
                self._recorder = None
        if self._keys.busy:
            event = self._keys.next()
            if event is not None:
                self._send_event(now, *event)
                return
        if self._play is not None:
            self._send_clip(now, self._play)
        elif self._other is None or now - self._relayed_at >= RELAY_ALIVE_S:
            self._relay = None
            self._send_audio(now, SILENCE[self._pt])

    def skip(self, frames: int) -> None:
        """Time went by unsent (called by the pacer after a stall): the timestamp moves on alone."""
        self._ts = (self._ts + frames * FRAME) & 0xFFFFFFFF
        self._quiet = True
        self._relay = None

    def _send_clip(self, now: float, play: _Play) -> None:
        at = play.at
        play.at = at + FRAME
        self._send_audio(now, play.codes[at : play.at] or SILENCE[self._pt])
        if play.at >= len(play.codes):
            self._play = None
            _call(play.on_done, True)

    def _send_audio(self, now: float, payload: bytes) -> None:
        self._transmit(now, self._pt, self._seq, self._ts, payload)
        self._seq = (self._seq + 1) & 0xFFFF
        self._ts = (self._ts + FRAME) & 0xFFFFFFFF

    def _send_event(self, now: float, first: bool, since: int, payload: bytes) -> None:
        if first:
            self._key_ts = self._ts
            self._quiet = True  # the first packet of an event is marked
        self._transmit(now, self._dtmf_pt, self._seq, self._key_ts, payload)
        self._seq = (self._seq + 1) & 0xFFFF
        self._ts = (self._key_ts + since + FRAME) & 0xFFFFFFFF
        self._relay = None

    def _transmit(self, now: float, pt: int, seq: int, ts: int, payload: bytes) -> None:
        if not self._send or self._target is None:
            self._quiet = True
            return
        if self._quiet:
            self._quiet = False
            pt |= MARKER
        elif now - self._last_sent > GAP_S:
            self._stats.gaps_sent += 1
        self._last_sent = now
        try:
            self._sock.sendto(HEADER.pack(0x80, pt, seq, ts, self._ssrc) + payload, self._target)
        except OSError:  # a full buffer, a vanished route: as if lost on the way
            self._stats.send_errors += 1
        else:
            self._stats.sent += 1

    # --- receiving ------------------------------------------------------------------------

    def _readable(self) -> None:
        for _ in range(_READS):
            if self._closed:
                return
            try:
                data, source = self._sock.recvfrom(2048)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error of something we sent
                continue
            try:
                self._datagram(data, source)
            except Exception:
                log.exception("a packet on RTP port %d could not be handled", self.port)

    def _datagram(self, data: bytes, source: tuple[str, int]) -> None:
        packet = parse(data)
        if packet is None or not packet.payload:
            self._stats.junk += 1
            return
        now = self._loop.time()
        if source != self._target and not self._accept(source[:2], packet.pt, now):
            return
        pt = packet.pt
        if pt != self._dtmf_pt and pt != PCMA and pt != PCMU:
            self._stats.other += 1
            return
        if self._heard_at and now - self._heard_at > GAP_S:
            self._stats.gaps_received += 1
        self._heard_at = self._source_at = now
        if not self._arrivals.is_new(packet.ssrc, packet.seq):
            return
        self._stats.received += 1
        if not self._receive:
            return
        if pt == self._dtmf_pt:
            self._heard_key(packet)
        elif not self._held:
            self._heard_audio(packet, now)

    def _accept(self, source: tuple[str, int], pt: int, now: float) -> bool:
        """Symmetric RTP: whether to listen to another source than before, and then to send there too.

        The signalled address always wins; a stranger only with the agreed payload type, and only while the
        present source is silent.
        """
        if source == self._target:
            return True
        if self._target is None:
            self._stats.strays += 1
            return False
        if source != self._signalled and (
            pt not in (self._pt, self._dtmf_pt) or now - self._source_at < SOURCE_ALIVE_S
        ):
            self._stats.strays += 1
            return False
        self._target = source
        return True

    def _heard_key(self, packet: Packet) -> None:
        key = self._key_receiver.feed(packet.ssrc, packet.ts, packet.payload)
        if key is None:
            return
        self._stats.keys += 1
        other = self._other
        if other is not None and not self._held and not other._held and other._dtmf_pt >= 0:
            other.send_key(key)
        if self.on_key is not None:
            _call(self.on_key, key)

    def _heard_audio(self, packet: Packet, now: float) -> None:
        other = self._other
        if other is not None and not other._held:
            other._pass_on(packet, now)
        if self._recorder is not None:
            self._recorder.packet(packet.ssrc, packet.ts, packet.pt, packet.payload)
        if self._sink is not None:
            _call(self._sink, DECODE[packet.pt](packet.payload))

    def _pass_on(self, packet: Packet, now: float) -> None:
        """Send a packet of the other side at once, in our own sequence and time."""
        if self._play is not None or self._keys.busy or self._target is None:
            return
        relay = self._relay
        ahead = 0 if relay is None else later(packet.ts + relay.ts, self._ts, 32)
        if relay is None or relay.ssrc != packet.ssrc or abs(ahead) > 8000:
            relay = self._relay = _Relay(
                packet.ssrc,
                packet.seq,
                (self._seq - packet.seq) & 0xFFFF,
                (self._ts - packet.ts) & 0xFFFFFFFF,
            )
        elif later(packet.seq, relay.first, 16) < 0:
            return  # overtaken by what already stands in its place
        self._relayed_at = now
        payload = packet.payload
        if packet.pt != self._pt:
            payload = TRANSCODE[packet.pt, self._pt](payload)
        seq, ts = (packet.seq + relay.seq) & 0xFFFF, (packet.ts + relay.ts) & 0xFFFFFFFF
        self._transmit(now, self._pt, seq, ts, payload)
        if later(seq, self._seq, 16) >= 0:
            self._seq = (seq + 1) & 0xFFFF
            self._ts = (ts + len(payload)) & 0xFFFFFFFF

    def _encoded(self, clips: Sequence[Clip]) -> bytes:
        parts = [self._cache.encoded(clip, self._pt) for clip in clips]
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _end_record(self, why: RecordEnd) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            recorder.end(why)


def _call(callback: Callable[[Unpack[_Args]], None], *args: *_Args) -> None:
    """Call back; what the callee gets wrong must not stop the sound."""
    try:
        callback(*args)
    except Exception:
        log.exception("a call-back of an RTP stream failed")
