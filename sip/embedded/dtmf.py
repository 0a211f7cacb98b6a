"""Key presses as RTP events (RFC 4733): hearing them once each, and sending them paced."""

from __future__ import annotations

import struct
from collections import deque

from sip.embedded.rtp import FRAME, FRAME_MS, later

KEYS = "0123456789*#ABCD"  # the index is the event code
_EVENT = struct.Struct("!BBH")  # event, end bit + volume, duration in samples
_END = 0x80
_VOLUME = 10  # -10 dBm0
_SEGMENT = 0xFFFF  # a longer press goes on as a new event this much later (RFC 4733 2.5.1.3)


class KeyReceiver:
    """Tells each press once, at the first packet of it that is seen.

    A press is the pair (SSRC, timestamp): the marker bit and the first packets may be lost, every packet
    may come twice or late, and the end packet alone is enough.
    """

    def __init__(self) -> None:
        self._told: deque[tuple[int, int]] = deque(maxlen=32)
        self._last: tuple[int, int, int, bool] | None = None  # ssrc, ts, event, ended

    def feed(self, ssrc: int, ts: int, payload: bytes) -> str | None:
        """The key that is newly pressed, or None (a repeated packet, a flash, junk)."""
        if len(payload) < 4:
            return None
        event, flags, _ = _EVENT.unpack_from(payload)
        ended = bool(flags & _END)
        if event >= len(KEYS):
            return None
        if (ssrc, ts) in self._told:
            if ended and self._last is not None and self._last[:2] == (ssrc, ts):
                self._last = (ssrc, ts, event, True)
            return None
        known = self._last
        self._told.append((ssrc, ts))
        self._last = (ssrc, ts, event, ended)
        if known is not None and known[0] == ssrc and known[2] == event and not known[3]:
            if later(ts, known[1], 32) == _SEGMENT:
                return None  # the same key, still held down
        return KEYS[event]


class KeySender:
    """The packets of a queue of key presses, one per 20 ms frame.

    While it has something to say it takes the place of the audio; between two presses it leaves a pause.
    """

    PAUSE = 3  # frames between two presses: 60 ms, above the 40 ms of ITU-T Q.24
    _LAST_TIMES = 3  # the end packet goes out three times (RFC 4733 2.5.1.4)

    def __init__(self) -> None:
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

    @property
    def busy(self) -> bool:
        """Whether a press is under way or waits."""
        return bool(self._frames or self._waiting)

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
        return first, since, payload
