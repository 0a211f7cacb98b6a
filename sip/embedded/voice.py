"""Sending half of a stream: clips, keys, the sound of a bridged stream, else silence; a packet each 20 ms."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ivr.telephony import Clip
from sip.embedded import wideband
from sip.embedded.calling_back import call_back
from sip.embedded.dtmf import DtmfSender
from sip.embedded.frames import FrameCache
from sip.embedded.rtp import ENCODE, FRAME, G722, RATE, SILENCE, Packet
from sip.embedded.rtp_latch import RtpLatch
from sip.embedded.rtp_sender import RtpSender
from sip.embedded.seal import Seal
from sip.embedded.stats import Stats
from sip.embedded.wideband import LEAD, lead

RELAY_SLACK_S = 0.020  # a relayed packet may be late by its own length and this before silence is put in
GAP_S = 0.040  # a longer pause between two packets counts as a gap


@dataclass(slots=True)
class _Play:
    clips: Sequence[Clip]
    codes: bytes | None  # None: they are being encoded
    at: int
    on_done: Callable[[bool], None]


class Voice:
    """Sends on ``sock`` to where ``source`` says. ``open``: the far end wants to hear us."""

    def __init__(self, sock: socket.socket, source: RtpLatch, cache: FrameCache, stats: Stats) -> None:
        self._sock, self._source, self._cache, self._stats = sock, source, cache, stats
        self._out = RtpSender()
        self.open = False
        self.seal: Seal | None = None
        self._last_sent = 0.0  # 0: nothing was sent just before
        self._play: _Play | None = None
        self._keys = DtmfSender()
        self._quiet = 0  # which frame of G.722's silence is next
        self._relay_until = 0.0  # until then the bridged stream's next packet is waited for
        self._heard: deque[bytes] = deque(maxlen=2)  # frames of a conference
        self._wide: Callable[[bytes], bytes] | None = None  # G.722 is spoken in order only

    @property
    def codec(self) -> int:
        """What is spoken."""
        return self._out.codec

    @property
    def takes_events(self) -> bool:
        """Whether a key can be sent as a telephone-event."""
        return self._out.dtmf_pt is not None

    def agree(self, codec: int, payload_type: int, dtmf_pt: int | None, send: bool) -> None:
        """What signalling settled."""
        self._out.pt = payload_type
        if codec != self._out.codec:
            self._out.codec = codec
            if self._play is not None:  # the same place in the same clips, in the other code
                self._encode(self._play)
        self._out.dtmf_pt = dtmf_pt
        self.open = send

    def play(self, clips: Sequence[Clip], on_done: Callable[[bool], None]) -> None:
        """Play clips back to back, in place of what plays."""
        self.stop_play()
        self._play = _Play(tuple(clips), None, 0, on_done)
        self._encode(self._play)

    def stop_play(self) -> None:
        """Stop playing; nothing happens when nothing plays."""
        if self._play is not None:
            play, self._play = self._play, None
            call_back(play.on_done, False)

    def press(self, key: str, ms: int) -> None:
        """Queue a key. Raises ``ValueError`` when it cannot be sent."""
        if not self.takes_events:
            raise ValueError("the far end takes no telephone-event: send the key by SIP INFO")
        self._keys.press(key, ms)

    def hear(self, pcm: bytes | None) -> None:
        """What is said in a conference, 20 ms of 16-bit PCM; None: it is over."""
        if pcm is None:
            self._heard.clear()
        else:
            self._heard.append(pcm)

    def tick(self, now: float, bridged: bool) -> None:
        """Send this frame of 20 ms. ``bridged``: another stream's sound comes at its own times."""
        heard = self._heard.popleft() if self._heard else None
        if self._keys.busy:
            event = self._keys.next()
            if event is not None:
                if self._may_send():
                    self._transmit(now, self._out.event(*event))
                return
        play, ended = self._play, False
        if play is not None and (codes := play.codes) is not None:
            at, play.at = play.at, play.at + FRAME
            payload, ended = codes[at : play.at] or self._silence(), play.at >= len(codes)
        elif heard is not None:
            payload = self._spoken(heard)
        elif play is not None or not bridged or now >= self._relay_until:
            payload = self._silence()
        else:
            return
        if self.open and (self._source.confirmed or self._source.spend()):  # not `_may_send`: for the call's cost
            self._transmit(now, self._out.audio(payload))
        else:
            self._out.pause(1)
            self._last_sent = 0.0
        if ended and play is not None:
            self._play = None
            call_back(play.on_done, True)

    def skip(self, frames: int) -> None:
        """Time went by unsent: only the timestamp moves on."""
        self._out.pause(frames)

    def pass_on(self, packet: Packet, now: float) -> None:
        """Send a packet of the bridged stream at once, in our own sequence and time."""
        if self._play is not None or self._keys.busy or not self._may_send():
            return
        out = self._out.relayed(packet)
        if out is not None:
            self._relay_until = now + RELAY_SLACK_S + 2 * len(packet.payload) / RATE
            self._transmit(now, out)

    def _may_send(self) -> bool:
        return self.open and (self._source.confirmed or self._source.spend())

    def _transmit(self, now: float, packet: bytes) -> None:
        if self._last_sent and now - self._last_sent > GAP_S:
            self._stats.gaps_sent += 1
        self._last_sent = now
        to = self._source.address
        assert to is not None
        try:
            if self.seal is not None:
                packet = self.seal.close(packet)
            self._sock.sendto(packet, to)
        except (OSError, OverflowError, ValueError):  # a full buffer, a vanished route: as if lost on the way
            self._stats.send_errors += 1
        else:
            self._stats.sent += 1

    def _spoken(self, pcm: bytes) -> bytes:
        """A frame of a conference in what is spoken here."""
        if self._out.codec != G722:
            return ENCODE[self._out.codec](pcm)
        self._wide = self._wide or wideband.encoder()
        return self._wide(pcm)

    def _silence(self) -> bytes:
        """A frame of nothing."""
        if self._out.codec != G722:
            return SILENCE[self._out.codec]
        at, self._quiet = self._quiet * FRAME, (self._quiet + 1) % LEAD
        return lead()[at : at + FRAME]

    def _encode(self, play: _Play) -> None:
        codec, play.codes = self._out.codec, None

        def encoded(codes: bytes) -> None:
            if self._out.codec == codec:
                play.codes = codes

        self._cache.request(play.clips, codec, encoded)
