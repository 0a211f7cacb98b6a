"""The UDP socket under SIP: one non-blocking socket on the loop, every bad datagram survived.

Our own reader (and not asyncio's datagram transport) because the error queue matters: an ICMP
"port unreachable" names the request that did not arrive, so that a phone which is switched off
is known at once and the next seat rings, instead of after 32 s (RFC 3261 §8.1.3.1).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections import Counter
from collections.abc import Callable

from sip.core.sip_messages import Host
from sip.embedded.waited import ANCILLARY, Waited, age_s, stamp

log = logging.getLogger(__name__)

_IP_RECVERR = 11  # linux/in.h; Python has no name for it
# Per wake-up, so that audio on the same loop is never starved: a new call costs milliseconds, a repetition none.
_MAX_BATCH, _BUDGET_S = 64, 0.005


class UdpSocket:
    """Bound UDP socket. ``on_data(bytes, source)``, ``on_refused(bytes)``: what could not arrive; neither raises."""

    def __init__(
        self, on_data: Callable[[bytes, Host], None], on_refused: Callable[[bytes], None] = lambda _: None
    ) -> None:
        self._on_data, self._on_refused = on_data, on_refused
        self._socket: socket.socket | None = None
        self._routes: dict[str, str] = {}
        self.host, self.port = "", 0
        self.counts: Counter[str] = Counter()
        self.waited = Waited()

    def open(self, host: str, port: int) -> None:
        """Bind; port 0 takes a free one. Raises ``OSError`` that names the address."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
            stamp(sock)
            sock.bind((host, port))
        except OSError as error:
            sock.close()
            raise OSError(
                error.errno,
                f"cannot use {host}:{port}/udp for SIP ({error.strerror}): choose another address or port",
            ) from error
        self._socket = sock
        self.host, self.port = host, sock.getsockname()[1]
        asyncio.get_running_loop().add_reader(sock.fileno(), self._readable)

    def close(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def send(self, data: bytes, to: Host) -> None:
        """Send one datagram; what the network refuses is counted and left to the timers."""
        if self._socket is None:
            return
        for _ in range(2):  # a queued ICMP error of another datagram fails the first try
            try:
                self._socket.sendto(data, to)
                return
            except (ConnectionError, TimeoutError):
                continue
            except (OSError, OverflowError, ValueError, TypeError) as error:  # an address that cannot be is one of them
                self.counts["send_failed"] += 1
                log.debug("cannot send to %s: %s", to, error)
                return

    def local_host_for(self, remote: str, bound: str = "") -> str:
        """Our address as ``remote`` sees it: the bound one, or that of the route when bound to all.

        ``bound``: where another transport than this one is listened for.
        """
        bound = bound or self.host
        if bound not in ("0.0.0.0", "::"):  # noqa: S104 - compared with, not bound
            return bound
        if remote not in self._routes:
            if len(self._routes) > 1000:
                self._routes.clear()
            with socket.socket(socket.AF_INET6 if ":" in remote else socket.AF_INET, socket.SOCK_DGRAM) as probe:
                try:
                    probe.connect((remote, 9))  # sends nothing: only asks the routing table
                    self._routes[remote] = probe.getsockname()[0]
                except (OSError, ValueError):
                    return "127.0.0.1"
        return self._routes[remote]

    def _readable(self) -> None:
        end = time.monotonic() + _BUDGET_S
        for _ in range(_MAX_BATCH):
            if self._socket is None or time.monotonic() > end:
                return
            try:
                data, stamps, _, source = self._socket.recvmsg(65535, ANCILLARY)
            except BlockingIOError:
                return
            except OSError:
                self._read_errors()
                continue
            self.counts["received"] += 1
            self.waited.note(age_s(stamps), time.monotonic())
            self._on_data(data, (source[0], source[1]))

    def _read_errors(self) -> None:
        while self._socket is not None:
            try:
                data, _, _, _ = self._socket.recvmsg(65535, 512, socket.MSG_ERRQUEUE)
            except OSError:
                return
            self.counts["refused"] += 1
            self._on_refused(data)
