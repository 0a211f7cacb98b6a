"""Configuration of the embedded engine: addresses, seats, trunk, limits. Plain values, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ivr.numbers import HOME, Plan
from sip.access import AccessRules, Network


@dataclass(frozen=True, slots=True)
class SeatConfig:
    """One operator's phone (席位话机).

    ``secret``: phones register here with ``id`` and this secret. ``uri``: a phone at a fixed ``sip:`` address.
    All of them ring. ``digest``: how they prove the secret, when not as all others do.
    """

    id: str
    secret: str | None = None
    uri: str | None = None
    encryption: Literal["none", "srtp", "webrtc"] = "none"  # of its sound; webrtc: Asterisk only
    digest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrunkConfig:
    """The line to a provider or PBX (中继).

    ``registrar``: ``host`` or ``host:port``; without a port its SRV records are asked for.
    ``register`` False: known by address only. ``peers``: further IP addresses the provider calls from.
    ``trust_caller_header``: believe P-Asserted-Identity (RFC 3325) in calls from the registrar's or a peer's address.
    """

    registrar: str
    user: str
    secret: str = ""
    expires: int = 300  # s
    trust_caller_header: bool = False
    register: bool = True
    peers: tuple[str, ...] = ()
    transport: Literal["UDP", "TCP", "TLS"] = "UDP"
    encryption: Literal["none", "srtp"] = "none"  # of the sound


@dataclass(frozen=True, slots=True)
class Tls:
    """Where SIP over TLS is listened for, and the certificate shown there with its key (PEM)."""

    host: str
    port: int
    cert: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Timing:
    """The timers of RFC 3261 §17 in seconds; tests shorten them."""

    t1: float = 0.5  # round trip estimate
    t2: float = 4.0  # longest gap between two repetitions
    t4: float = 5.0  # longest life of a message in the network

    @property
    def give_up(self) -> float:
        """64 x T1: how long a request or a 2xx is repeated (timers B, F, H, J, L, M)."""
        return 64 * self.t1


@dataclass(frozen=True, slots=True)
class EmbeddedConfig:
    """Settings of the embedded engine; durations in seconds.

    ``tcp``: listen for TCP, too, at the UDP address. ``trusted``: the certificates (PEM) that servers we connect to
    by TLS are checked with; None: the machine's. ``advertised_host``: the address written into Contact and SDP when
    the bound one is not the one the other side must use (address translation). ``plan``: how callers' numbers are
    read. ``digest_algorithms``: how phones prove their secret, preferred first; only MD5 by
    default, because common phones (libre and baresip before 2021) give up when SHA-256 is offered
    beside it. ``qualify_s``: how often phones are asked whether they are there (0: never).
    ``test_callers``: From users whose calls from this machine are test calls. ``accept``,
    ``per_number``, ``shared_numbers``: see :class:`sip.access.AccessRules`.
    """

    sip_host: str = "0.0.0.0"  # noqa: S104  (a hotline is there to be called)
    sip_port: int = 5060
    tcp: bool = False
    tls: Tls | None = None
    trusted: Path | None = None
    rtp_range: tuple[int, int] = (16384, 17383)
    advertised_host: str | None = None
    realm: str = "hotline"
    seats: Mapping[str, SeatConfig] = field(default_factory=dict)
    trunk: TrunkConfig | None = None
    user_agent: str = "open-hotline"
    max_calls: int = 200
    accept: tuple[Network, ...] = ()
    per_number: int = 0
    shared_numbers: frozenset[str] = frozenset()
    test_callers: frozenset[str] = frozenset()
    plan: Plan = HOME
    called_in: tuple[str, ...] = ("request",)  # where the called number is looked for, in this order
    digest_algorithms: tuple[str, ...] = ("MD5",)
    qualify_s: float = 15.0
    timing: Timing = Timing()
    rtp_timeout_s: float = 60.0
    setup_timeout_s: float = 180.0  # RFC 3261 timer C: an unanswered call ends
    min_session_s: int = 90  # RFC 4028 §5
    min_expires_s: int = 60
    max_expires_s: int = 3600
    retry_after_s: int = 10  # told to callers refused with 503

    @property
    def access(self) -> AccessRules:
        """Who may call, and how much."""
        peers = self.trunk.peers if self.trunk else ()
        return AccessRules(
            self.trunk is not None, peers, self.accept, self.max_calls, self.per_number, self.shared_numbers
        )
