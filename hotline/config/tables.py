"""The tables of ``hotline.toml``, one class each, with what each key may be and what it is when nothing is said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hotline.config.values import (
    Address,
    CallerNumber,
    EmailAddress,
    HostPort,
    HttpUrl,
    IpAddress,
    IpNetwork,
    MaybeAddress,
    NumberPattern,
    PortRange,
    Ports,
    SipUri,
    Zone,
)
from ivr.desk.states import OperatorRules
from ivr.outgoing.numbers import USUAL

DEFAULT_SIP_PORT = 5060
DEFAULT_PANEL_PORT = 8080
RETIRED_OF_UNIT = ("hours", "hours_en")


class SettingsTable(BaseModel):
    """A table of the file; an unknown key is an error, not a silent typo."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class UnitSettings(SettingsTable):
    """Who answers: the unit (单位) that is named in the greeting."""

    name: str = Field(default="示范政务服务中心", min_length=1)
    name_en: str = Field(default="Model Government Service Centre", min_length=1)
    zone: Zone = "Asia/Shanghai"

    @model_validator(mode="before")
    @classmethod
    def _without_retired(cls, given: object) -> object:
        """Files of before may hold ``hours``: what is told to callers comes from the schedule in use now."""
        return {k: v for k, v in given.items() if k not in RETIRED_OF_UNIT} if isinstance(given, dict) else given


DigestKind = Literal["md5", "sha256", "both"]


class SipSettings(SettingsTable):
    """Where calls and operators' phones arrive."""

    listen: HostPort = Address("127.0.0.1", DEFAULT_SIP_PORT)
    tcp: bool = False  # there by TCP, too
    tls: MaybeAddress = None  # SIP over TLS, usually port 5061
    tls_cert: Path | None = None  # default: as made by `hotline tls init`
    tls_key: Path | None = None
    tls_ca: Path | None = None  # certificates that servers we connect to are checked with; default: the machine's
    advertise: str = ""  # the address phones are told, when it differs from the one bound (NAT, 0.0.0.0)
    realm: str = Field(default="hotline", min_length=1)
    max_calls: int = Field(default=200, ge=1, le=2000)
    country_code: str = Field(default="86", pattern=r"^[1-9]\d{0,2}$")  # of the unit: +86… is a number at home
    called_in: tuple[Literal["request", "to", "p-called-party-id", "diversion"], ...] = Field(
        default=("request",), min_length=1
    )  # where the called number is looked for, for [numbers]
    area_code: str = Field(default="", pattern=r"^(0?[1-9]\d{1,2})?$")  # of the unit: what a local number lacks
    accept: tuple[IpNetwork, ...] = ()  # with a trunk: networks whose calls are taken besides the trunk's
    calls_per_number: int = Field(default=3, ge=0)  # at once, of one caller's number; 0: no bound
    shared_numbers: tuple[CallerNumber, ...] = ()  # of a hospital, a factory: without that bound
    digest: DigestKind = "md5"  # how operators' phones prove their secret
    qualify_s: int = Field(default=15, ge=0, le=300)  # how often they are asked whether they are there; 0: never


class RtpSettings(SettingsTable):
    """Where sound arrives."""

    ports: Ports = PortRange(16384, 17383)


class PanelSettings(SettingsTable):
    """Where the browser goes."""

    listen: HostPort = Address("127.0.0.1", DEFAULT_PANEL_PORT)
    tls_cert: Path | None = None
    tls_key: Path | None = None
    proxies: int = Field(default=0, ge=0, le=5)  # trusted reverse proxies in front
    proxy_networks: tuple[IpNetwork, ...] = ("127.0.0.0/8", "::1/128")  # from where they connect
    idle_minutes: int = Field(default=30, ge=1, le=24 * 60)
    second_factor: tuple[Literal["operator", "lead", "supervisor", "admin", "custodian"], ...] = ()  # who must have one
    session_hours: int = Field(default=12, ge=1, le=24 * 7)  # from log-in to the next, however busy one is

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("set both tls_cert and tls_key, or neither (`hotline tls init` makes them)")
        return self


class DataSettings(SettingsTable):
    """Where everything is kept."""

    dir: Path = Path("data")
    database_url: str = Field(default="", repr=False)  # may hold a password


