"""A scripted caller on a bare UDP socket: it writes SIP by hand, so nothing of ours speaks on its side."""

from __future__ import annotations

import asyncio
import functools
import re
import socket
from collections.abc import Callable, Coroutine

from ivr.telephony import EngineEvent
from sip.admission import Lags
from sip.core.config import EmbeddedConfig, Timing
from sip.embedded.engine import EmbeddedEngine
from sip.embedded.media import Media
from tests.sip.written import Headers, Message, Writer

FAST = Timing(t1=0.02, t2=0.08, t4=0.1)  # 64 x T1 = 1.3 s instead of 32 s
PATIENCE_S = 15.0


def story(test: Callable[..., Coroutine[object, object, None]]) -> Callable[..., None]:
    """Run an async test on its own loop, in bounded time."""

    @functools.wraps(test)
    def run(*args: object, **kwargs: object) -> None:
        async def bounded() -> None:
            async with asyncio.timeout(60):
                await test(*args, **kwargs)

        asyncio.run(bounded())

    return run


class Caller(Writer):
    """One UDP socket at ``host`` that calls ``port`` on this machine; ``at``: its own port. Close it when done."""

    def __init__(self, port: int, user: str = "13812345678", host: str = "127.0.0.1", at: int = 0) -> None:
        self.sock, self.rtp = _socket(host, at), _socket(host)
        super().__init__(host, self.sock.getsockname()[1], ("127.0.0.1", port), user, self.rtp.getsockname()[1])
        self.seen: list[Message] = []
        self.here = 0  # the code a question whether we are there (OPTIONS) is answered with; 0: not at all

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()
        self.rtp.close()

    def send(self, data: bytes) -> bytes:
        self.sock.sendto(data, self.to)
        return data

    async def receive(self, wanted: Callable[[Message], bool] = lambda _: True, wait_s: float = PATIENCE_S) -> Message:
        """The next message that is wanted; others are kept in ``seen``."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(wait_s):
            while True:
                got = Message.read(await loop.sock_recv(self.sock, 65535))
                self.seen.append(got)
                if got.method == "OPTIONS" and self.here:
                    self.reply(got, self.here)
                if wanted(got):
                    return got

    async def listening(self) -> None:
        """Only answer what is asked; until it is cancelled."""
        await self.receive(lambda _: False, 3600)

    async def final(self, method: str = "INVITE") -> Message:
        return await self.receive(lambda m: m.code >= 200 and m.cseq == method)

    async def expect(self, code: int) -> Message:
        """The next final response; it must have this code."""
        got = await self.receive(lambda m: m.code >= 200)
        assert got.code == code, got.text
        return got

    async def quiet(self, wait_s: float = 0.3) -> list[Message]:
        """Everything that still comes within ``wait_s``."""
        before = len(self.seen)
        try:
            await self.receive(lambda _: False, wait_s)
        except TimeoutError:
            pass
        return self.seen[before:]

    def ack(self, response: Message, body: str = "") -> None:
        """ACK to a 2xx."""
        self.send(self.acknowledgement(response, body))

    async def call(self, extra: Headers | None = None) -> Message:
        """INVITE, 200, ACK."""
        self.send(self.request("INVITE", self.sdp(), extra=extra))
        answer = await self.final()
        assert answer.code == 200, answer.text
        self.ack(answer)
        return answer

    async def hang_up(self) -> None:
        self.send(self.request("BYE"))
        assert (await self.final("BYE")).code == 200

    def reply(
        self, request: Message, code: int, body: str = "", tag: str = "phone", extra: Headers | None = None
    ) -> None:
        """Answer a request that came in on this socket."""
        source = re.search(r"127\.0\.0\.1:(\d+)", request["via"])
        assert source
        self.sock.sendto(self.answer(request, code, body, tag, extra), ("127.0.0.1", int(source[1])))


def _socket(host: str, port: int = 0) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((host, port))
    sock.setblocking(False)
    return sock


class Hotline:
    """An engine on free ports; by default it answers at once. ``events`` is everything it told."""

    def __init__(self, auto: bool = True, lags: Callable[[], Lags] = Lags, **settings: object) -> None:
        values: dict[str, object] = {
            "sip_host": "127.0.0.1",
            "sip_port": 0,
            "rtp_range": free_ports(),
            "timing": FAST,
            "qualify_s": 0,  # no questions between what a test writes
        }
        config = EmbeddedConfig(**(values | settings))  # type: ignore[arg-type]
        self.media = Media(config.sip_host, config.rtp_range)
        self.engine = EmbeddedEngine(config, self.media, lags)
        self.events: list[EngineEvent] = []
        self.auto = auto
        self._news = asyncio.Event()

    async def __aenter__(self) -> Hotline:
        await self.engine.start(self._told)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.engine.stop()

    @property
    def port(self) -> int:
        return self.engine.port

    def _told(self, event: EngineEvent) -> None:
        self.events.append(event)
        self._news.set()
        if self.auto and type(event).__name__ == "Incoming":
            self.engine.answer(event.line)  # type: ignore[union-attr]

    def of(self, kind: type) -> list:  # type: ignore[type-arg]
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, kind: type, count: int = 1):  # type: ignore[no-untyped-def]
        """The ``count``-th event of this kind."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.of(kind)) < count:
                self._news.clear()
                await self._news.wait()
        return self.of(kind)[count - 1]


def free_ports(count: int = 60) -> tuple[int, int]:
    """A range of RTP ports nobody uses just now."""
    for _ in range(50):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            low = probe.getsockname()[1]
        if low % 2 == 0 and low + count < 65000:
            return low, low + count
    raise RuntimeError("no free ports")
