"""Key presses as RTP events (RFC 4733): hearing them once each, and sending them paced."""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass

from sip.embedded.rtp import FRAME, FRAME_MS, RATE, later

KEYS = "0123456789*#ABCD"  # the index is the event code
_EVENT = struct.Struct("!BBH")  # event, end bit + volume, duration in samples
_END = 0x80
_VOLUME = 10  # -10 dBm0
_SEGMENT = 0xFFFF  # a longer press goes on as a new event this much later (RFC 4733 2.5.1.3)
_GAP = RATE * 40 // 1000  # samples: the shortest pause between two presses (ITU-T Q.24)
_LONG_GAP = RATE * 100 // 1000  # the same for a source known to move its timestamp: some packets may be lost
_PACKET = RATE * 50 // 1000  # samples: event packets follow each other within this time
_GAP_S, _SILENCE_S = 0.1, 1.0  # seconds without packets, beyond what their durations say: likely, surely a new press
_ENDS = 3  # the end is repeated within so many packets


@dataclass(slots=True)
class _Press:
    """A press as far as its packets have told; times in samples of its source's clock, ``at`` in seconds."""

    ssrc: int
    event: int
    first: int  # timestamp it began with
    last: int  # timestamp of its newest packet: the same, unless a gateway moves it on
    end: int  # up to where it lasts for certain
    duration: int  # that its newest packet says
    seq: int  # number of its newest packet
    at: float  # when that one came
    ended: bool
    moves: bool = False

    def has(self, seq: int, ts: int, duration: int, ended: bool, now: float) -> bool:
        """Whether a packet of this source and event belongs to this press."""
        ahead, start = later(seq, self.seq, 16), later(ts, self.end, 32)
        if ahead <= 0:  # overtaken on the way
            return start < _GAP and later(ts + duration, self.first, 32) > -_GAP
        silence = now - self.at - max(0, later(ts + duration, self.last + self.duration, 32)) / RATE
        if silence > _SILENCE_S:
            return False
        if ts == self.last:
            if ended:
                return silence < _GAP_S or ahead <= _ENDS
            return not self.ended and duration >= self.duration and (silence < _GAP_S or ahead <= _ENDS)
        if self.ended:
            return ended and start < _GAP
        if later(ts, self.last, 32) == _SEGMENT:
            return True
        return later(ts, self.first, 32) > 0 and start < (_LONG_GAP if self.moves else _GAP)

    def add(self, seq: int, ts: int, duration: int, ended: bool, now: float) -> None:
        """Note a packet that belongs to it."""
        self.ended = self.ended or ended
        if later(seq, self.seq, 16) > 0:
            if later(ts, self.last, 32) == _SEGMENT:
                self.first = ts
            elif ts != self.last:
                self.moves = True
            self.seq, self.at, self.last, self.duration = seq, now, ts, duration
        for end in (self.first + duration, ts + min(duration, _PACKET)):
            if later(end, self.end, 32) > 0:
                self.end = end & 0xFFFFFFFF


class DtmfReceiver:
    """Tells each press once, at the first packet of it that is seen.

    A press is one event code of one source until it ends. The marker bit and any packets may be lost, every
    packet may come twice or late, and the end packet alone is enough. Normally all its packets have one
    timestamp (RFC 4733 §2.5.1.2). Gateways that move it on are heard as one press as long as there is no gap
    of the 40 ms that ITU-T Q.24 has between two presses; with gateways that use it again, what follows an end,
    or begins anew with a short duration, is the next press.
    """

    def __init__(self) -> None:
        self._presses: deque[_Press] = deque(maxlen=32)

    def feed(self, ssrc: int, seq: int, ts: int, payload: bytes, now: float) -> str | None:
        """The key that is newly pressed, or None (a further packet of a press, a flash, junk). ``now``: seconds."""
        if len(payload) < 4:
            return None
        event, flags, duration = _EVENT.unpack_from(payload)
        ended = bool(flags & _END)
        if event >= len(KEYS):
            return None
        for press in reversed(self._presses):
            if press.ssrc == ssrc and press.event == event and press.has(seq, ts, duration, ended, now):
                press.add(seq, ts, duration, ended, now)
                return None
        end = (ts + duration) & 0xFFFFFFFF
        self._presses.append(_Press(ssrc, event, ts, ts, end, duration, seq, now, ended))
        return KEYS[event]


class DtmfSender:
    """The packets of a queue of key presses, one per 20 ms frame.

    While it has something to say it takes the place of the audio; between two presses it leaves a pause.
    """

    PAUSE = 3  # frames between two presses: 60 ms, above the 40 ms of ITU-T Q.24
    _LAST_TIMES = 3  # the end packet goes out three times (RFC 4733 2.5.1.4)

    def __init__(self) -> None:
        self.busy = False  # a press is under way or waits; asked at every frame of every stream
        self._waiting: deque[tuple[int, int]] = deque()  # event, frames
        self._event = 0
        self._frames = 0
        self._sent = 0
        self._pause = 0

    def press(self, key: str, ms: int) -> None:
        """Queue a press of ``ms`` milliseconds (40 to 8000). Raises ``ValueError`` for another key."""
        if len(key) != 1 or key not in KEYS:
            raise ValueError(f"a key is one of {' '.join(KEYS)}, not {key!r}")
        if not 40 <= ms <= 8000:
            raise ValueError(f"a key is pressed for 40 to 8000 ms, not {ms}")
        self._waiting.append((KEYS.index(key), max(2, round(ms / FRAME_MS))))
        self.busy = True

    def next(self) -> tuple[bool, int, bytes] | None:
        """This frame's event packet: (is first, samples since its timestamp, payload); None in a pause."""
        if self._pause:
            self._pause -= 1
            return None
        if not self._frames:
            if not self._waiting:
                return None
            (self._event, self._frames), self._sent = self._waiting.popleft(), 0
        first = self._sent == 0
        since = self._sent * FRAME
        self._sent += 1
        ended = self._sent >= self._frames
        duration = min(self._sent, self._frames) * FRAME
        payload = _EVENT.pack(self._event, _VOLUME | (_END if ended else 0), duration)
        if self._sent >= self._frames + self._LAST_TIMES - 1:
            self._frames, self._pause = 0, self.PAUSE
            self.busy = bool(self._waiting)
        return first, since, payload