class WindowSettings(SettingsTable):
    """A window (窗口): its seats in order, A first, then B; then the group that helps out; then the overflow."""

    name: str
    name_en: str = ""
    seats: tuple[str, ...] = Field(min_length=1)
    group: tuple[str, ...] = ()
    overflow: tuple[str, ...] = ()  # seats that help when more wait than the profile's queue_alarm
    lunch: tuple[str, ...] = ()  # seats on duty in the lunch break of [hours], when callers come in as if it was open
    responsible: tuple[str, ...] = ()  # accounts told at once of a complaint, report or repair; none: all leads


class SeatSettings(SettingsTable):
    """An operator's phone (座席): it registers with ``secret``, or is always called at ``uri``."""

    name: str = ""
    secret: str | None = Field(default=None, min_length=8, repr=False)
    uri: SipUri | None = None
    encryption: Literal["none", "srtp", "webrtc"] = "none"  # of its sound; webrtc with Asterisk only
    digest: DigestKind | None = None  # when not as [sip] digest says

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.secret is None) == (self.uri is None):
            raise ValueError('give either secret = "…" (the phone registers) or uri = "sip:…" (it is called there)')
        return self


class CalendarSettings(SettingsTable):
    """Which days are working days: the shipped tables, and those of your own (next year's, for one)."""

    name: str = "cn"
    tables: tuple[Path, ...] = ()


class TrunkSettings(SettingsTable):
    """The line (中继) to a provider or a PBX: registered with user and secret, or known by IP address."""

    host: str = Field(min_length=1)
    port: int | None = Field(default=None, gt=0, lt=65536)  # none: SRV records of host, else the usual one
    transport: Literal["udp", "tcp", "tls"] = "udp"
    mode: Literal["register", "ip"] = "register"
    user: str = ""
    secret: str = Field(default="", repr=False)
    expires_s: int = Field(default=300, ge=60, le=7200)
    peers: tuple[IpAddress, ...] = ()  # further addresses the provider calls from
    trust_caller_header: bool = False  # believe P-Asserted-Identity (RFC 3325)
    encryption: Literal["none", "srtp"] = "none"  # of the sound

    @model_validator(mode="after")
    def _register_needs_a_user(self) -> Self:
        if self.mode == "register" and not (self.user and self.secret):
            raise ValueError('mode = "register" needs user and secret; a line known by address is mode = "ip"')
        return self


class OutgoingSettings(SettingsTable):
    """Whom operators may call back by one click, and how often; the line is that of ``[trunk]``."""

    allow: tuple[NumberPattern, ...] = USUAL
    emergency: bool = False  # emergency numbers, if the allow-list names them too: for production only
    caller_id: str = Field(default="", pattern=r"^[0-9]*$")  # what the citizen's phone shows
    ring_s: int = Field(default=45, ge=5, le=120)
    rate_per_minute: int = Field(default=20, ge=1)
    rate_per_minute_operator: int = Field(default=4, ge=1)
    rate_per_day_number: int = Field(default=6, ge=1)


class TransferSettings(SettingsTable):
    """Outside numbers a caller can be handed over to, over the line of ``[trunk]``; none unless they are named."""

    numbers: tuple[NumberPattern, ...] = ()
    emergency: bool = False  # emergency numbers, if the list names them too: for production only


class OperatorSettings(SettingsTable):
    """What operators do at their seats: whether they sign in 签入, and how long states last that end by themselves."""

    sign_in: bool = False  # only who signed in is rung; else whoever's phone is registered
    wrapup_s: int = Field(default=30, ge=0, le=600)  # 整理; 0: none
    wrapup_max_s: int = Field(default=300, ge=0, le=3600)  # prolonged, at most
    no_answer_s: int = Field(default=60, ge=5, le=3600)  # a phone that was not lifted is passed over

    @property
    def rules(self) -> OperatorRules:
        """What decides about states."""
        return OperatorRules(self.sign_in, self.wrapup_s * 1000, self.wrapup_max_s * 1000, self.no_answer_s * 1000)


