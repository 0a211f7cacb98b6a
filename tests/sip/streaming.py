"""A far end over TCP or TLS, written by hand: one connection, and a certificate of an authority of its own."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

from hotline import tls
from sip.core.config import Tls
from tests.sip.raw import PATIENCE_S
from tests.sip.written import Message, Writer


class Certificates:
    """An authority and a certificate for this machine, in ``folder``; ``listening``: the hotline's place with them."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.made = tls.make(folder, names)
        self.listening = Tls("127.0.0.1", 0, self.made.certificate, self.made.key)

    def client(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.made.ca)

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.made.certificate, self.made.key)
        return context


class Line:
    """One connection: whole messages in and out."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, transport: str = "TCP") -> None:
        self.reader, self.writer, self.transport = reader, writer, transport
        self.port: int = writer.get_extra_info("sockname")[1]
        self.caller = Writer("127.0.0.1", self.port, writer.get_extra_info("peername"), "13812345678", 40_000)

    @classmethod
    async def open(cls, port: int, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Line:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, local_addr=(host, 0))
        line = cls(reader, writer, "TCP" if context is None else "TLS")
        line.caller.uri = f"sip:hotline@127.0.0.1:{port};transport={line.transport.lower()}"
        return line

    async def __aenter__(self) -> Line:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    def request(self, method: str, body: str = "", **more: object) -> bytes:
        data = self.caller.request(method, body, **more)  # type: ignore[arg-type]
        return data.replace(b"SIP/2.0/UDP", b"SIP/2.0/" + self.transport.encode())

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def receive(self, wanted: Callable[[Message], bool] = lambda _: True) -> Message:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                head = await self.reader.readuntil(b"\r\n\r\n")
                got = Message.read(head)
                body = await self.reader.readexactly(int(got["content-length"]))
                got = Message.read(head + body)
                if wanted(got):
                    return got

    async def final(self, method: str = "INVITE") -> Message:
        return await self.receive(lambda m: m.code >= 200 and m.cseq == method)

    async def closed(self) -> bool:
        """Whether the other side ends it; what it still says is thrown away."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while await self.reader.read(4096):
                    pass
        except (ConnectionError, ssl.SSLError):
            pass
        except TimeoutError:
            return False
        return True
