"""SIP over TCP and TLS as it is set: what the engines are told, what is refused, and what the doctor says of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hotline import tls
from hotline.config.file import load, to_toml
from hotline.config.settings import Settings, SettingsError
from hotline.doctor import transports
from hotline.errors import CannotRun
from hotline.process import door
from hotline.process.engines import embedded_config, sound_host, trunk_config
from sip.asterisk.config import AsteriskConfig, Site
from sip.asterisk.files import files
from sip.core.config import Tls, TrunkConfig


def settings(folder: Path, **changes: Any) -> Settings:
    path = folder / "hotline.toml"
    path.write_text(to_toml({"data": {"dir": str(folder / "data")}, **changes}), encoding="utf-8")
    return load(path, environ={})


def test_as_installed_there_is_udp_on_this_machine_and_nothing_else(tmp_path: Path) -> None:
    config = embedded_config(settings(tmp_path))
    assert (config.sip_host, config.tcp, config.tls, sound_host(config)) == ("127.0.0.1", False, None, "127.0.0.1")


def test_tls_shows_the_certificate_hotline_tls_init_made_and_sound_arrives_where_its_phones_send(
    tmp_path: Path,
) -> None:
    found = settings(tmp_path, sip={"tls": "0.0.0.0:5061"})
    with pytest.raises(CannotRun, match="run hotline tls init"):
        embedded_config(found)
    made = tls.make(tmp_path / "data" / "tls")
    config = embedded_config(found)
    assert config.tls == Tls("0.0.0.0", 5061, made.certificate, made.key)
    assert sound_host(config) == "0.0.0.0"


@pytest.mark.parametrize(
    ("port", "transport", "registrar"), [(None, "TLS", "isp.example"), (5081, "TCP", "isp.example:5081")]
)
def test_a_trunk_without_a_port_is_a_domain(tmp_path: Path, port: int | None, transport: str, registrar: str) -> None:
    line = {"host": "isp.example", "mode": "ip", "transport": transport.lower(), **({"port": port} if port else {})}
    trunk = trunk_config(settings(tmp_path, trunk=line))
    assert trunk is not None and (trunk.registrar, trunk.transport) == (registrar, transport)


def test_a_trunk_on_asterisk_needs_the_transport_it_uses(tmp_path: Path) -> None:
    line = {"host": "isp.example", "mode": "ip", "transport": "tls"}
    with pytest.raises(SettingsError, match='"tls" needs tls = "HOST:5061" under'):
        settings(tmp_path, engine="asterisk", asterisk={"secret": "secret-of-ari"}, trunk=line)


def test_asterisk_is_told_of_each_transport_and_checks_the_provider_s_certificate() -> None:
    place = Tls("192.0.2.10", 5061, Path("/x/server.crt"), Path("/x/server.key"))
    trunk = TrunkConfig("isp.example", "u", "s", transport="TLS")
    site = Site(Path("/x"), AsteriskConfig(), tcp=True, tls=place, trusted=Path("/x/ca.pem"), trunk=trunk)
    written = files(site)
    for line in (
        "protocol = udp", "protocol = tcp", "protocol = tls", "bind = 192.0.2.10:5061", "verify_server = yes",
        "ca_list_file = /x/ca.pem", "server_uri = sip:isp.example\\;transport=tls",
        "contact = sip:isp.example\\;transport=tls", "transport = transport-tls",
    ):  # fmt: skip
        assert line in written["pjsip.conf"].splitlines()
    assert "load = res_resolver_unbound.so" in written["modules.conf"]


def texts(found: Settings) -> list[tuple[str, str]]:
    return [(finding.level, finding.text) for finding in transports.examine(found)]


def test_the_doctor_says_what_is_wrong_with_the_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(tmp_path, sip={"tls": "0.0.0.0:5061"})
    assert texts(found)[0][0] == "FAIL"
    made = tls.make(tmp_path / "data" / "tls")
    assert texts(found)[0] == ("ok", f"{made.certificate} is good until {made.until:%Y-%m-%d}")
    monkeypatch.setattr(transports, "SOON", timedelta(days=1000))
    assert texts(found)[0][0] == "warn"
    made.key.write_bytes(tls.make(tmp_path / "other").key.read_bytes())  # of another certificate
    assert texts(found)[0][0] == "FAIL"


def test_the_doctor_warns_of_what_is_open_without_tls_and_is_content_with_tls_alone(tmp_path: Path) -> None:
    def open_doors(**sip: Any) -> list[str]:
        return [finding.text for finding in door.examine(settings(tmp_path, sip=sip)) if finding.level == "warn"]

    assert "SIP at 0.0.0.0:5060 is reachable from outside without TLS" in open_doors(listen="0.0.0.0:5060")
    assert open_doors(tls="0.0.0.0:5061") == ["without a [trunk] anybody who reaches 0.0.0.0:5061 may call"]
