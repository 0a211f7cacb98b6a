"""SIP over TCP and TLS: sockets that listen, connections both ways, and nothing of SIP but where a message ends.

Every connection is known by its far end's :class:`~sip.core.sip_messages.Addr`, so an answer or a call to a phone goes
down the phone's own connection. We accept sockets ourselves, and not asyncio's servers: who has not finished a
handshake counts, too. How many there may be, and how long, ``sip/core/connections.py`` says.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import socket
import ssl
import time
from collections import Counter
from pathlib import Path
from typing import Protocol

from sip.core.connections import Book, Bounds
from sip.core.framing import PING, PONG, Framer
from sip.core.loglimit import LogLimit
from sip.core.sip_messages import Addr, Host, Junk
from sip.embedded.waited import Waited

log = logging.getLogger(__name__)

BACKLOG, ACCEPTED_AT_ONCE = 128, 8
BUDGET_S = 0.005  # of messages at a stretch, so that audio on the same loop is never starved
UNSENT_MAX = 262_144  # bytes a far end may leave unread
CONNECT_S = 3.0  # a phone that is switched off must not cost its caller more
LOOK_S = 1.0  # how often what is overdue is looked for
PING_S = 100.0  # on connections of ours (RFC 5626 §4.4.1: 95 to 120 s), so that no router in between forgets them
WAITING_MAX = 100  # messages that wait for one connection
NAMES_MAX = 1000
EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - compared with, not bound
# A far end that vanished without a word is noticed: asked after a minute, given up 45 s later, or 30 s after data.
_KEEP_ALIVE = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 15), (socket.TCP_KEEPCNT, 3))


class Owner(Protocol):
    """Whom everything is told; none of it raises."""

    def on_message(self, data: bytes, source: Addr) -> None: ...
    def on_connected(self, to: Addr) -> None: ...
    def on_disconnected(self, to: Addr) -> None: ...
    def on_undeliverable(self, data: bytes) -> None: ...
    def needed(self) -> set[Addr]:
        """The far ends whose connection must stay."""


class Connection(asyncio.Protocol):
    """One connection, from its socket to its end. ``ours``: we opened it."""

    def __init__(self, streams: Streams, addr: Addr, ours: bool) -> None:
        self.addr, self.ours = addr, ours
        self.opening: asyncio.Task[None] | None = None
        self.pinged = 0.0
        self._streams, self._framer = streams, Framer()
        self._read_at = 0.0  # when what is worked on now was read
        self._transport: asyncio.Transport | None = None

    @property
    def local(self) -> Host:
        name = self._transport.get_extra_info("sockname") if self._transport is not None else None
        return (name[0], name[1]) if name else ("", 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self.ours and (sock := transport.get_extra_info("socket")) is not None:
            tune(sock)
        self._streams.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._streams.lost(self)

    def data_received(self, data: bytes) -> None:
        self._read_at = time.monotonic()
        self._framer.feed(data)
        self._work()

    def write(self, data: bytes) -> bool:
        """Send, or False when the far end takes nothing any more."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        if transport.get_write_buffer_size() > UNSENT_MAX:
            self._streams.counts["unread"] += 1
            self.end()
            return False
        transport.write(data)
        return True

    def end(self) -> None:
        """Close at once, in whatever state."""
        if self._transport is not None:
            self._transport.abort()
        elif self.opening is not None:
            self.opening.cancel()

    def _work(self) -> None:
        """Hand on what is whole, for a moment; the rest waits, and so does the far end."""
        paused = whole = False
        until = time.monotonic() + BUDGET_S
        try:
            while self._transport is not None and not self._transport.is_closing():
                if time.monotonic() > until:
                    paused = True
                    break
                message = self._framer.next()
                if message is None:
                    break
                whole = True
                self._streams.received(message, self.addr, self._read_at)
        except Junk:
            self._streams.counts["junk"] += 1
            self.end()
            return
        if self._framer.pings:
            self._framer.pings = 0
            self.write(PONG)
        self._streams.heard(self, whole, self._framer.begun)
        if self._transport is None:
            return
        if paused:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._work)
        else:
            self._transport.resume_reading()


