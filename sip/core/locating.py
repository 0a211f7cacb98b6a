"""Locate SIP servers (RFC 3263): host, port and transport of a URI, and which of several goes first."""

from __future__ import annotations

from collections.abc import Container, Sequence

from sip.core.sip_messages import Addr, host_of, is_ip, is_loopback, scheme_of, uri_of, uri_params_of

TRANSPORTS = ("UDP", "TCP", "TLS")
AVOIDED_S = 60.0  # how long a server that did not answer is tried last


def usual_port(transport: str) -> int:
    """The port when none is named (RFC 3261 §19.1.2)."""
    return 5061 if transport == "TLS" else 5060


def has_port(uri: str) -> bool:
    """Whether the URI names a port; then its host is a host and no domain with SRV records (RFC 3263 §4.2)."""
    rest = uri.partition(":")[2].split("?")[0].rpartition("@")[2].split(";")[0].strip()
    return rest.rpartition("]")[2].rpartition(":")[2].isdigit() and ":" in rest.rpartition("]")[2]


def transport_of(uri: str) -> str:
    """The transport a URI asks for as it stands in a Via; empty when it leaves that open or asks for another one."""
    if scheme_of(uri) == "sips":
        return "TLS"
    named = uri_params_of(uri).get("transport", "").upper()
    return named if named in TRANSPORTS else ""


def addr_of(uri: str, otherwise: str = "UDP") -> Addr:
    """Where requests to a URI go; ``otherwise``: by which transport when it names none. Raises ``ValueError``."""
    transport = transport_of(uri) or otherwise
    host, port = host_of(uri)
    return Addr(host, port if has_port(uri) else usual_port(transport), transport)


def next_hop(source: Addr, routes: Sequence[str], contact: str, direct: bool, connections: Container[Addr]) -> Addr:
    """Where requests of a dialog go: the connection it lives on, else the first route, the Contact, the source.

    ``direct``: no proxy stands between. A Contact behind address translation names a host nobody can reach; the
    packets' source is that phone then. Who calls by UDP makes us open no connection to a place of his choice, and
    nobody from elsewhere one to this machine.
    """
    uri = uri_of(routes[0]) if routes else contact
    try:
        to = addr_of(uri, source.transport) if source.reliable else Addr(*host_of(uri))
    except ValueError:
        return source
    if source.reliable and is_loopback(to.host) and not is_loopback(source.host):
        return source
    if source in connections and (not routes or to.host == source.host):
        return source
    if not routes and direct and is_ip(to.host) and to.host != source.host:
        return to._replace(host=source.host) if source.reliable else source
    return to


class Servers:
    """Which servers did not answer lately: of several those come last. ``home``: where we are registered, the first."""

    def __init__(self) -> None:
        self.home: Addr | None = None
        self._failed: dict[Addr, float] = {}

    def ordered(self, found: Sequence[Addr], now: float) -> list[Addr]:
        """In the order of DNS, but those that failed within ``AVOIDED_S`` at the end."""
        self._failed = {addr: at for addr, at in self._failed.items() if now - at < AVOIDED_S}
        return sorted(found, key=lambda addr: (self._failed.get(addr, 0.0), addr != self.home))

    def failed(self, addr: Addr, now: float) -> None:
        self._failed[addr] = now

    def works(self, addr: Addr) -> None:
        self._failed.pop(addr, None)
