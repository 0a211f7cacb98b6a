"""What the settings say to the telephone engines."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal

from hotline.config.settings import Settings
from hotline.errors import CannotRun
from hotline.process import factories
from sip.asterisk.config import TRUNK, AsteriskConfig
from sip.core.config import EmbeddedConfig, SeatConfig, Tls, TrunkConfig
from sip.numbers import caller_key

DIGESTS = {"md5": ("MD5",), "sha256": ("SHA-256",), "both": ("SHA-256", "MD5")}  # the preferred one first
TRANSPORTS: Mapping[str, Literal["UDP", "TCP", "TLS"]] = {"udp": "UDP", "tcp": "TCP", "tls": "TLS"}
LEFT = "left"  # beside Asterisk's recordings: messages left while no hotline was connected


def sound_host(config: EmbeddedConfig) -> str:
    """Where sound arrives: where calls do, and everywhere when UDP and TLS are listened for at different addresses."""
    if config.tls is None or config.tls.host == config.sip_host:
        return config.sip_host
    return "::" if ":" in config.sip_host else "0.0.0.0"  # noqa: S104 - where the settings say


def seat_configs(settings: Settings) -> dict[str, SeatConfig]:
    """The operators' phones."""
    return {
        name: SeatConfig(name, seat.secret, seat.uri, seat.encryption, DIGESTS[seat.digest] if seat.digest else ())
        for name, seat in settings.seats.items()
    }


def trunk_config(settings: Settings) -> TrunkConfig | None:
    """The line to a provider or PBX."""
    trunk = settings.trunk
    if trunk is None:
        return None
    return TrunkConfig(
        registrar=trunk.host if trunk.port is None else f"{trunk.host}:{trunk.port}",
        user=trunk.user,
        secret=trunk.secret,
        expires=trunk.expires_s,
        trust_caller_header=trunk.trust_caller_header,
        register=trunk.mode == "register",
        peers=trunk.peers,
        encryption=trunk.encryption,
        transport=TRANSPORTS[trunk.transport],
    )


def tls_config(settings: Settings) -> Tls | None:
    """Where SIP over TLS is listened for. Raises :class:`CannotRun` without its certificate."""
    sip = settings.sip
    if sip.tls is None:
        return None
    return Tls(sip.tls.host, sip.tls.port, *certificate("[sip] tls", sip.tls_cert, sip.tls_key))


def certificate(setting: str, cert: Path | None, key: Path | None) -> tuple[Path, Path]:
    """Return the files of a certificate and its key. Raises :class:`CannotRun` where ``setting`` lacks one."""
    assert cert and key  # settings_file sets both
    for path in (cert, key):
        if not path.is_file():
            raise CannotRun(f"{setting} needs a certificate, and there is no {path}: run hotline tls init")
    return cert, key


def _access(settings: Settings) -> dict[str, Any]:
    """Who may call, how much, and whom they called: what both engines are told of it."""
    sip = settings.sip
    shared = (caller_key(number, factories.plan(settings)) for number in sip.shared_numbers)
    return {
        "accept": tuple(map(ip_network, sip.accept)),
        "called_in": sip.called_in,
        "max_calls": sip.max_calls,
        "per_number": sip.calls_per_number,
        "shared_numbers": frozenset(filter(None, shared)),
    }


def embedded_config(settings: Settings) -> EmbeddedConfig:
    """The embedded engine's settings."""
    return EmbeddedConfig(
        sip_host=settings.sip.listen.host,
        sip_port=settings.sip.listen.port,
        tcp=settings.sip.tcp,
        tls=tls_config(settings),
        trusted=settings.sip.tls_ca,
        rtp_range=(settings.rtp.ports.first, settings.rtp.ports.last),
        advertised_host=settings.sip.advertise or None,
        realm=settings.sip.realm,
        seats=seat_configs(settings),
        trunk=trunk_config(settings),
        test_callers=frozenset(settings.test.callers),
        plan=factories.plan(settings),
        digest_algorithms=DIGESTS[settings.sip.digest],
        qualify_s=settings.sip.qualify_s,
        **_access(settings),
    )


def asterisk_config(settings: Settings) -> AsteriskConfig:
    """How the engine reaches Asterisk."""
    asterisk = settings.asterisk
    return AsteriskConfig(
        url=asterisk.url,
        user=asterisk.user,
        secret=asterisk.secret,
        app=asterisk.app,
        ami=asterisk.ami,
        spool=asterisk.spool,
        media=media_folder(settings),
        seats=tuple(settings.seats),
        trunk=TRUNK if settings.trunk else "",
        test_callers=frozenset(settings.test.callers),
        plan=factories.plan(settings),
        leave_calls=True,
        **_access(settings),
    )


def media_folder(settings: Settings) -> Path:
    """Where tones for Asterisk are written."""
    return settings.asterisk.media or settings.data.dir / "media"
