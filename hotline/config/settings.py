"""The settings, typed: ``hotline.toml``, then the environment, then the command line (the later wins).

Every setting is described in ``docs/settings.md`` and in the commented template ``hotline/config/hotline.toml``
(a test compares them). Reading is in :func:`load`; an error names the file with its line, the
environment variable or the option, and what to write instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from hotline.config.engines import SETTINGS, EngineName
from hotline.config.tables import (
    AsteriskSettings,
    CalendarSettings,
    DataSettings,
    DutySettings,
    NotifySettings,
    OperatorSettings,
    OutgoingSettings,
    PanelSettings,
    PruneSettings,
    ReportsSettings,
    RtpSettings,
    SeatSettings,
    SettingsTable,
    SipSettings,
    TestSettings,
    TransferSettings,
    TrunkSettings,
    UnitSettings,
    VoiceSettings,
    WindowSettings,
)
from hotline.config.values import Address, Hours
from hotline.errors import HotlineError
from ivr.numbers import Plan, key_of
from ivr.outgoing.numbers import NumberRules, why_not
from ivr.profile import Schedule


class Settings(SettingsTable):
    """Everything that can be set."""

    engine: EngineName = "embedded"
    flow: str = Field(default="power-95598", min_length=1)
    profile: str = Field(default="sgcc_window", min_length=1)
    unit: UnitSettings = UnitSettings()
    sip: SipSettings = SipSettings()
    rtp: RtpSettings = RtpSettings()
    panel: PanelSettings = PanelSettings()
    data: DataSettings = DataSettings()
    hours: dict[str, Hours] = Field(default_factory=lambda: {"default": Schedule(kind="always")})
    calendar: CalendarSettings = CalendarSettings()
    numbers: dict[str, str] = Field(default_factory=dict)
    windows: dict[str, WindowSettings] = Field(default_factory=dict)
    seats: dict[str, SeatSettings] = Field(default_factory=dict)
    trunk: TrunkSettings | None = None
    outgoing: OutgoingSettings = OutgoingSettings()
    duty: DutySettings = DutySettings()
    operators: OperatorSettings = OperatorSettings()
    transfers: TransferSettings = TransferSettings()
    asterisk: AsteriskSettings = AsteriskSettings()
    voice: VoiceSettings = VoiceSettings()
    notify: NotifySettings = NotifySettings()
    prune: PruneSettings = PruneSettings()
    reports: ReportsSettings = ReportsSettings()
    test: TestSettings = TestSettings()

    config: Path | None = Field(default=None, exclude=True)  # the file this was read from
    key: str = Field(default="", exclude=True, repr=False)  # master key; only from HOTLINE_KEY

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        problems = [
            f'windows.{name}.{field}: there is no seat "{seat}"; add [seats.{seat}] or remove it'
            for name, window in self.windows.items()
            for field in ("seats", "group", "overflow", "lunch")
            for seat in getattr(window, field)
            if seat not in self.seats
        ]
        if self.windows and "general" not in self.windows:
            problems.append("windows: add [windows.general], where callers go whom no other window answers")
        problems += SETTINGS[self.engine].problems(self)
        if any(self.reports.to.values()) and not self.notify.smtp_host:
            problems.append("reports: name the mail server that sends them (smtp_host and mail_from under [notify])")
        encrypted = [name for name, seat in self.seats.items() if seat.encryption != "none"]
        browsers = [name for name in encrypted if self.seats[name].encryption == "webrtc"]
        if browsers and self.asterisk.wss is None:
            problems.append(f'seats.{browsers[0]}.encryption: "webrtc" needs [asterisk] wss = "HOST:PORT"')
        plan, flows = Plan(self.sip.country_code, self.sip.area_code), dict[str, tuple[str, str]]()
        for number, flow in self.numbers.items():
            other, known = flows.setdefault(key_of(number, plan), (number, flow))
            if known != flow:
                problems.append(f'numbers: "{other}" and "{number}" are one number with two flows; keep one of them')
        allowed = NumberRules(self.outgoing.allow, self.outgoing.emergency, plan)
        for phone in self.duty.phones:
            if (why := why_not(phone, allowed)) is not None:
                problems.append(f'duty.phones: "{phone}": {why.en}')
        if self.duty.staffed and self.duty.staffed not in self.hours:
            problems.append(f'duty.staffed: there is no schedule "{self.duty.staffed}"; add it under [hours]')
        if self.duty.phones and self.trunk is None:
            problems.append("duty.phones: there is no line to ring them by; add [trunk]")
        if "default" not in self.hours:
            problems.append('hours: add default = "always" (or a schedule)')
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def sip_explicit(self) -> bool:
        """Was the SIP address given (so that a taken port is an error, not a reason to move)?"""
        return "listen" in self.sip.model_fields_set

    @property
    def panel_explicit(self) -> bool:
        """Was the panel's address given?"""
        return "listen" in self.panel.model_fields_set

    @property
    def database(self) -> str | Path:
        """The database as the store takes it: the URL given, or the data folder (SQLite inside it)."""
        return self.data.database_url or self.data.dir

    def arguments(self) -> list[str]:
        """The command-line options that give another process the same settings."""
        arguments = [
            *("--engine", self.engine, "--flow", self.flow, "--profile", self.profile),
            *("--sip", str(self.sip.listen), "--rtp", str(self.rtp.ports)),
            *("--panel", str(self.panel.listen), "--data", str(self.data.dir)),
        ]
        return arguments if self.config is None else [*arguments, "--config", str(self.config)]

    def at(self, *, sip: Address | None = None, panel: Address | None = None) -> Settings:
        """Return the settings with these addresses (chosen because the default ones were taken)."""
        changes: dict[str, Any] = {}
        if sip:
            changes["sip"] = self.sip.model_copy(update={"listen": sip})
        if panel:
            changes["panel"] = self.panel.model_copy(update={"listen": panel})
        return self.model_copy(update=changes)


