"""Configuration of the Asterisk engine and of the writer of Asterisk's files. Plain values, no behaviour."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ivr.numbers import HOME, Plan
from sip.access import AccessRules, Network
from sip.core.config import SeatConfig, Tls, TrunkConfig

DIGEST = ("MD5",)  # how phones prove their secret when nothing else is set
TRUNK = "trunk"  # the PJSIP endpoint of the line to the provider, as we write it
# The same line for calls to citizens. Its own endpoint, so that all its channels can be followed from their first
# moment: a busy answer is quicker than a subscription to the channel.
TRUNK_OUT = "trunk-out"


@dataclass(frozen=True, slots=True)
class AsteriskConfig:
    """How the engine reaches Asterisk; durations in seconds.

    ``url``: of ARI, ``http://host:port``. ``app``: one hotline, one name; a second process with the same
    name takes the calls away from the first. ``context``: our dialplan loop. ``spool``: Asterisk's
    ``recording`` folder, and ``media``: where prompts without a file are written for it; both are
    seen at the same path by Asterisk and by us. ``accept``, ``per_number``, ``shared_numbers``: see
    :class:`sip.access.AccessRules`.
    """

    url: str = "http://127.0.0.1:8088"
    user: str = "hotline"
    secret: str = ""
    app: str = "hotline"
    context: str = "hotline"
    ami: tuple[str, int] | None = None  # host and port of AMI, which we only read; None: there is none for us
    spool: Path = Path("/var/spool/asterisk/recording")
    media: Path = Path("data/media")
    seats: tuple[str, ...] = ()
    trunk: str = ""  # the PJSIP endpoint of the line to the provider
    test_callers: frozenset[str] = frozenset()
    plan: Plan = HOME
    called_in: tuple[str, ...] = ("request",)  # where the called number is looked for, in this order
    max_calls: int = 200
    accept: tuple[Network, ...] = ()
    per_number: int = 0
    shared_numbers: frozenset[str] = frozenset()
    http: bool = False  # requests by HTTP in any case; else only to an Asterisk that takes none over the socket
    leave_calls: bool = False  # at the end calls stay up in Asterisk; the next process takes them over
    request_s: float = 10.0  # a request is given up, also when the connection came back meanwhile
    unanswered_s: float = 180.0  # a call that is neither answered nor ended (RFC 3261 timer C)
    check_s: float = 30.0  # how often our lines are compared with Asterisk's channels
    retry_s: tuple[float, float] = (0.2, 2.0)  # first and longest pause between two attempts to connect

    @property
    def access(self) -> AccessRules:
        """How much may be called; whose a call is, Asterisk finds out by itself (``sip/asterisk/files.py``)."""
        return AccessRules(bool(self.trunk), (), self.accept, self.max_calls, self.per_number, self.shared_numbers)


def ami_secret(config: AsteriskConfig) -> str:
    """The password of our AMI account: follows from ARI's, and ARI's does not follow from it."""
    return hmac.new(config.secret.encode(), b"hotline ami", hashlib.sha256).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Wss:
    """SIP over secure WebSockets: where, and the certificate with its key (PEM)."""

    host: str
    port: int
    cert: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Site:
    """Everything a dedicated Asterisk is set up with.

    ``tcp``: listen for TCP at the UDP address, too. ``trusted``: the certificates (PEM) that servers Asterisk connects
    to by TLS are checked with; None: the machine's. ``home``: the folder of its configuration; run, log and state
    folders are made inside it.
    ``sorry``: the apology (a WAV's path without its suffix) and ``left``: the folder for messages of callers
    whom no hotline answered. ``modules`` and ``data``: where Asterisk's own files are, when not where
    it was built to look.
    """

    home: Path
    engine: AsteriskConfig
    sip_host: str = "127.0.0.1"
    sip_port: int = 5060
    tcp: bool = False
    tls: Tls | None = None
    trusted: Path | None = None
    advertised_host: str = ""
    rtp_range: tuple[int, int] = (16384, 17383)
    realm: str = "hotline"
    seats: Mapping[str, SeatConfig] = field(default_factory=dict)
    digest: tuple[str, ...] = DIGEST
    qualify_s: float = 15.0
    trunk: TrunkConfig | None = None
    wss: Wss | None = None
    sorry: Path = Path("sounds/sorry")
    left: Path = Path("left")
    modules: Path | None = None
    data: Path | None = None