class DutySettings(SettingsTable):
    """Phones that are rung in turn while nobody is there, for an urgent repair nobody has, until one presses 1."""

    phones: tuple[CallerNumber, ...] = ()
    ring_s: int = Field(default=30, ge=5, le=60)
    rounds: int = Field(default=3, ge=1, le=10)
    staffed: str = ""  # schedule in which people are there; default: working days, 08:30 to 17:30


class AsteriskSettings(SettingsTable):
    """The Asterisk that answers when ``engine = "asterisk"``: where its ARI is, and the folders shared with it."""

    url: HttpUrl = "http://127.0.0.1:8088"
    user: str = Field(default="hotline", pattern=r"^[A-Za-z0-9_.-]+$")
    secret: str = Field(default="", repr=False)
    ami: MaybeAddress = Address("127.0.0.1", 5038)  # "" switches it off
    app: str = Field(default="hotline", pattern=r"^[A-Za-z0-9_.-]+$")  # one hotline, one name
    spool: Path = Path("/var/spool/asterisk/recording")
    media: Path | None = None  # default: media/ in the data folder
    wss: MaybeAddress = None  # SIP over secure WebSockets, for telephones in a browser
    tls_cert: Path | None = None  # default: as made by `hotline tls init`
    tls_key: Path | None = None
    start: bool = False  # `serve` runs an Asterisk itself when none answers at url
    root: Path | None = None  # a folder made by docker/asterisk-root.sh, for machines without their own


class VoiceSettings(SettingsTable):
    """How prompts become sound."""

    online: bool = False
    human_dir: Path | None = None
    cache_dir: Path | None = None  # default: voices/ in the data folder
    stale: Literal["machine", "use"] = "machine"
    pace: float = Field(default=1.0, ge=0.55, le=1.6)  # 1.0: about 180 Chinese characters a minute
    piper: dict[str, Path] = {}
    hold_music: Path | None = None  # what callers on hold hear; default: our own, made by `hotline voice build`


class TestSettings(SettingsTable):
    """Calls that are tests: they are answered like all others, and kept out of public figures."""

    __test__ = False  # not a pytest class

    callers: tuple[str, ...] = ("hotline-test",)


class NotifySettings(SettingsTable):
    """How notices of due dates leave the house, besides the inbox of the panel."""

    smtp_host: str = ""
    smtp_port: int = Field(default=587, gt=0, lt=65536)
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_secret: str = Field(default="", repr=False)
    mail_from: str = ""
    addresses: dict[str, tuple[EmailAddress, ...]] = {}  # by role, or by the name of an account
    webhook_url: str = Field(default="", pattern=r"^(https?://\S+)?$", repr=False)  # may hold a token
    webhook_secret: str = Field(default="", repr=False)
    panel_url: str = ""  # named in e-mails

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.smtp_host and not re.fullmatch(r"[^@\s]+@[^@\s]+", self.mail_from):
            raise ValueError('smtp_host needs mail_from = "hotline@example.cn", the sender of the e-mails')
        if self.webhook_url and len(self.webhook_secret) < 16:
            raise ValueError("webhook_url needs webhook_secret with at least 16 characters: it signs what is sent")
        return self


class PruneSettings(SettingsTable):
    """How long personal data is kept besides the profile's rule for recordings, and whether it goes by itself."""

    daily: bool = True
    at: str = Field(default="03:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")  # local time
    callers_days: int = Field(default=180, ge=1)
    notices_days: int = Field(default=365, ge=1)


class ReportsSettings(SettingsTable):
    """Reports that are sent by themselves, by the mail server of ``[notify]``; and the public page of promises."""

    at: str = Field(default="08:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")  # local time, the day after the period
    daily: tuple[EmailAddress, ...] = ()
    weekly: tuple[EmailAddress, ...] = ()
    monthly: tuple[EmailAddress, ...] = ()
    lang: Literal["zh-CN", "en"] = "zh-CN"
    attach: tuple[Literal["pdf", "xlsx"], ...] = ("pdf", "xlsx")
    public_promises: bool = False

    @property
    def to(self) -> dict[str, tuple[str, ...]]:
        """Who gets which."""
        return {"daily": self.daily, "weekly": self.weekly, "monthly": self.monthly}
