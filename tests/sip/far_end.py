"""A far end for media tests: a plain UDP socket with RTP code of its own."""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np

from ivr.telephony import Clip
from sip.embedded.media import Media, Stream

EVENT = 101


def tone(ms: int, hz: float = 300.0, level: float = 8000.0) -> bytes:
    """16-bit PCM of a wavering tone that passes for speech."""
    t = np.arange(ms * 8) / 8000
    return (level * np.sin(2 * np.pi * hz * t) * np.sin(2 * np.pi * 2.5 * t)).astype("<i2").tobytes()


def clip(frames: int, value: int, id: str = "") -> Clip:
    """A clip of so many frames, all of one sample value."""
    return Clip(id or f"{value}x{frames}", np.full(frames * 160, value, "<i2").tobytes())


class FarEnd:
    """Sends and notes RTP by hand."""

    def __init__(self, stream: Stream, pt: int = 8) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.setblocking(False)
        self.host, self.port = self.sock.getsockname()
        self.stream, self.pt = stream, pt
        self.seq, self.ts, self.ssrc = secrets.randbits(16), secrets.randbits(32), secrets.randbits(32)
        self.got: list[bytes] = []

    def agree(self, **options: bool) -> FarEnd:
        """Tell the stream about us."""
        self.stream.set_remote(self.host, self.port, self.pt, EVENT, **options)
        return self

    def packet(self, payload: bytes, pt: int | None = None, ts: int | None = None) -> bytes:
        """The next packet."""
        head = struct.pack(
            "!BBHII",
            0x80,
            self.pt if pt is None else pt,
            self.seq & 0xFFFF,
            (self.ts if ts is None else ts) & 0xFFFFFFFF,
            self.ssrc,
        )
        self.seq += 1
        if ts is None:
            self.ts += len(payload)
        return head + payload

    def raw(self, data: bytes) -> None:
        """Send any datagram."""
        self.sock.sendto(data, ("127.0.0.1", self.stream.port))

    def speak(self, payload: bytes) -> None:
        """Send one packet of audio."""
        self.raw(self.packet(payload))

    def key(self, event: int, packets: tuple[int, ...] = (1, 2, 3, 4, 4, 4)) -> None:
        """Press a key: packets with these durations in frames, those of the longest are ends."""
        for n in packets:
            flags = 0x8A if n == 4 else 0x0A
            self.raw(self.packet(struct.pack("!BBH", event, flags, n * 160), EVENT, self.ts))
        self.ts += 640

    def read(self) -> list[tuple[int, bool, int, int, bytes]]:
        """All that came: (payload type, marker, sequence, timestamp, payload)."""
        while True:
            try:
                self.got.append(self.sock.recv(2048))
            except BlockingIOError:
                break
        out = []
        for data in self.got:
            first, second, seq, ts, _ = struct.unpack_from("!BBHII", data)
            assert first == 0x80
            out.append((second & 0x7F, second >= 0x80, seq, ts, data[12:]))
        return out

    def payloads(self, pt: int | None = None) -> list[bytes]:
        """The payloads of one payload type that came."""
        return [p[4] for p in self.read() if p[0] == (self.pt if pt is None else pt)]


async def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait for a condition; fails after a generous time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


@asynccontextmanager
async def media(pairs: int = 8) -> AsyncIterator[Media]:
    """A running media on a free range of ports."""
    one = Media("127.0.0.1", free_range(pairs))
    await one.start()
    try:
        yield one
    finally:
        await one.stop()
        assert one.ports_in_use == 0


def free_range(pairs: int) -> tuple[int, int]:
    """So many free port pairs in a row."""
    while True:
        low = 20000 + 2 * secrets.randbelow(6000)
        try:
            for port in range(low, low + 2 * pairs):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                    sock.bind(("127.0.0.1", port))
        except OSError:
            continue
        return low, low + 2 * pairs - 1


def wav(path: Path) -> np.ndarray:
    """The samples of an 8 kHz, 16-bit, mono WAV."""
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8000, 2, 1)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")