# Environment variable -> setting. Command-line options use the same settings by name.
ENVIRONMENT: Mapping[str, tuple[str, ...]] = {
    "HOTLINE_ENGINE": ("engine",),
    "HOTLINE_FLOW": ("flow",),
    "HOTLINE_PROFILE": ("profile",),
    "HOTLINE_SIP": ("sip", "listen"),
    "HOTLINE_ADVERTISE": ("sip", "advertise"),
    "HOTLINE_RTP": ("rtp", "ports"),
    "HOTLINE_PANEL": ("panel", "listen"),
    "HOTLINE_DATA": ("data", "dir"),
    "HOTLINE_DATABASE_URL": ("data", "database_url"),
    "HOTLINE_KEY": ("key",),
    "HOTLINE_ASTERISK_URL": ("asterisk", "url"),
    "HOTLINE_ASTERISK_AMI": ("asterisk", "ami"),
    "HOTLINE_ASTERISK_SECRET": ("asterisk", "secret"),
    "HOTLINE_ASTERISK_SPOOL": ("asterisk", "spool"),
    "HOTLINE_ASTERISK_START": ("asterisk", "start"),
    "HOTLINE_ASTERISK_ROOT": ("asterisk", "root"),
}
OPTIONS: Mapping[str, tuple[str, ...]] = {
    name.removeprefix("HOTLINE_").lower(): path
    for name, path in ENVIRONMENT.items()
    if name not in ("HOTLINE_DATABASE_URL", "HOTLINE_KEY", "HOTLINE_ADVERTISE") and path[0] != "asterisk"
}
CONFIG_VARIABLE = "HOTLINE_CONFIG"
OTHER_VARIABLES = frozenset({CONFIG_VARIABLE, "HOTLINE_REQUIRE_ALL"})


class SettingsError(HotlineError):
    """The settings cannot be used; the text says where and what to write instead."""
