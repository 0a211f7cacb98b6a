"""Types of single values of ``hotline.toml``: addresses, ports, networks, numbers, schedules.

Each reader raises ``ValueError`` with what to write instead.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, PlainSerializer

from ivr.outgoing.numbers import pattern
from ivr.profile import Schedule


class Address(NamedTuple):
    """A host and a port to listen on."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class PortRange(NamedTuple):
    """UDP ports, both ends included."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


def parse_address(value: object) -> Address:
    """``"127.0.0.1:5060"`` or ``"[::1]:5060"``. Raises ``ValueError`` with what to write."""
    if isinstance(value, Address):
        return value
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\[\]\s]+)):(\d{1,5})", str(value))
    if not match or not 0 < int(match[3]) < 65536:
        raise ValueError('write HOST:PORT, like "127.0.0.1:5060" or "0.0.0.0:5060"')
    return Address(match[1] or match[2], int(match[3]))


def _address_or_none(value: object) -> Address | None:
    return parse_address(value) if value else None


def _ports(value: object) -> PortRange:
    if isinstance(value, PortRange):
        return value
    match = re.fullmatch(r"(\d{1,5})-(\d{1,5})", str(value))
    if not match:
        raise ValueError('write FROM-TO, like "16384-17383"')
    ports = PortRange(int(match[1]), int(match[2]))
    if not 1024 <= ports.first < ports.last < 65536 or ports.last - ports.first < 3:
        raise ValueError("write at least four ports between 1024 and 65535, the smaller first")
    return ports


def _zone(value: object) -> str:
    try:
        ZoneInfo(str(value))
    except (KeyError, ValueError, OSError):
        raise ValueError('write an IANA time zone, like "Asia/Shanghai"') from None
    return str(value)


def _hours(value: object) -> object:
    """A schedule, or ``"always"`` for short (ANS-5: 24小时不间断)."""
    if isinstance(value, str):
        if value != "always":
            raise ValueError('write "always", or { kind = "workday", open = "08:30", close = "17:30" }')
        return Schedule(kind="always")
    return value


def _ip_address(value: object) -> str:
    try:
        return str(ipaddress.ip_address(str(value)))
    except ValueError:
        raise ValueError('write an IP address, like "203.0.113.7"') from None


def _network(value: object) -> str:
    try:
        return str(ipaddress.ip_network(str(value)))
    except ValueError as error:
        hint = ": the part behind the slash must be 0 bits" if "host bits" in str(error) else ""
        raise ValueError(f'write a network, like "192.0.2.0/24" or "2001:db8::/32"{hint}') from None


def _caller_number(value: object) -> str:
    if not re.fullmatch(r"\+?[0-9]{2,20}", str(value)):
        raise ValueError('write a telephone number in digits, like "02155550000"')
    return str(value)


def _sip_uri(value: object) -> str:
    if not re.fullmatch(r"sip:[^\s@]+(@[^\s@]+)?", str(value)):
        raise ValueError('write a SIP address, like "sip:104@192.0.2.10:5060"')
    return str(value)


def _http_url(value: object) -> str:
    match = re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", str(value))
    if not match:
        raise ValueError('write the address of ARI, like "http://127.0.0.1:8088"')
    return str(value)


def _email(value: object) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", str(value)):
        raise ValueError('write an e-mail address, like "lead@example.cn"')
    return str(value)


def _number_pattern(value: object) -> str:
    pattern(str(value))
    return str(value)


HostPort = Annotated[Address, BeforeValidator(parse_address), PlainSerializer(str)]
MaybeAddress = Annotated[Address | None, BeforeValidator(_address_or_none), PlainSerializer(lambda v: str(v or ""))]
Ports = Annotated[PortRange, BeforeValidator(_ports), PlainSerializer(str)]
Zone = Annotated[str, BeforeValidator(_zone)]
IpAddress = Annotated[str, BeforeValidator(_ip_address)]
IpNetwork = Annotated[str, BeforeValidator(_network)]
CallerNumber = Annotated[str, BeforeValidator(_caller_number)]
Hours = Annotated[Schedule, BeforeValidator(_hours)]
SipUri = Annotated[str, BeforeValidator(_sip_uri)]
EmailAddress = Annotated[str, BeforeValidator(_email)]
HttpUrl = Annotated[str, BeforeValidator(_http_url)]
NumberPattern = Annotated[str, BeforeValidator(_number_pattern)]
