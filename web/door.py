"""Who comes in: connections are taken by the event loop, so many of an address at once, and each request in its time.

A connection that says nothing, a handshake that never ends, a request that comes byte by byte and an answer nobody
reads hold a socket and no thread, and are cut off when their time is over.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import resource
import socket
import ssl
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

log = logging.getLogger("web.server")

PER_ADDRESS = 256  # connections at once of one address: thirty clerks behind one router, six each
HANDSHAKE_S = 10.0
HEAD_S = 10.0  # from the first byte, or from the connection, to the end of a request's head
WHOLE_S = 120.0  # from there to the end of the answer
SPARE = 200  # descriptors that are not for connections
TOLD_S = 60.0  # a full house is told once in so long


class Timed(H11Protocol):
    """HTTP/1.1 in which nothing lasts as long as the other side likes."""

    gone: Callable[[], None] | None = None
    _timer: asyncio.TimerHandle | None = None
    _timed: Any = None  # the exchange the timer is of; None: of a head that is not whole

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._allow(HEAD_S)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        self._allow(None)
        super().on_response_complete()
        self._look(waiting=True)

    def connection_lost(self, exc: Exception | None) -> None:
        self._allow(None)
        if self.gone is not None:
            self.gone()
            self.gone = None
        super().connection_lost(exc)

    def _look(self, waiting: bool = False) -> None:
        """Set the time for what goes on now; ``waiting``: between two requests, which the server itself bounds."""
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            if self._timed is not cycle:
                self._allow(WHOLE_S)
                self._timed = cycle
        elif self._timer is None and not waiting:
            self._allow(HEAD_S)

    def _allow(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timed = None
        self._timer = None if seconds is None else self.loop.call_later(seconds, self._too_late)

    def _too_late(self) -> None:
        endless = self._timed is not None and self._timed.scope["state"].get("endless")
        self._timer = None
        if not endless:
            self.transport.abort()


class ConnectionDoor:
    """Accepts on ``listener`` until closed. ``spared(address)``: has no bound of its own (the reverse proxy)."""

    def __init__(
        self,
        listener: socket.socket,
        protocol: Callable[[], Timed],
        tls: ssl.SSLContext | None,
        spared: Callable[[str], bool],
        most: int | None = None,
    ) -> None:
        self._listener, self._protocol, self._tls, self._spared = listener, protocol, tls, spared
        self._most = room() if most is None else most
        self._held: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._told = 0.0
        self._accepting = asyncio.ensure_future(self._accept())

    def close(self) -> None:
        self._accepting.cancel()
        for task in self._tasks:
            task.cancel()
        self._listener.close()

    async def wait_closed(self) -> None:
        await asyncio.gather(self._accepting, *self._tasks, return_exceptions=True)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(self._listener)
            except OSError as error:  # no descriptor is left
                self._tell(f"no connection can be taken: {error}")
                await asyncio.sleep(0.1)
                continue
            host = str(address[0])
            if not self._room(host):
                connection.close()
                continue
            name = household(host)
            self._held[name] = self._held.get(name, 0) + 1
            task = loop.create_task(self._greet(connection, name))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            await asyncio.sleep(0)  # whoever is in comes before whoever knocks

    def _room(self, host: str) -> bool:
        if self._spared(host):
            return True
        if self._held.get(household(host), 0) >= PER_ADDRESS:
            self._tell(f"{household(host)} has {PER_ADDRESS} connections, more are refused")
            return False
        if sum(self._held.values()) >= self._most:
            self._tell(f"{self._most} connections are open, more are refused")
            return False
        return True

    async def _greet(self, connection: socket.socket, name: str) -> None:
        protocol = self._protocol()
        protocol.gone = lambda: self._left(name)
        try:
            connection.setblocking(False)
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: protocol, connection, ssl=self._tls, ssl_handshake_timeout=HANDSHAKE_S if self._tls else None
            )
        except (OSError, asyncio.CancelledError):  # no TLS, too slow, or gone: ssl.SSLError and TimeoutError are ones
            connection.close()
            if protocol.gone is not None:
                protocol.gone = None
                self._left(name)

    def _left(self, name: str) -> None:
        self._held[name] -= 1
        if not self._held[name]:
            del self._held[name]

    def _tell(self, text: str) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._told >= TOLD_S or not self._told:
            self._told = now
            log.warning("%s", text)


def household(host: str) -> str:
    """The address as it is counted: of IPv6 the network of 64 bits that one household has."""
    try:
        address = ipaddress.ip_address(host.split("%", 1)[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))
    return host


def room() -> int:
    """How many connections may be open at once by the process's descriptors."""
    return max(64, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE)