class Streams:
    """All connections of one SIP element.

    ``trusted``: the certificates (PEM) that servers are checked with; None: the machine's.
    """

    def __init__(self, owner: Owner, trusted: Path | None = None, bounds: Bounds | None = None) -> None:
        self._owner, self._trusted = owner, trusted
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        usual = Bounds.within(files) if files > 0 else Bounds()
        self._book = Book[Connection](bounds or usual, owner.needed)
        self._open: dict[Addr, Connection] = {}
        self._opening: dict[Addr, list[bytes]] = {}  # and what waits for it
        self._sending: set[asyncio.Task[None]] = set()
        self._connecting: dict[Addr, asyncio.Task[str]] = {}
        self._names: dict[str, str] = {}  # by IP address: whose certificate is wanted there
        self._listeners: dict[str, tuple[socket.socket, Host]] = {}
        self._looking: asyncio.TimerHandle | None = None
        self._context: ssl.SSLContext | None = None
        self._limit = LogLimit(log)
        self.host = ""  # connections of ours come from here, where nothing listens
        self.counts: Counter[str] = Counter()
        self.waited = Waited()  # of what was read and not worked on yet; what is not read yet the loop's lag tells

    def __len__(self) -> int:
        return len(self._book)

    # --- listening -------------------------------------------------------------------------

    def listen(self, host: str, port: int, context: ssl.SSLContext | None = None) -> int:
        """Listen for TCP, or with a certificate for TLS; port 0 takes a free one. Raises ``OSError``."""
        transport = "TCP" if context is None else "TLS"
        sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setblocking(False)
            sock.bind((host, port))
            sock.listen(BACKLOG)
        except OSError as error:
            sock.close()
            raise OSError(
                error.errno,
                f"cannot use {host}:{port}/tcp for SIP over {transport} ({error.strerror}): "
                "choose another address or port",
            ) from error
        found: int = sock.getsockname()[1]
        self._listeners[transport] = sock, (host, found)
        asyncio.get_running_loop().add_reader(sock.fileno(), self._acceptable, sock, transport, context)
        return found

    def close(self) -> None:
        loop = asyncio.get_running_loop()
        for sock, _ in self._listeners.values():
            loop.remove_reader(sock.fileno())
            sock.close()
        self._listeners.clear()
        for task in (*self._connecting.values(), *self._sending):
            task.cancel()
        for connection in self._book.keys():
            connection.end()
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

    def bound(self, transport: str) -> Host | None:
        """Where it is listened for."""
        here = self._listeners.get(transport)
        return here[1] if here is not None else None

    def local(self, to: Addr) -> Host | None:
        """Our end of the connection to ``to``, if there is one."""
        connection = self._open.get(to)
        return connection.local if connection is not None else None

    def _acceptable(self, listener: socket.socket, transport: str, context: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                sock, source = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:  # no descriptors left: they come back, but not at once
                self._limit.say(self._now(), logging.ERROR, "cannot accept a connection: %s", error)
                loop.remove_reader(listener.fileno())
                loop.call_later(LOOK_S, self._accept_again, listener, transport, context)
                return
            connection = Connection(self, Addr(source[0], source[1], transport), ours=False)
            taken, leaving = self._book.admit(connection, connection.addr, self._now())
            if leaving is not None:
                leaving.end()
            if not taken:
                self.counts["turned_away"] += 1
                sock.close()
                continue
            self._look_later()
            connection.opening = loop.create_task(self._accept(connection, sock, context))

    def _accept_again(self, listener: socket.socket, transport: str, context: ssl.SSLContext | None) -> None:
        if transport in self._listeners:
            asyncio.get_running_loop().add_reader(listener.fileno(), self._acceptable, listener, transport, context)

    async def _accept(self, connection: Connection, sock: socket.socket, context: ssl.SSLContext | None) -> None:
        loop, late = asyncio.get_running_loop(), self._book.bounds.first_s
        try:
            sock.setblocking(False)
            tune(sock)
            more = {"ssl_handshake_timeout": late} if context is not None else {}
            await loop.connect_accepted_socket(lambda: connection, sock, ssl=context, **more)
        except (OSError, asyncio.CancelledError) as error:  # ``ssl.SSLError`` is one
            self.counts["handshake_failed"] += 1
            log.debug("no connection with %s: %s", connection.addr, error)
            self._book.left(connection)
            sock.close()

    # --- connecting ------------------------------------------------------------------------

    def expect(self, to: Addr, name: str) -> None:
        """A server at ``to`` has to show a certificate of ``name`` (RFC 5922 §7: the domain that was asked for)."""
        if len(self._names) >= NAMES_MAX:
            self._names.clear()
        self._names[to.host] = name

    async def connect(self, to: Addr) -> str:
        """Open a connection unless there is one. Why it could not be, or an empty text."""
        if to in self._open:
            return ""
        task = self._connecting.get(to)
        if task is None:
            task = self._connecting[to] = asyncio.get_running_loop().create_task(self._connect(to))
            task.add_done_callback(lambda _: self._connecting.pop(to, None))
        return await asyncio.shield(task)

    async def _connect(self, to: Addr) -> str:
        loop, connection = asyncio.get_running_loop(), Connection(self, to, ours=True)
        bound = self.bound(to.transport)
        host = bound[0] if bound is not None else self.host
        local = (host, 0) if host not in EVERYWHERE else None
        try:
            secure = self._client_context() if to.transport == "TLS" else None
            name = self._names.get(to.host, to.host) if secure is not None else None
            async with asyncio.timeout(CONNECT_S):
                await loop.create_connection(
                    lambda: connection, to.host, to.port, ssl=secure, server_hostname=name, local_addr=local
                )
        except TimeoutError:
            return self._no_connection(to, "no answer")
        except ssl.SSLCertVerificationError as error:
            return self._no_connection(to, f"its certificate is not trusted ({error.verify_message})")
        except (OSError, ValueError) as error:
            return self._no_connection(to, getattr(error, "strerror", None) or str(error))
        return ""

    def _no_connection(self, to: Addr, why: str) -> str:
        self.counts["connect_failed"] += 1
        text = f"cannot connect to {to.host}:{to.port} by {to.transport}: {why}"
        self._limit.say(self._now(), logging.WARNING, "%s", text)
        return text

    def _client_context(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context(cafile=self._trusted)
        return self._context

    # --- sending ---------------------------------------------------------------------------

    def send(self, data: bytes, to: Addr) -> None:
        """Send down the connection to ``to``, or down a new one."""
        connection = self._open.get(to)
        if connection is not None and connection.write(data):
            return
        waiting = self._opening.setdefault(to, [])
        waiting.append(data)
        if len(waiting) > WAITING_MAX:
            self._owner.on_undeliverable(waiting.pop(0))
        elif len(waiting) == 1:
            task = asyncio.get_running_loop().create_task(self._send_waiting(to))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _send_waiting(self, to: Addr) -> None:
        failed = await self.connect(to)
        connection = self._open.get(to)
        for data in self._opening.pop(to, []):
            if failed or connection is None or not connection.write(data):
                self.counts["send_failed"] += 1
                self._owner.on_undeliverable(data)

    # --- what connections tell -------------------------------------------------------------

    def opened(self, connection: Connection) -> None:
        if connection.ours:
            self._book.opened(connection, connection.addr, self._now())
            connection.pinged = self._now()
            self._look_later()
        before = self._open.get(connection.addr)
        self._open[connection.addr] = connection
        if before is not None:  # its end was not told yet
            before.end()
        self._owner.on_connected(connection.addr)

    def lost(self, connection: Connection) -> None:
        self._book.left(connection)
        if self._open.get(connection.addr) is connection:
            del self._open[connection.addr]
            self._owner.on_disconnected(connection.addr)

    def received(self, data: bytes, source: Addr, read_at: float) -> None:
        self.counts["received"] += 1
        now = time.monotonic()
        self.waited.note(now - read_at, now)
        self._owner.on_message(data, source)

    def heard(self, connection: Connection, whole: bool, begun: bool) -> None:
        self._book.heard(connection, self._now(), whole, begun)

    # --- time ------------------------------------------------------------------------------

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def _look_later(self) -> None:
        if self._looking is None:
            self._looking = asyncio.get_running_loop().call_later(LOOK_S, self._look)

    def _look(self) -> None:
        """End what is overdue and ping where it is time."""
        self._looking, now = None, self._now()
        for connection in self._book.overdue(now):
            self.counts["overdue"] += 1
            connection.end()
        for connection in self._open.values():
            if connection.ours and now - connection.pinged >= PING_S:
                connection.pinged = now
                connection.write(PING)
        if len(self._book):
            self._look_later()


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """What a listening TLS socket shows. Raises ``OSError`` that names the files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise OSError(
            f"cannot use the certificate {certificate} with the key {key} for SIP over TLS: {error}"
        ) from error
    return context


def tune(sock: socket.socket) -> None:
    """Send at once, and notice a far end that vanished."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEP_ALIVE:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000)
