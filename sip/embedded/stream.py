"""One RTP stream: the sound of one telephone leg, both ways."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from ivr.telephony import Clip, RecordEnd
from sip.core.crypto import Secret
from sip.embedded.calling_back import call_back
from sip.embedded.ear import EVENT, Ear
from sip.embedded.frames import FrameCache
from sip.embedded.mixer import Mixer
from sip.embedded.recorder import Recorder
from sip.embedded.rtp import CODECS
from sip.embedded.rtp_latch import Address, RtpLatch
from sip.embedded.seal import Seal
from sip.embedded.stats import Stats
from sip.embedded.voice import Voice
from sip.embedded.waited import ANCILLARY, SAMPLE, Waited, age_s, stamp
from sip.embedded.wavfile import WavWriter

KeyWay = Literal["event", "info", "tone"]  # RFC 4733, SIP INFO, in the sound
log = logging.getLogger(__name__)

WAITING_MAX = 500  # packets taken at the end of a stream: ten seconds


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
        self._writer, self._on_close, self._on_file = writer, on_close, on_file
        self._waited, self._unlooked = waited, SAMPLE  # packets until one is looked at
        stamp(rtp)
        self._closed = False
        self._stats = Stats()
        self._source = RtpLatch()  # where to send, and whom to listen to
        self._voice = Voice(rtp, self._source, cache, self._stats)
        self._ear = Ear(self._source, self._stats)
        self._opened_at = loop.time()
        self._held = False
        self._key_way: KeyWay | None = None
        self._on_fax: Callable[[], None] | None = None
        self._recorder: Recorder | None = None
        self._sink: Callable[[bytes], None] | None = None
        self._other: Stream | None = None  # the one it is bridged with
        self._mixer: Mixer[Stream] | None = None  # or the conference it is in
        self._muted = False
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
        codec: int | None = None,
        secret: Secret | None = None,
        via: str = "",
        confirmed: bool = True,
    ) -> None:
        """Where the far end wants its audio, and what was agreed (first answer or re-INVITE).

        ``host``: an IP address; ``0.0.0.0`` or port 0 means nothing is sent (old-style hold).
        ``codec``: 0 (mu-law), 8 (A-law) or 9 (G.722), its static payload type; ``payload_type`` when it is not given.
        ``secret``: the sound is SRTP. Raises ``ValueError`` for another codec, and for a port or a payload type that
        does not exist.
        """
        codec = payload_type if codec is None else codec
        if codec not in CODECS:
            raise ValueError(f"codec {codec} is none of 0 (PCMU), 8 (PCMA), 9 (G722)")
        if not 0 <= port <= 65_535 or not all(0 <= pt <= 127 for pt in (payload_type, dtmf_pt or 0)):
            raise ValueError(f"port {port} or payload type {payload_type} or {dtmf_pt} does not exist")
        address = ipaddress.ip_address(host)
        if self._closed:
            return
        somewhere = port != 0 and not address.is_unspecified
        if somewhere or self._source.address is None:  # hold says nothing about where the far end is
            self._source.signal((str(address), port), via, self._loop.time(), confirmed)
        self._key_way = None
        self._voice.seal = self._ear.seal = None if secret is None else Seal(secret, self._ear.seal)
        self._voice.agree(codec, payload_type, dtmf_pt, send and somewhere)
        self._ear.agree(codec, payload_type, dtmf_pt, receive)

    def confirm(self) -> None:
        """The far end has shown that it takes part (an ACK, a request inside the dialog)."""
        self._source.confirmed = True

    def play(self, clips: Sequence[Clip], on_done: Callable[[bool], None]) -> None:
        """Play clips back to back; ``on_done(True)`` after the last frame, ``on_done(False)`` when cut short.

        Replaces what is playing. The first frame goes out at the stream's next slot, within 20 ms.
        Before ``set_remote`` it waits.
        """
        if self._closed:
            call_back(on_done, False)
        else:
            self._voice.play(clips, on_done)

    def stop_play(self) -> None:
        """Stop playing; nothing happens when nothing plays."""
        self._voice.stop_play()

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
            call_back(on_done, path, ms, end)

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
        """Part from the other stream, or the others, if there are any; who is alone hears silence."""
        other, self._other = self._other, None
        if other is not None:
            other._other = None
        mixer, self._mixer = self._mixer, None
        if mixer is not None:
            self._voice.hear(None)
            mixer.leave(self)

    def confer(self, mixer: Mixer[Stream]) -> None:
        """Be one of a conference, and of nothing else."""
        if mixer is not self._mixer and not self._closed:
            self.unbridge()
            self._mixer = mixer
            mixer.join(self)

    @property
    def mixer(self) -> Mixer[Stream] | None:
        """The conference it is in."""
        return self._mixer

    @property
    def company(self) -> list[Stream]:
        """Who hears it, or would: the one it is bridged with, or all of its conference."""
        return self._mixer.members if self._mixer is not None else [] if self._other is None else [self._other]

    @property
    def listens(self) -> bool:
        """Whether it takes part in a conference now."""
        return not self._held

    def hear(self, pcm: bytes) -> None:
        """What the others of a conference say, 20 ms."""
        self._voice.hear(pcm)

    def mute(self, muted: bool) -> None:
        """Muted, what comes is heard by nobody, in a bridge and in a conference; it is recorded as ever."""
        self._muted = muted

    def hold(self, held: bool) -> None:
        """On hold nothing of a bridge is heard in either direction, and nothing is recorded or tapped.

        Clips still play and keys are still told.
        """
        self._held = held

    def send_key(self, key: str, ms: int = 160) -> None:
        """Press a key (RFC 4733) for ``ms``; several are queued. Raises ``ValueError`` when it cannot."""
        self._voice.press(key, ms)

    def expect_fax(self, on_fax: Callable[[], None]) -> None:
        """Call back once when what is heard is a fax machine that calls (CNG twice, within a minute from now)."""
        self._on_fax = on_fax
        self._ear.expect_fax()

    def tap(self, sink: Callable[[bytes], None] | None) -> None:
        """Give what is heard, packet by packet as it comes, as 16-bit PCM; None ends it."""
        self._sink = sink

    @property
    def codec(self) -> int:
        """What the far end is spoken to in, by its static payload type."""
        return self._voice.codec

    @property
    def last_packet_ms(self) -> int:
        """Milliseconds since the last valid packet; before the first one, since the stream was opened."""
        return int((self._loop.time() - (self._ear.heard_at or self._opened_at)) * 1000)

    @property
    def remote(self) -> Address | None:
        """Where packets are sent to now: as signalled, or where they come from (symmetric RTP)."""
        return self._source.address

    @property
    def stats(self) -> Stats:
        """The counts up to now."""
        self._ear.count()
        return self._stats

    def close(self) -> None:
        """End it: play and bridge end, a recording ends as "gone", the ports are free. Twice is harmless."""
        if self._closed:
            return
        self._closed = True
        for _ in range(WAITING_MAX):  # what was said and pressed before the end is heard, however late we are
            if not self._readable():
                break
        self.on_key = self._sink = self._on_fax = self.on_broken = None
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
                call_back(told, error)

    # --- sending --------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Send this stream's frame of 20 ms (called by the pacer)."""
        if self._closed or self._source.address is None:
            return
        if self._recorder is not None:
            self._recorder.tick(now)
            if self._recorder.ended:
                self._recorder = None
        self._voice.tick(now, self._other is not None)

    def skip(self, frames: int) -> None:
        """Time went by unsent (called by the pacer after a stall): only the timestamp moves on."""
        self._voice.skip(frames)
        if self._recorder is not None:
            self._recorder.stalled(frames)

    # --- receiving ------------------------------------------------------------------------

    def _readable(self) -> bool:
        """Take one datagram; the loop comes back while there are more, so one flooded port does not hold up the others.

        Mostly there is one: looking for a second cost a tenth of a bridge's processor time. False: there was none.
        """
        self._unlooked -= 1
        try:
            if self._unlooked:
                data, source = self._sock.recvfrom(2048)
            else:
                self._unlooked = SAMPLE
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
        # Ten thousand times a second: written at length, for what a call of each part would cost.
        now = self._loop.time()
        packet = self._ear.packet(data, source[:2], now)
        if packet is None:
            return
        if packet.pt == EVENT:
            key = self._ear.event(packet, now)
            if key is not None:
                self.pressed(key, "event")
            return
        ear = self._ear
        mixer = self._mixer
        wanted = ear.listens or self._recorder is not None or self._sink is not None or mixer is not None
        pcm = ear.pcm(packet) if wanted else b""
        if ear.listens:
            for key in ear.tones(packet.ts, pcm):
                self.pressed(key, "tone")
        if (fax := ear.fax) is not None and fax.settled(packet, pcm) and ear.end_fax() and self._on_fax is not None:
            call_back(self._on_fax)
        if self._held:
            return
        if not self._muted:
            if (other := self._other) is not None and not other._held:
                other._voice.pass_on(packet, now)
            elif mixer is not None:
                mixer.say(self, packet.ssrc, packet.ts, pcm)
        if (recorder := self._recorder) is not None:
            recorder.packet(packet.ssrc, packet.ts, pcm)
        if (sink := self._sink) is not None:
            call_back(sink, pcm)

    def pressed(self, key: str, way: KeyWay) -> None:
        """A key came this way. The first way that speaks is listened to until the next ``set_remote``.

        Gateways tell one press as an event and by SIP INFO, or by INFO and in the sound.
        """
        self._key_way = self._key_way or way
        if way != self._key_way:
            return
        self._stats.keys += 1
        other = self._other
        silent = self._held or self._muted
        if other is not None and way != "tone" and not (silent or other._held or not other._voice.takes_events):
            other.send_key(key)  # a tone goes over with the sound
        if self.on_key is not None:
            call_back(self.on_key, key)

    def _end_record(self, why: RecordEnd) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            recorder.end(why)
