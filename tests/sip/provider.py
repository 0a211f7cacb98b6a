"""A provider over TCP or TLS, written by hand."""

from __future__ import annotations

import asyncio
import ssl

from tests.sip.raw import PATIENCE_S
from tests.sip.streaming import Line
from tests.sip.written import Message, message


class Provider:
    """Listens and keeps every message of every connection; registrations are taken, calls are answered."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.heard: list[tuple[Line, Message]] = []
        self.server: asyncio.Server | None = None

    async def open(self, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> int:
        self.server = await asyncio.start_server(self._serve, host, 0, ssl=context)
        port: int = self.server.sockets[0].getsockname()[1]
        return port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line(reader, writer)
        self.lines.append(line)
        try:
            while True:
                got = await line.receive()
                self.heard.append((line, got))
                if got.method in ("REGISTER", "OPTIONS", "BYE"):
                    self.reply(line, got, 200)
                elif got.method == "INVITE" and "RTP/SAVP" in got.body:  # it speaks no SRTP
                    self.reply(line, got, 488)
                elif got.method == "INVITE":
                    self.reply(line, got, 200, line.caller.sdp())
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            writer.close()

    @staticmethod
    def reply(line: Line, request: Message, code: int, body: str = "") -> None:
        copied = [(name, request[name]) for name in ("via", "from", "call-id", "cseq")]
        to = request["to"] if "tag=" in request["to"] else f"{request['to']};tag=isp"
        extra = [("Contact", f"<sip:isp@127.0.0.1:{line.port};transport=tcp>"), ("Content-Type", "application/sdp")]
        line.send(message(f"SIP/2.0 {code} Fine", [*copied, ("To", to), *extra], body))

    def of(self, method: str) -> list[Message]:
        return [got for _, got in self.heard if got.method == method]

    async def until(self, method: str) -> None:
        """The first one of this method has come."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.of(method):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def close(self) -> None:
        assert self.server is not None
        self.server.close()
        for line in self.lines:
            await line.__aexit__()
