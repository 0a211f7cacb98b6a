"""RTP ports: even ones for RTP, the odd one above for RTCP (RFC 3550 11), taken in turn."""

from __future__ import annotations

import secrets
import socket

from sip.errors import SipError


class NoPorts(SipError):
    """Every RTP port of the range is taken; the text says which range and what to do."""


class Ports:
    """Hands out bound socket pairs from a range.

    The search goes on from where it stopped, so that a port that was just freed is not used at once:
    late packets of the call before must not reach the next one.
    """

    def __init__(self, bind_host: str, rtp_range: tuple[int, int]) -> None:
        low, high = rtp_range
        low += low % 2
        self._ports = range(low, high, 2)  # so that the odd port above the last one is in the range too
        if not (1024 <= low < high <= 65535) or not self._ports:
            raise ValueError(
                f"RTP ports {rtp_range[0]}-{rtp_range[1]}: give a range within 1024-65535, two ports per call"
            )
        self._host = bind_host
        self._family = socket.AF_INET6 if ":" in bind_host else socket.AF_INET
        self._taken: set[int] = set()
        self._next = secrets.randbelow(len(self._ports))

    @property
    def in_use(self) -> int:
        """How many RTP ports are taken by streams."""
        return len(self._taken)

    def take(self) -> tuple[socket.socket, socket.socket]:
        """Two bound, non-blocking sockets: RTP and RTCP. Raises :class:`NoPorts`."""
        refused = ""  # as text: an error kept in a local refers to its own frame, and the whole call with it
        for _ in self._ports:
            port = self._ports[self._next]
            self._next = (self._next + 1) % len(self._ports)
            if port in self._taken:
                continue
            try:
                pair = self._bind(port)
            except OSError as error:  # another program has it, or the address is not ours
                refused = str(error)
                continue
            self._taken.add(port)
            return pair
        where = f"{self._ports[0]}-{self._ports[-1] + 1} on {self._host}"
        if refused and not self._taken:
            raise NoPorts(f"no RTP port {where} can be bound: {refused}; check the address and the range")
        raise NoPorts(
            f"all {len(self._taken)} RTP ports {where} are in use; widen the RTP port range (each call leg takes two)"
        )

    def release(self, port: int) -> None:
        """Give an RTP port back, after its sockets were closed."""
        self._taken.discard(port)

    def _bind(self, port: int) -> tuple[socket.socket, socket.socket]:
        rtp = self._socket(port, 256 * 1024)
        try:
            return rtp, self._socket(port + 1, 4096)
        except OSError:
            rtp.close()
            raise

    def _socket(self, port: int, buffer: int) -> socket.socket:
        sock = socket.socket(self._family, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            if self._family == socket.AF_INET:
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0xB8)  # DSCP EF: voice
            sock.bind((self._host, port))
        except OSError:
            sock.close()
            raise
        return sock
