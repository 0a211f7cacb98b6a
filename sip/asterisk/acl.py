"""Whom an endpoint of Asterisk's takes requests from, as lines of ``pjsip.conf`` (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network


def only(networks: Iterable[str]) -> list[tuple[str, object]]:
    """Requests from nowhere but this machine and these networks; of what fits, the last line counts."""
    denied = [("deny", "0.0.0.0/0"), ("deny", "::/0")]
    return [*denied, *(("permit", network) for network in ("127.0.0.1/32", "::1/128", *networks))]


def single(uri: str) -> list[str]:
    """The host of a SIP URI as a network, when it is an address."""
    host = uri.partition(":")[2].rpartition("@")[2].partition(";")[0]
    host = host.partition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
    try:
        return [str(ip_network(host))]
    except ValueError:
        return []
