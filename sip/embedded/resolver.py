"""Where a provider's name leads (RFC 3263): its servers in the order they are tried, and whence it may call."""

from __future__ import annotations

import asyncio
import logging
import random
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple

from sip.core.events import Found
from sip.core.locating import usual_port
from sip.core.sip_messages import Addr, is_ip

log = logging.getLogger(__name__)

SERVICES = {"UDP": "_sip._udp", "TCP": "_sip._tcp", "TLS": "_sips._tcp"}
ANSWER_S = 5.0  # for each thing asked
KEPT_S = 60.0  # how long an answer counts; calls do not wait for DNS again meanwhile
NAMES_MAX = 200


class Srv(NamedTuple):
    """One SRV record (RFC 2782)."""

    priority: int
    weight: int
    port: int
    host: str


async def srv_records(name: str, server: tuple[str, int] | None = None) -> list[Srv]:
    """The SRV records of a name; none when there is no such record or nobody answers.

    ``server``: the name server to ask instead of the machine's own.
    """
    # Loaded here: only a trunk that is a name needs it.
    import dns.asyncresolver
    import dns.exception
    import dns.rdtypes.IN.SRV

    try:
        resolver = dns.asyncresolver.Resolver(configure=server is None)
        if server is not None:
            resolver.nameservers, resolver.port = [server[0]], server[1]
        answer = await resolver.resolve(name, "SRV", lifetime=ANSWER_S)
    except (dns.exception.DNSException, OSError) as error:
        log.debug("no SRV records of %s: %s", name, error)
        return []
    rows = [row for row in answer if isinstance(row, dns.rdtypes.IN.SRV.SRV)]
    records = [Srv(row.priority, row.weight, row.port, row.target.to_text(omit_final_dot=True)) for row in rows]
    return [record for record in records if record.host not in ("", ".")]  # ".": there is no such service


async def srv_targets(name: str, server: tuple[str, int] | None = None) -> list[str]:
    """The hosts an SRV name leads to."""
    return [record.host for record in await srv_records(name, server)]


async def host_addresses(host: str, family: int = socket.AF_UNSPEC) -> list[str]:
    """The IP addresses of a host, of both families unless told otherwise; none when it has none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, family=family, type=socket.SOCK_DGRAM)
    except (OSError, ValueError) as error:  # a name no resolver takes is a ``UnicodeError``
        log.debug("no address of %s: %s", host, error)
        return []
    return [str(address[0]) for *_, address in found]


async def addresses_of(
    host: str,
    targets: Callable[[str], Awaitable[list[str]]] = srv_targets,
    addresses: Callable[[str], Awaitable[list[str]]] = host_addresses,
) -> frozenset[str]:
    """Every address calls of the provider ``host`` may come from."""
    listed = await asyncio.gather(*(targets(f"{service}.{host}") for service in SERVICES.values()))
    names = {host, *(name for names in listed for name in names)}
    found = await asyncio.gather(*map(addresses, sorted(names)))
    return frozenset(address for addresses in found for address in addresses)


def in_order(records: Iterable[Srv], dice: random.Random) -> list[Srv]:
    """The lowest priority first, among equals by chance, in proportion to their weights (RFC 2782)."""
    # The greatest of u^(1/w) comes first with a probability in proportion to w.
    return sorted(records, key=lambda srv: (srv.priority, -(dice.random() ** (1 / max(srv.weight, 0.01)))))


class Resolver:
    """Finds the servers of a name. An answer that was good counts on when DNS is away."""

    def __init__(
        self,
        records: Callable[[str], Awaitable[list[Srv]]] = srv_records,
        addresses: Callable[[str, int], Awaitable[list[str]]] = host_addresses,
    ) -> None:
        self.family: int = socket.AF_UNSPEC
        self._records, self._addresses = records, addresses
        self._dice = random.SystemRandom()
        self._kept: dict[tuple[str, int | None, str], tuple[float, Found]] = {}

    async def find(self, host: str, port: int | None, transport: str) -> Found:
        """The servers, the one to be tried first at the front.

        Without a port SRV is asked for, and the host's own addresses only count when there is none (RFC 3263 §4.2).
        A name without a dot is a machine of this network and no domain.
        """
        if is_ip(host):
            return Found((Addr(host, port or usual_port(transport), transport),))
        asked, now = (host, port, transport), asyncio.get_running_loop().time()
        at, kept = self._kept.get(asked, (0.0, Found()))
        if kept.addresses and now - at < KEPT_S:
            return kept
        found = await self._ask(host, port, transport)
        if not found:
            return kept if kept.addresses else Found((), f"cannot find the address of {host}")
        if len(self._kept) >= NAMES_MAX:
            self._kept.clear()
        self._kept[asked] = now, Found(tuple(found))
        return self._kept[asked][1]

    async def _ask(self, host: str, port: int | None, transport: str) -> list[Addr]:
        records = list[Srv]()
        if port is None and "." in host:
            records = in_order(await self._records(f"{SERVICES[transport]}.{host}"), self._dice)
        places = [(record.host, record.port) for record in records] or [(host, port or usual_port(transport))]
        found = await asyncio.gather(*(self._addresses(name, self.family) for name, _ in places))
        listed = (Addr(ip, at, transport) for (_, at), ips in zip(places, found, strict=True) for ip in ips)
        return list(dict.fromkeys(listed))
