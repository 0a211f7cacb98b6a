"""A scripted caller on a bare UDP socket: it writes SIP by hand, so nothing of ours speaks on its side."""

from __future__ import annotations

import asyncio
import functools
import itertools
import re
import socket
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

from ivr.telephony import EngineEvent
from sip.admission import Lags
from sip.core.config import EmbeddedConfig, Timing
from sip.embedded.engine import EmbeddedEngine
from sip.embedded.media import Media

FAST = Timing(t1=0.02, t2=0.08, t4=0.1)  # 64 x T1 = 1.3 s instead of 32 s
PATIENCE_S = 15.0

SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
)


def story(test: Callable[..., Coroutine[object, object, None]]) -> Callable[..., None]:
    """Run an async test on its own loop, in bounded time."""

    @functools.wraps(test)
    def run(*args: object, **kwargs: object) -> None:
        async def bounded() -> None:
            async with asyncio.timeout(60):
                await test(*args, **kwargs)

        asyncio.run(bounded())

    return run


@dataclass
class Message:
    """A received message, read with string means only."""

    text: str
    start: str = ""
    body: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def read(cls, data: bytes) -> Message:
        text = data.decode()
        head, _, body = text.partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        pairs = [line.partition(":") for line in lines]
        return cls(text, start, body, [(name.strip().lower(), value.strip()) for name, _, value in pairs])

    @property
    def code(self) -> int:
        return int(self.start.split()[1]) if self.start.startswith("SIP/") else 0

    @property
    def method(self) -> str:
        return "" if self.code else self.start.split()[0]

    @property
    def uri(self) -> str:
        return self.start.split()[1]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]

    def __getitem__(self, name: str) -> str:
        found = self.all(name)
        return found[0] if found else ""

    @property
    def cseq(self) -> str:
        return self["cseq"].split()[-1]


def message(start: str, headers: list[tuple[str, str]], body: str = "") -> bytes:
    lines = [start, *(f"{name}: {value}" for name, value in headers)]
    lines.append(f"Content-Length: {len(body.encode())}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


class Caller:
    """One UDP socket at ``host`` that calls ``port`` on this machine. Close it when done."""

    def __init__(self, port: int, user: str = "13812345678", host: str = "127.0.0.1") -> None:
        self.to, self.user, self.host = ("127.0.0.1", port), user, host
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((host, 0))
        self.sock.setblocking(False)
        self.port = self.sock.getsockname()[1]
        self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.rtp.bind((host, 0))
        self.rtp.setblocking(False)
        self.call_id, self.tag = uuid.uuid4().hex, uuid.uuid4().hex[:8]
        self.remote_tag = ""
        self.number = itertools.count(1)
        self.seen: list[Message] = []
        self.uri = f"sip:hotline@127.0.0.1:{port}"
        self.here = 0  # the code a question whether we are there (OPTIONS) is answered with; 0: not at all

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()
        self.rtp.close()

    def sdp(self) -> str:
        return SDP.replace("127.0.0.1", self.host).format(port=self.rtp.getsockname()[1])

    def request(
        self,
        method: str,
        body: str = "",
        *,
        number: int | None = None,
        branch: str | None = None,
        extra: list[tuple[str, str]] | None = None,
        drop: tuple[str, ...] = (),
        uri: str = "",
        kind: str = "application/sdp",
    ) -> bytes:
        """A complete request; ``extra`` replaces or adds headers, ``drop`` leaves some out."""
        tag = f";tag={self.remote_tag}" if self.remote_tag else ""
        headers = {
            "Via": f"SIP/2.0/UDP {self.host}:{self.port};branch={branch or self.branch()};rport",
            "Max-Forwards": "70",
            "From": f'"测试" <sip:{self.user}@127.0.0.1>;tag={self.tag}',
            "To": f"<sip:hotline@127.0.0.1>{tag}",
            "Call-ID": self.call_id,
            "CSeq": f"{number if number is not None else next(self.number)} {method}",
            "Contact": f"<sip:{self.user}@{self.host}:{self.port}>",
        }
        if body:
            headers["Content-Type"] = kind
        added = [(name, value) for name, value in extra or []]
        kept = [(n, v) for n, v in headers.items() if n not in drop and n not in {name for name, _ in added}]
        return message(f"{method} {uri or self.uri} SIP/2.0", kept + added, body)

    @staticmethod
    def branch() -> str:
        return "z9hG4bK" + uuid.uuid4().hex[:16]

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
        self.remote_tag = response["to"].split("tag=")[1]
        number = int(response["cseq"].split()[0])
        self.send(self.request("ACK", body, number=number))

    async def call(self, extra: list[tuple[str, str]] | None = None) -> Message:
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
        self,
        request: Message,
        code: int,
        body: str = "",
        tag: str = "phone",
        extra: list[tuple[str, str]] | None = None,
    ) -> None:
        """Answer a request that came in on this socket."""
        to = request["to"] if "tag=" in request["to"] or code == 100 else f"{request['to']};tag={tag}"
        headers = [("Via", v) for v in request.all("via")]
        headers += [
            ("From", request["from"]),
            ("To", to),
            ("Call-ID", request["call-id"]),
            ("CSeq", request["cseq"]),
        ]
        headers += [("Contact", f"<sip:phone@{self.host}:{self.port}>")]
        if body:
            headers.append(("Content-Type", "application/sdp"))
        source = re.search(r"127\.0\.0\.1:(\d+)", request["via"])
        assert source
        self.sock.sendto(
            message(f"SIP/2.0 {code} Whatever", headers + (extra or []), body), ("127.0.0.1", int(source[1]))
        )


class Hotline:
    """An engine on free ports; by default it answers at once. ``events`` is everything it told."""

    def __init__(self, auto: bool = True, lags: Callable[[], Lags] = Lags, **settings: object) -> None:
        values: dict[str, object] = {
            "sip_host": "127.0.0.1",
            "sip_port": 0,
            "rtp_range": free_ports(),
            "timing": FAST,
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
