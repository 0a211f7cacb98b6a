"""A WSGI app on an event loop: a thread is held while the app computes, never while somebody sends or reads slowly.

The whole request is read by the loop before a thread sees it; an answer that is long goes out piece by piece, each
fetched by a thread that is given back at once. An answer whose body is an asynchronous iterator (an event stream) is
sent by the loop alone.
"""

from __future__ import annotations

import asyncio
import io
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger("web.server")

THREADS = 16
BODY_MAX = 256 * 1024  # bytes; the app's own limit for forms is lower and answers more kindly
READ_S = 20.0  # how long the body of a request may take
PIECE = 256 * 1024  # bytes of an answer that are fetched at once

Message = dict[str, Any]
Receive = Callable[[], Any]
Send = Callable[[Message], Any]


@dataclass
class AppResponse:
    """What the app said: the head, the first piece of the body, and the rest (None: that was all)."""

    status: int
    headers: list[tuple[bytes, bytes]]
    first: bytes
    rest: Iterator[bytes] | AsyncIterator[bytes] | None
    close: Callable[[], None]


class AsgiBridge:
    """``app`` for an ASGI server. ``ending``: set when the server stops, so that streams end."""

    def __init__(self, app: WSGIApplication, threads: int = THREADS) -> None:
        self._app = app
        self._pool = ThreadPoolExecutor(threads, "panel")
        self.ending = asyncio.Event()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(READ_S):
                body = await _body(scope, receive)
        except TimeoutError:
            await _refuse(send, 408)
            return
        if body is None:
            await _refuse(send, 413)
            return
        answer = await self._thread(self._ask, environ(scope, body))
        try:
            await self._send(answer, scope, receive, send)
        finally:
            if answer.rest is not None:
                await self._thread(answer.close)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _thread(self, call: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call, *arguments)

    def _ask(self, environment: dict[str, Any]) -> AppResponse:
        head: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], None]:
            head[:] = [status, headers]
            return _no_write

        rest: Iterator[bytes] | AsyncIterator[bytes] | None
        found = self._app(environment, start_response)
        close: Callable[[], None] = getattr(found, "close", lambda: None)
        if hasattr(found, "__aiter__"):
            first, rest = b"", found.__aiter__()
        else:
            parts = iter(found)
            first, more = piece(parts)
            rest = parts
            if not more:
                close()  # here, where the app ran
                rest = None
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in head[1]]
        return AppResponse(int(head[0].split(" ", 1)[0]), headers, first, rest, close)

    async def _send(self, answer: AppResponse, scope: Message, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        rest = answer.rest
        if rest is None or scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": answer.first})
            return
        if isinstance(rest, AsyncIterator):
            scope["state"]["endless"] = True
            await self._stream(rest, receive, send)
            return
        await send({"type": "http.response.body", "body": answer.first, "more_body": True})
        more = True
        while more:
            part, more = await self._thread(piece, rest)
            await send({"type": "http.response.body", "body": part, "more_body": more})

    async def _stream(self, pieces: AsyncIterator[bytes], receive: Receive, send: Send) -> None:
        """Send what comes until there is no more, the reader is gone, or the server ends."""
        over = [asyncio.ensure_future(receive()), asyncio.ensure_future(self.ending.wait())]
        coming = asyncio.ensure_future(anext(pieces))
        try:
            while True:
                await asyncio.wait({*over, coming}, return_when=asyncio.FIRST_COMPLETED)
                if any(task.done() for task in over):
                    break
                try:
                    part = coming.result()
                except StopAsyncIteration:
                    break
                await send({"type": "http.response.body", "body": part, "more_body": True})
                coming = asyncio.ensure_future(anext(pieces))
        finally:
            for task in (*over, coming):
                task.cancel()
            await asyncio.gather(*over, coming, return_exceptions=True)
        await send({"type": "http.response.body", "body": b""})


async def _body(scope: Message, receive: Receive) -> bytes | None:
    """The whole body; None: it is too long."""
    for name, value in scope["headers"]:
        if name == b"content-length" and int(value) > BODY_MAX:
            return None
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > BODY_MAX:
            return None
        if not message.get("more_body"):
            return bytes(body)


async def _refuse(send: Send, status: int) -> None:
    """Say it and hang up: what is left of the request is not read."""
    headers = [(b"content-length", b"0"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def environ(scope: Message, body: bytes) -> dict[str, Any]:
    """The request as PEP 3333 has it."""
    server, client = scope.get("server") or ("", 80), scope.get("client") or ("", 0)
    found: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "RAW_URI": scope["raw_path"].decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": str(server[0]),
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": str(client[0]),
        "REMOTE_PORT": str(client[1]),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for raw, value in scope["headers"]:
        name, text = raw.decode("latin-1"), value.decode("latin-1")
        if name == "content-type":
            found["CONTENT_TYPE"] = text
        elif name not in ("content-length", "transfer-encoding") and "_" not in name:  # "_" would pass for "-"
            key = "HTTP_" + name.upper().replace("-", "_")
            found[key] = f"{found[key]}{'; ' if name == 'cookie' else ','}{text}" if key in found else text
    return found


def piece(parts: Iterator[bytes]) -> tuple[bytes, bool]:
    """The next :data:`PIECE` bytes or somewhat more, and whether there may be more after them."""
    found = bytearray()
    for part in parts:
        found += part
        if len(found) >= PIECE:
            return bytes(found), True
    return bytes(found), False


def _no_write(_data: bytes) -> None:
    raise RuntimeError("an app gives its answer as an iterable")
