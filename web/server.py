"""Serving the panel: uvicorn's HTTP/1.1 behind a door of ours, TLS when there is a certificate, a clean stop.

cheroot shakes hands in the thread that accepts, and a slow request holds a thread; waitress has no TLS
(docs/decisions.md).
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from web.bridge import AsgiBridge
from web.door import ConnectionDoor, Timed

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger("web.access")
server_log = logging.getLogger("web.server")

STOP_S = 5  # how long running requests may take at the end
KEEP_S = 30  # how long a browser's connection is kept between two requests
HEADER_MAX = 32 * 1024  # bytes
BACKLOG = 512
QUIET = ("/board/live", "/board/events")  # asked for all the time


@dataclass(frozen=True)
class TlsFiles:
    """A certificate (with its chain) and its key, PEM."""

    cert: Path
    key: Path


def logged(app: WSGIApplication) -> WSGIApplication:
    """Log method, path, status and time of each request; never the query, which may name a person."""

    def wrapped(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began, status = time.perf_counter(), [""]

        def start(line: str, headers: Any, *rest: Any) -> Any:
            status[0] = line.split(" ", 1)[0]
            return start_response(line, headers, *rest)

        answer = app(environ, start)
        took = round((time.perf_counter() - began) * 1000)
        path = environ.get("PATH_INFO", "").encode("latin-1", "replace").decode("utf-8", "replace")
        level = logging.DEBUG if path in QUIET or path.startswith("/static/") else logging.INFO
        log.log(
            level,
            "%s %s %r %s %d ms",
            environ.get("REMOTE_ADDR", "-"),
            environ["REQUEST_METHOD"],
            path,
            status[0],
            took,
        )
        return answer

    return wrapped


def serve(
    app: WSGIApplication,
    host: str,
    port: int,
    tls: TlsFiles | None,
    stop: threading.Event,
    ready: Callable[[str, int], None] | None = None,
    spared: Callable[[str], bool] = lambda _address: False,
) -> None:
    """Serve ``app`` until ``stop`` is set; port 0 takes a free one. ``ready(host, port)``: it is bound.

    ``spared(address)``: whose connections are not counted, the reverse proxy's. Raises ``OSError`` with a clear text
    when the address is taken or a TLS file cannot be used.
    """
    context = None if tls is None else _context(tls)
    listener = _listener(host, port)
    server = _Server(logged(app), listener, context, spared)
    if ready is not None:
        ready(*listener.getsockname()[:2])
    loop = threading.Thread(target=server.run, name="panel", daemon=True)
    loop.start()
    try:
        while loop.is_alive() and not stop.wait(0.5):
            pass
    finally:
        server.should_exit = True
        loop.join(2 * STOP_S)


def _listener(host: str, port: int) -> socket.socket:
    try:
        family, _type, _proto, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        found = socket.create_server(address, family=family, backlog=BACKLOG)
    except OSError as error:
        raise OSError(
            f"the panel cannot listen on {host}:{port}: {error}; choose another with --panel HOST:PORT"
        ) from error
    found.setblocking(False)
    return found


def _context(tls: TlsFiles) -> ssl.SSLContext:
    for file in (tls.cert, tls.key):
        if not file.is_file():
            raise OSError(f"{file} is missing; run: hotline tls init")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(tls.cert, tls.key)
    except OSError as error:  # ssl.SSLError is one
        raise OSError(f"{tls.cert} and {tls.key} cannot be used: {error}; run: hotline tls init") from error
    return context


class _Server(uvicorn.Server):
    """uvicorn behind our own door (web/door.py), with the app on the bridge (web/bridge.py)."""

    def __init__(
        self,
        app: WSGIApplication,
        listener: socket.socket,
        tls: ssl.SSLContext | None,
        spared: Callable[[str], bool],
    ) -> None:
        self._bridge = AsgiBridge(app)
        super().__init__(
            uvicorn.Config(
                self._bridge, http=Timed, ws="none", lifespan="off", loop="asyncio", log_config=None, log_level="error",
                access_log=False, proxy_headers=False, server_header=False, headers=[("server", "hotline")],
                timeout_keep_alive=KEEP_S, timeout_graceful_shutdown=STOP_S, h11_max_incomplete_event_size=HEADER_MAX,
            )
        )  # fmt: skip
        self._listener, self._tls, self._spared = listener, tls, spared

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._door = ConnectionDoor(self._listener, self._protocol, self._tls, self._spared)
        self.servers = [self._door]  # type: ignore[list-item]  # it can be closed and waited for
        self.started = True

    def _protocol(self) -> Timed:
        return Timed(self.config, self.server_state, {}, asyncio.get_running_loop())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._bridge.ending.set()
        await super().shutdown(sockets)
        self._bridge.close()
