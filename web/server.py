"""Serving the panel: cheroot, threads, TLS when there is a certificate, a clean stop.

waitress has no TLS, and four held streams stop its four threads (docs/decisions.md).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cheroot import wsgi
from cheroot.ssl.builtin import BuiltinSSLAdapter

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger("web.access")
server_log = logging.getLogger("web.server")

THREADS = 16
STOP_S = 5  # how long running requests may take at the end
HEADER_MAX = 32 * 1024  # bytes
BODY_MAX = 256 * 1024  # bytes; the app's own limit for forms is lower and answers more kindly


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
        level = logging.DEBUG if path == "/board/live" or path.startswith("/static/") else logging.INFO
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
) -> None:
    """Serve ``app`` until ``stop`` is set; port 0 takes a free one. ``ready(host, port)``: it is bound.

    Raises ``OSError`` with a clear text when the address is taken or a TLS file cannot be used.
    """
    server = _Server((host, port), logged(app), numthreads=THREADS, server_name="hotline", shutdown_timeout=STOP_S)
    server.max_request_header_size, server.max_request_body_size = HEADER_MAX, BODY_MAX
    if tls is not None:
        server.ssl_adapter = _adapter(tls)
    try:
        server.prepare()
    except OSError as error:
        raise OSError(
            f"the panel cannot listen on {host}:{port}: {error}; choose another with --panel HOST:PORT"
        ) from error
    bound = server.bind_addr
    if ready is not None:
        ready(str(bound[0]), int(bound[1]))
    loop = threading.Thread(target=server.serve, name="panel", daemon=True)
    loop.start()
    try:
        while loop.is_alive() and not stop.wait(0.5):
            pass
    finally:
        server.stop()
        loop.join(STOP_S)


def _adapter(tls: TlsFiles) -> BuiltinSSLAdapter:
    for file in (tls.cert, tls.key):
        if not file.is_file():
            raise OSError(f"{file} is missing; run: hotline tls init")
    try:
        return BuiltinSSLAdapter(str(tls.cert), str(tls.key))
    except OSError as error:  # ssl.SSLError is one
        raise OSError(f"{tls.cert} and {tls.key} cannot be used: {error}; run: hotline tls init") from error


class _Server(wsgi.Server):
    """A server whose errors go to our log."""

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        server_log.log(level, "%s", msg, exc_info=traceback)
