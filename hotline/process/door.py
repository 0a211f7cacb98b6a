"""Whose calls are taken, said to people: once when it is new (after the upgrade, too), and by ``hotline doctor``."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network
from typing import Any

from hotline.config.settings import Settings
from hotline.engines.choice import engine_of
from hotline.finding import Finding
from hotline.process import factories
from ivr.telephony import AccessSet
from store.engine import DatabaseAway
from store.figures import line_quality

WHAT = "callers"
DAY_MS = 24 * 3600 * 1000


def as_set(settings: Settings, now: int) -> AccessSet:
    """Whose calls are taken by these settings. ``now``: UTC ms."""
    return AccessSet(now, settings.trunk is not None, settings.sip.accept, settings.sip.calls_per_number)


def differs(door: AccessSet, last: Mapping[str, Any] | None) -> bool:
    """Is it another rule than the one journaled last (``store.figures.line_quality.door_set``)?"""
    told = {name: value for name, value in asdict(door).items() if name != "at"}
    return last is None or any(last.get(name) != _plain(value) for name, value in told.items())


def notice(settings: Settings) -> str:
    """What people are told when the rule is new. Empty when everybody may call, as ever."""
    if settings.trunk is None:
        return ""
    text = f"{_who(settings)}. Is a gateway of yours missing? Name it in [sip] accept or [trunk] peers"
    text += engine_of(settings).learns(settings)
    return text + " (docs/security.md); `hotline doctor` names the networks that were dropped"


def examine(settings: Settings) -> Iterator[Finding]:
    """Who may call, who was dropped, and what of it can be read on the way."""
    outside = not _is_loopback(settings.sip.listen.host)
    places = [place for place in (settings.sip.listen, settings.sip.tls) if place and not _is_loopback(place.host)]
    if settings.trunk is not None and _is_everything(settings.sip.accept):
        yield Finding(WHAT, "warn", "there is a trunk, and still anybody may call: [sip] accept is everything",
                   "name only the networks of your own gateways")  # fmt: skip
    elif settings.trunk is not None:
        yield Finding(WHAT, "ok", _who(settings))
    elif places:
        where = " or ".join(map(str, places))
        yield Finding(WHAT, "warn", f"without a [trunk] anybody who reaches {where} may call",
                   "set [trunk], or let only your gateway in by a firewall; docs/security.md")  # fmt: skip
    else:
        yield Finding(WHAT, "ok", "only this machine")
    yield from _strangers(settings)
    if outside:
        yield Finding(WHAT, "warn", f"SIP at {settings.sip.listen} is reachable from outside without TLS",
                   "let phones use [sip] tls and listen on 127.0.0.1 for the rest, or keep it to a network of its own "
                   "(VLAN, VPN); docs/transports.md")  # fmt: skip
    panel = settings.panel
    if not _is_loopback(panel.listen.host) and panel.tls_cert is None and not panel.proxies:
        yield Finding(WHAT, "warn", f"the panel at {panel.listen} is reachable from outside without TLS",
                   "run: hotline tls init")  # fmt: skip


def _strangers(settings: Settings) -> Iterator[Finding]:
    try:
        with factories.looking(settings) as session:
            found = line_quality.refused(session, time.time_ns() // 1_000_000 - DAY_MS).strangers()
    except (DatabaseAway, OSError):
        return  # said by another check
    if found:
        networks = ", ".join(f"{network} ({count} times)" for network, count in found)
        yield Finding(WHAT, "warn", f"calls were dropped in the last 24 hours from {networks}",
                   "is this your provider or gateway? Then add it to [trunk] peers or [sip] accept; "
                   "if not, it is a scanner")  # fmt: skip


def _who(settings: Settings) -> str:
    assert settings.trunk is not None
    others = "".join(f", {network}" for network in (*settings.trunk.peers, *settings.sip.accept))
    return (
        f"calls are taken only from the trunk ({settings.trunk.host}){others}, operators' phones and this machine; "
        "all others are dropped"
    )


def _plain(value: object) -> object:
    """As JSON gives it back."""
    return list(value) if isinstance(value, tuple) else value


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_everything(accept: tuple[str, ...]) -> bool:
    """Do the networks leave nobody out, of IPv4 or IPv6?"""
    networks = list(map(ip_network, accept))
    four = collapse_addresses(net for net in networks if isinstance(net, IPv4Network))
    six = collapse_addresses(net for net in networks if isinstance(net, IPv6Network))
    return any(net.prefixlen == 0 for net in four) or any(net.prefixlen == 0 for net in six)
