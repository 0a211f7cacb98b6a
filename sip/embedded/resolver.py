"""All addresses a provider's name leads to: its own, and those of its SRV targets (RFC 3263 §4.2)."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

SERVICES = ("_sip._udp", "_sip._tcp", "_sips._tcp")
ANSWER_S = 5.0  # for each thing asked


async def srv_targets(name: str, server: tuple[str, int] | None = None) -> list[str]:
    """The hosts an SRV name leads to; none when there is no such record or nobody answers.

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
    targets = [row.target.to_text(omit_final_dot=True) for row in answer if isinstance(row, dns.rdtypes.IN.SRV.SRV)]
    return [target for target in targets if target not in ("", ".")]  # ".": there is no such service


async def host_addresses(host: str) -> list[str]:
    """The IP addresses of a host, of both families; none when it has none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except OSError as error:
        log.debug("no address of %s: %s", host, error)
        return []
    return [str(address[0]) for *_, address in found]


async def addresses_of(
    host: str,
    targets: Callable[[str], Awaitable[list[str]]] = srv_targets,
    addresses: Callable[[str], Awaitable[list[str]]] = host_addresses,
) -> frozenset[str]:
    """Every address calls of the provider ``host`` may come from."""
    listed = await asyncio.gather(*(targets(f"{service}.{host}") for service in SERVICES))
    names = {host, *(name for names in listed for name in names)}
    found = await asyncio.gather(*map(addresses, sorted(names)))
    return frozenset(address for addresses in found for address in addresses)
