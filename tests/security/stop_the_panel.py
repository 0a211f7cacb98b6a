"""Somebody stops the panel with connections that say nothing, or little.

Before: one silent connection stopped the HTTPS panel for 10 s (the handshake was made in the thread that accepts), and
20 slow ones the HTTP panel (16 threads, and each byte renewed the time). The server of before is shown by one of the
same make: a thread for each of 16 connections, the handshake while accepting. Now: neither holds anybody up.
"""

from __future__ import annotations

import http.server
import socket
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hotline import tls
from web.server import TlsFiles, serve

PATIENCE_S = 8.0  # a page that takes longer is stopped
SLOW = 20
PAGE = b"<p>page</p>"


def app(_environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(PAGE)))])
    return [PAGE]


def attacked(port: int, context: ssl.SSLContext | None) -> bool:
    """The attack: silence where a handshake is awaited, slowness elsewhere; does a page still come?"""
    if context is not None:
        held = [socket.create_connection(("127.0.0.1", port), 5)]
    else:
        held = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(SLOW)]
        for one in held:
            one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    time.sleep(0.3)
    try:
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as plain:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") if context else plain as honest:
                honest.settimeout(PATIENCE_S)
                honest.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                return honest.recv(100).startswith((b"HTTP/1.1 200", b"HTTP/1.0 200"))
    except OSError:
        return False
    finally:
        for one in held:
            one.close()


@contextmanager
def now(files: TlsFiles | None) -> Iterator[int]:
    """The panel's server."""
    stop, ready, port = threading.Event(), threading.Event(), []

    def bound(_host: str, number: int) -> None:
        port.append(number)
        ready.set()

    thread = threading.Thread(target=serve, args=(app, "127.0.0.1", 0, files, stop, bound))
    thread.start()
    try:
        ready.wait(20)
        yield port[0]
    finally:
        stop.set()
        thread.join(20)


class _Page(http.server.BaseHTTPRequestHandler):
    timeout = 10

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _Sixteen(http.server.HTTPServer):
    """Sixteen threads, as the server of before had."""

    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self._pool = ThreadPoolExecutor(16)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._pool.submit(self._one, request, client_address)

    def _one(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        finally:
            self.shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that ends is none of ours."""


@contextmanager
def before(files: TlsFiles | None) -> Iterator[int]:
    """A server as the one of before."""
    server = _Sixteen()
    if files is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(files.cert, files.key)
        server.socket.settimeout(None)
        server.socket = context.wrap_socket(server.socket, server_side=True)  # it shakes hands while it accepts
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server._pool.shutdown(wait=False)
        threading.Thread(target=server.shutdown, daemon=True).start()
        server.socket.close()


def main() -> int:
    """0: the panel cannot be stopped so."""
    with tempfile.TemporaryDirectory() as home:
        made = tls.make(Path(home) / "tls", ["127.0.0.1"])
        files = TlsFiles(made.certificate, made.key)
        trusting = ssl.create_default_context(cafile=str(made.ca))
        stopped = []
        for name, server in (("before", before), ("now", now)):
            for what, secured, context in (("one silent", files, trusting), (f"{SLOW} slow", None, None)):
                with server(secured) as port:
                    came = attacked(port, context)
                print(
                    f"{name}, {what} beside {'HTTPS' if secured else 'HTTP'}: {'a page comes' if came else 'stopped'}"
                )
                stopped += [] if came or name == "before" else [what]
    return int(bool(stopped))


if __name__ == "__main__":
    sys.exit(main())
