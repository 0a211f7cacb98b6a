"""One RTP stream: the sound of one telephone leg, both ways."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVarTuple, Unpack

from ivr.telephony import Clip, RecordEnd
from sip.embedded.dtmf import KeyReceiver, KeySender
from sip.embedded.frames import FrameCache
from sip.embedded.outgoing import Outgoing
from sip.embedded.recorder import Recorder
from sip.embedded.rtp import (
    DECODE,
    FRAME,
    PCMA,
    PCMU,
    RATE,
    SILENCE,
    Arrivals,
    Packet,
    parse,
)
from sip.embedded.source import Address, Source
from sip.embedded.stats import Stats
from sip.embedded.tones import ToneReceiver
from sip.embedded.waited import ANCILLARY, SAMPLE, Waited, age_s, stamp
from sip.embedded.wavfile import WavWriter

_Args = TypeVarTuple("_Args")
KeyWay = Literal["event", "info", "tone"]  # RFC 4733, SIP INFO, in the sound
log = logging.getLogger(__name__)

RELAY_SLACK_S = 0.020  # a relayed packet may be late by its own length and this before silence is put in
WAITING_MAX = 500  # packets taken at the end of a stream: ten seconds
GAP_S = 0.040  # a longer pause between two packets counts as a gap


@dataclass(slots=True)
class _Play:
    clips: Sequence[Clip]
    codes: bytes
    at: int
    on_done: Callable[[bool], None]


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
        waited: Waited,
    ) -> None:
        self.port: int = rtp.getsockname()[1]
        self.on_key: Callable[[str], None] | None = None
        self.on_broken: Callable[[Exception], None] | None = None
        self._sock, self._rtcp, self._loop = rtp, rtcp, loop
        self._cache, self._writer, self._on_close, self._on_file = cache, writer, on_close, on_file
        self._waited, self._reads = waited, 0
        stamp(rtp)
        self._closed = False
        self._stats = Stats()
        # sending
        self._source = Source()  # where to send, and whom to listen to
        self._out = Outgoing()
        self._send = self._receive = self._held = False
        self._last_sent = 0.0  # 0: nothing was sent just before
        self._play: _Play | None = None
        self._keys = KeySender()
        # receiving
        self._heard_at = 0.0  # loop time of the last valid packet; 0: none yet
        self._opened_at = loop.time()
        self._arrivals = Arrivals()
        self._key_receiver = KeyReceiver()
        self._key_way: KeyWay | None = None
        self._tones: ToneReceiver | None = None  # no telephone-event was agreed: keys are in the sound
        self._recorder: Recorder | None = None
        self._sink: Callable[[bytes], None] | None = None
        # bridge
        self._other: Stream | None = None
        self._relay_until = 0.0  # until then the other side's next packet is waited for
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
        *,
        via: str = "",
        confirmed: bool = True,
    ) -> None:
        """Where the far end wants its audio, and what was agreed (first answer or re-INVITE).

        ``host``: an IP address; ``0.0.0.0`` or port 0 means nothing is sent (old-style hold).
        ``payload_type``: 0 (mu-law) or 8 (A-law). Raises ``ValueError`` for anything else, and for a
        port or a ``dtmf_pt`` that does not exist.
        """
        if payload_type not in SILENCE:
            raise ValueError(f"payload type {payload_type} is neither 0 (PCMU) nor 8 (PCMA)")
        if not 0 <= port <= 65_535 or not (dtmf_pt is None or 0 <= dtmf_pt <= 127):
            raise ValueError(f"port {port} or payload type {dtmf_pt} does not exist")
        address = ipaddress.ip_address(host)
        if self._closed:
            return
        somewhere = port != 0 and not address.is_unspecified
        if somewhere or self._source.address is None:  # hold says nothing about where the far end is
            self._source.signal((str(address), port), via, self._loop.time(), confirmed)
        if payload_type != self._out.pt:
            self._out.pt = payload_type
            if self._play is not None:  # the same place in the same clips, in the other code
                self._play.codes = self._encoded(self._play.clips)
        self._out.dtmf_pt = dtmf_pt
        self._key_way = None
        self._tones = (self._tones or ToneReceiver()) if dtmf_pt is None else None
        self._send, self._receive = send and somewhere, receive

    def confirm(self) -> None:
        """The far end has shown that it takes part (an ACK, a request inside the dialog)."""
        self._source.confirmed = True

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

    def record(self, path: Path, max_ms: int, silence_ms: int, on_done: Callable[[Path, int, RecordEnd], None]) -> None:
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
            other._other = None

    def hold(self, held: bool) -> None:
        """On hold nothing of a bridge is heard in either direction, and nothing is recorded or tapped.

        Clips still play and keys are still told.
        """
        self._held = held

    def send_key(self, key: str, ms: int = 160) -> None:
        """Press a key (RFC 4733) for ``ms``; several are queued. Raises ``ValueError`` when it cannot."""
        if self._out.dtmf_pt is None:
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
    def remote(self) -> Address | None:
        """Where packets are sent to now: as signalled, or where they come from (symmetric RTP)."""
        return self._source.address

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
        for _ in range(WAITING_MAX):  # what was said and pressed before the end is heard, however late we are
            if not self._readable():
                break
        self.on_key = self._sink = self.on_broken = None
        self._loop.remove_reader(self._sock.fileno())
        self._sock.close()
        self._rtcp.close()
        self._on_close(self)
        self.unbridge()
        self._end_record("gone")
        self.stop_play()

    def broke(self, error: Exception) -> None:
        """An error of ours: this stream ends and its leg with it; said once."""
        if self._closed:
            return
        told = self.on_broken
        try:
            self.close()
        finally:
            if told is None:
                log.error("the stream on RTP port %d ends by an error of ours", self.port, exc_info=error)
            else:
                _call(told, error)

    # --- sending --------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Send this stream's frame of 20 ms (called by the pacer)."""
        if self._closed or self._source.address is None:
            return
        if self._recorder is not None:
            self._recorder.tick(now)
            if self._recorder.ended:
                self._recorder = None
        if self._keys.busy:
            event = self._keys.next()
            if event is not None:
                if self._may_send():
                    self._transmit(now, self._out.event(*event))
                return
        if self._play is not None:
            self._next_frame(now, self._play)
        elif self._other is None or now >= self._relay_until:
            self._send_audio(now, SILENCE[self._out.pt])

    def skip(self, frames: int) -> None:
        """Time went by unsent (called by the pacer after a stall): only the timestamp moves on."""
        self._out.pause(frames)
        if self._recorder is not None:
            self._recorder.stalled(frames)

    def _next_frame(self, now: float, play: _Play) -> None:
        at = play.at
        play.at = at + FRAME
        self._send_audio(now, play.codes[at : play.at] or SILENCE[self._out.pt])
        if play.at >= len(play.codes):
            self._play = None
            _call(play.on_done, True)

    def _send_audio(self, now: float, payload: bytes) -> None:
        if self._may_send():
            self._transmit(now, self._out.audio(payload))
        else:
            self._out.pause(1)
            self._last_sent = 0.0

    def _may_send(self) -> bool:
        return self._send and (self._source.confirmed or self._source.spend())

    def _transmit(self, now: float, packet: bytes) -> None:
        if self._last_sent and now - self._last_sent > GAP_S:
            self._stats.gaps_sent += 1
        self._last_sent = now
        assert self._source.address is not None
        try:
            self._sock.sendto(packet, self._source.address)
        except (OSError, OverflowError, ValueError):  # a full buffer, a vanished route: as if lost on the way
            self._stats.send_errors += 1
        else:
            self._stats.sent += 1

    # --- receiving ------------------------------------------------------------------------

    def _readable(self) -> bool:
        """Take one datagram; the loop comes back while there are more, so one flooded port does not hold up the others.

        Mostly there is one: looking for a second cost a tenth of a bridge's processor time. False: there was none.
        """
        self._reads += 1
        try:
            if self._reads % SAMPLE:
                data, source = self._sock.recvfrom(2048)
            else:
                data, stamps, _, source = self._sock.recvmsg(2048, ANCILLARY)
                self._waited.note(age_s(stamps), self._loop.time())
        except OSError:  # nothing after all, or an ICMP error of something we sent
            return False
        try:
            self._datagram(data, source)
        except Exception as error:
            self.broke(error)
        return True

    def _datagram(self, data: bytes, source: tuple[str, int]) -> None:
        packet = parse(data)
        if packet is None or not packet.payload:
            self._stats.junk += 1
            return
        now = self._loop.time()
        pt, dtmf_pt = packet.pt, self._out.dtmf_pt
        agreed = pt == self._out.pt or pt == dtmf_pt
        if not self._source.accept(source[:2], agreed, now, packet.ssrc, packet.seq):
            self._stats.strays += 1
            return
        if self._heard_at and now - self._heard_at > GAP_S:
            self._stats.gaps_received += 1
        self._heard_at = now
        if pt != dtmf_pt and pt != PCMA and pt != PCMU:  # comfort noise, say: a sign of life
            self._stats.other += 1
            return
        if not self._arrivals.is_new(packet.ssrc, packet.seq):
            return
        self._stats.received += 1
        if not self._receive:
            return
        if pt == dtmf_pt:
            self._heard_key(packet)
            return
        if self._tones is not None:
            for key in self._tones.packet(packet.ts, DECODE[pt](packet.payload)):
                self.pressed(key, "tone")
        if not self._held:
            self._heard_audio(packet, now)

    def _heard_key(self, packet: Packet) -> None:
        key = self._key_receiver.feed(packet.ssrc, packet.seq, packet.ts, packet.payload, self._loop.time())
        if key is not None:
            self.pressed(key, "event")

    def pressed(self, key: str, way: KeyWay) -> None:
        """A key came this way. The first way that speaks is listened to until the next ``set_remote``.

        Gateways tell one press as an event and by SIP INFO, or by INFO and in the sound.
        """
        self._key_way = self._key_way or way
        if way != self._key_way:
            return
        self._stats.keys += 1
        other = self._other
        if other is not None and way != "tone" and not (self._held or other._held or other._out.dtmf_pt is None):
            other.send_key(key)  # a tone goes over with the sound
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
        if self._play is not None or self._keys.busy or not self._may_send():
            return
        out = self._out.relayed(packet)
        if out is not None:
            self._relay_until = now + RELAY_SLACK_S + 2 * len(packet.payload) / RATE
            self._transmit(now, out)

    def _encoded(self, clips: Sequence[Clip]) -> bytes:
        parts = [self._cache.encoded(clip, self._out.pt) for clip in clips]
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
