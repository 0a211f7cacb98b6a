"""Drives one SIP core on asyncio: its sockets, one timer, re-armed, look-ups of names; no rule of SIP is here.

Everything that reaches the core is a *turn*: the time is told, something is done, and what it causes goes out:

    with shell.turn():
        leg.hang_up("done")
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from sip.core.agent import UserAgent
from sip.core.config import Timing, Tls
from sip.core.events import Event, Found, LookUp
from sip.core.loglimit import LogLimit
from sip.core.registration import Registration
from sip.core.sip_messages import Addr, Host
from sip.embedded.resolver import Resolver
from sip.embedded.streams import Streams, server_context
from sip.embedded.udp import UdpSocket

log = logging.getLogger(__name__)

_SAME_PORT_TRIES = 20  # where any port will do


class Shell:
    """``agent`` is the core. ``on_event`` gets what happens, one after the other, inside the turn it happens in.

    ``trusted``: see :class:`Streams`.
    """

    def __init__(
        self,
        name: str,
        timing: Timing,
        on_event: Callable[[Event], None],
        advertised_host: str | None = None,
        *,
        trusted: Path | None = None,
    ) -> None:
        self.socket = UdpSocket(lambda data, source: self.on_message(data, Addr(*source)), self.on_undeliverable)
        self.streams = Streams(self, trusted)
        self.resolver = Resolver()
        self.agent = UserAgent(name, timing, random.SystemRandom(), self._local)
        self._on_event, self._advertised = on_event, advertised_host
        self._in_turn = False
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0  # of the timer
        self._turned = asyncio.Event()
        self._lookups: set[asyncio.Task[None]] = set()
        self._limit = LogLimit(log)

    # --- life ------------------------------------------------------------------------------

    def open(self, host: str, port: int, *, tcp: bool = False, tls: Tls | None = None) -> None:
        """Bind, TCP to the port of UDP. Raises ``OSError`` with a text that says what to do."""
        self._loop = asyncio.get_running_loop()
        self.agent.advance(self._loop.time())
        context = server_context(tls.cert, tls.key) if tls is not None else None
        self.streams.host = host
        self.resolver.family = socket.AF_INET6 if ":" in host else socket.AF_INET
        for left in reversed(range(_SAME_PORT_TRIES if port == 0 and tcp else 1)):
            self.socket.open(host, port)
            try:
                if tcp:
                    self.streams.listen(host, self.socket.port)
                break
            except OSError:
                self.socket.close()
                if not left:
                    raise
        try:
            if tls is not None:
                self.streams.listen(tls.host, tls.port, context)
        except OSError:
            self.streams.close()
            self.socket.close()
            raise

    def close(self) -> None:
        """End everything without another word."""
        for task in self._lookups:
            task.cancel()
        self.agent.close()
        self._arm(None)
        self.socket.close()
        self.streams.close()

    async def until(self, condition: Callable[[], bool], longest_s: float) -> None:
        """Wait until a turn makes it true, at most ``longest_s``."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                while not condition():
                    self._turned.clear()
                    await self._turned.wait()

    async def unregister(self, registration: Registration, longest_s: float) -> None:
        """Take a registration back; waits at most ``longest_s`` for the answer."""
        with self.turn():
            registration.leave()
        await self.until(lambda: registration.state == "off", longest_s)

    @property
    def counts(self) -> Counter[str]:
        """Datagrams received, junk, faulty, stray, failed, refused by the network."""
        return self.socket.counts + self.streams.counts + self.agent.counts

    def _local(self, remote: Addr) -> Host:
        """Where ``remote`` reaches us."""
        bound = self.streams.bound(remote.transport)
        here = bound or self.streams.local(remote) if remote.reliable else None
        host = self._advertised
        if host is None or remote.host.startswith("127."):
            host = self.socket.local_host_for(remote.host, bound[0] if bound else "")
        return host, here[1] if here else self.socket.port

    # --- turns -----------------------------------------------------------------------------

    @contextlib.contextmanager
    def turn(self) -> Iterator[UserAgent]:
        """One moment of the core's time; a turn inside a turn is part of it."""
        if self._in_turn:
            yield self.agent
            return
        self._in_turn = True
        try:
            self.agent.advance(self._loop.time())
            try:
                yield self.agent
            finally:
                self._flush()
        finally:
            self._in_turn = False
            self._arm(self.agent.next_timer())
            self._turned.set()

    def _flush(self) -> None:
        """Send and tell until nothing is left; what is told may cause more."""
        while True:
            for data, to in self.agent.datagrams_to_send(self._loop.time()):
                if to.reliable:
                    self.streams.send(data, to)
                else:
                    self.socket.send(data, to[:2])
            event = self.agent.next_event()
            if event is None:
                return
            try:
                if isinstance(event, LookUp):
                    self._ask(event)
                else:
                    self._on_event(event)
            except Exception as error:
                self._failed("an event of a call could not be handled", error)

    def _arm(self, due: float | None) -> None:
        """One timer: a later one waits until the earlier has come."""
        if self._timer is not None:
            if due is not None and self._due <= due:
                return
            self._timer.cancel()
            self._timer = None
        if due is not None:
            self._due, self._timer = due, self._loop.call_at(due, self._timer_due)

    def _timer_due(self) -> None:
        self._timer = None
        with self._turn_that_may_fail() as agent:
            agent.handle_timer(self._loop.time())

    # --- what the sockets tell ---------------------------------------------------------------

    def on_message(self, data: bytes, source: Addr) -> None:
        with self._turn_that_may_fail() as agent:
            agent.receive(data, source, self._loop.time())

    def on_undeliverable(self, data: bytes) -> None:
        with self._turn_that_may_fail() as agent:
            agent.undeliverable(data, self._loop.time())

    def on_connected(self, to: Addr) -> None:
        with self._turn_that_may_fail() as agent:
            agent.connected(to, self._loop.time())

    def on_disconnected(self, to: Addr) -> None:
        with self._turn_that_may_fail() as agent:
            agent.disconnected(to, self._loop.time())

    def needed(self) -> set[Addr]:
        return self.agent.far_ends()

    @contextlib.contextmanager
    def _turn_that_may_fail(self) -> Iterator[UserAgent]:
        """A turn nobody waits for: what goes wrong in it is logged, and the next one comes."""
        with self.turn() as agent:
            try:
                yield agent
            except Exception as error:
                self._failed("a datagram or a timer could not be handled", error)

    def _failed(self, what: str, error: Exception) -> None:
        self.agent.counts["failed"] += 1
        self._limit.say(self._loop.time(), logging.ERROR, what, error=error)

    # --- names -----------------------------------------------------------------------------

    def _ask(self, question: LookUp) -> None:
        task = self._loop.create_task(self._look_up(question))
        self._lookups.add(task)
        task.add_done_callback(self._lookups.discard)

    async def _look_up(self, question: LookUp) -> None:
        found = await self.resolver.find(question.host, question.port, question.transport)
        if not found.addresses:
            self._limit.say(self._loop.time(), logging.WARNING, "%s", found.why)
        elif found.addresses[0].reliable:
            found = await self._connected(question.host, found)
        with self._turn_that_may_fail() as agent:
            agent.found(question.number, found, self._loop.time())

    async def _connected(self, name: str, found: Found) -> Found:
        """The server that takes a connection goes first; those that take none are left out."""
        servers, why = self.agent.servers.ordered(found.addresses, self._loop.time()), ""
        for server in servers:
            self.streams.expect(server, name)
        for tried, server in enumerate(servers):
            failed = await self.streams.connect(server)
            if not failed:
                return Found((server, *servers[tried + 1 :]))
            self.agent.servers.failed(server, self._loop.time())
            why = why or failed
        return Found((), why)
