"""The sound of the embedded engine: RTP streams on a range of ports, one pacer for all.

    media = Media("192.0.2.10", (20000, 20999))
    await media.start()
    stream = media.open()                       # binds; stream.port goes into the SDP
    stream.on_key = lambda key: ...
    stream.set_remote("198.51.100.7", 4000, 8, 101)   # from the far end's SDP
    stream.play([clip], on_done)                # between prompts real packets of silence are sent
    stream.close()

Everything runs on the event loop that called ``start``. Call-backs come on that loop, one at a time; what
they raise is logged. ``on_done`` of ``play`` may come while ``play``, ``stop_play`` or ``close`` runs;
``on_done`` of ``record`` always comes later, once the file is on disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sip.embedded.frames import FrameCache
from sip.embedded.mixer import Mixer
from sip.embedded.pacer import Pacer
from sip.embedded.ports import NoPorts, Ports
from sip.embedded.stats import Stats
from sip.embedded.stream import Stream
from sip.embedded.waited import Waited
from sip.embedded.wavfile import WavWriter

__all__ = ["Media", "NoPorts", "Stats", "Stream"]


class Media:
    """Opens streams and keeps what they share. ``rtp_range``: first and last port, both included."""

    def __init__(self, bind_host: str, rtp_range: tuple[int, int]) -> None:
        self._ports = Ports(bind_host, rtp_range)
        self._cache = FrameCache()
        self._writer = WavWriter()
        self._streams: set[Stream] = set()
        self._pacer: Pacer | None = None
        self.waited = Waited()  # how long what callers send lies unread
        self._files = 0  # recordings whose end was not told yet
        self._all_told = asyncio.Event()

    async def start(self) -> None:
        """Begin. Raises :class:`NoPorts` when not even one port can be bound."""
        self._pacer = Pacer(asyncio.get_running_loop())
        self._writer.start()
        try:
            self.open().close()
        except NoPorts:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close all streams; returns when every recording is on disk and told of."""
        for stream in tuple(self._streams):
            stream.close()
        if self._pacer is not None:
            self._pacer.stop()
            self._pacer = None
        await asyncio.to_thread(self._writer.stop)
        while self._files:
            self._all_told.clear()
            await self._all_told.wait()

    def open(self) -> Stream:
        """Bind a port pair and open a stream on it. Raises :class:`NoPorts`."""
        if self._pacer is None:
            raise RuntimeError("start the media before opening streams")
        rtp, rtcp = self._ports.take()
        stream = Stream(
            rtp,
            rtcp,
            asyncio.get_running_loop(),
            self._cache,
            self._writer,
            self._closed,
            self._count_file,
            self.waited,
        )
        self._streams.add(stream)
        self._pacer.join(stream)
        return stream

    def confer(self, streams: Sequence[Stream]) -> None:
        """Let these hear each other, and nobody else; whoever was with one of them is alone."""
        for other in [other for stream in streams for other in stream.company if other not in streams]:
            other.unbridge()
        if len(streams) == 2:
            streams[0].bridge(streams[1])
        elif len(streams) < 2 or self._pacer is None:
            for stream in streams:
                stream.unbridge()
        else:
            mixer = next((stream.mixer for stream in streams if stream.mixer is not None), None)
            if mixer is None:
                mixer = Mixer(self._pacer.leave)
                self._pacer.join(mixer)
            for stream in streams:
                stream.confer(mixer)

    @property
    def ports_in_use(self) -> int:
        """How many RTP ports are taken."""
        return self._ports.in_use

    @property
    def stalls(self) -> int:
        """How often the event loop was held up for more than 60 ms, so that frames had to be skipped."""
        return 0 if self._pacer is None else self._pacer.stalls

    def _closed(self, stream: Stream) -> None:
        self._ports.release(stream.port)
        self._streams.discard(stream)
        if self._pacer is not None:
            self._pacer.leave(stream)

    def _count_file(self, change: int) -> None:
        self._files += change
        if not self._files:
            self._all_told.set()
