"""The small pieces the command is made of: key scripts, ports, the run file, certificates, the doctor's checks."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from cryptography import x509

from hotline import tls
from hotline.cli import dial_script
from hotline.cli.dial_script import Act
from hotline.config.file import load, template, to_toml, write_template
from hotline.config.settings import Settings
from hotline.config.tables import SipSettings, TrunkSettings
from hotline.config.values import Address
from hotline.doctor import checks
from hotline.ports import is_free, next_free, reachable, sip_answers, web_answers
from hotline.process import factories, runfile
from hotline.process.addresses import AddressTaken, choose_addresses
from store.schema import Process, Seat
from tests.support.database import migrated
from tests.support.ports import free_address

# --- keys ---------------------------------------------------------------------------------------


def test_a_script_is_keys_waits_steps_and_a_hangup() -> None:
    assert dial_script.parse("1, wait:2.5,step:main,13800#,hangup") == (
        Act("press", "1"),
        Act("wait", "2.5"),
        Act("step", "main"),
        Act("press", "13800#"),
        Act("hangup"),
    )
    assert dial_script.parse("") == ()


@pytest.mark.parametrize("wrong", ["E", "wait:", "wait:soon", "step:", "press 1"])
def test_a_script_item_that_is_not_understood_is_named(wrong: str) -> None:
    with pytest.raises(ValueError, match="is not understood; write keys"):
        dial_script.parse(f"1,{wrong}")


# --- ports --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_taken_port_is_not_free_and_the_next_one_is_found(kind: int) -> None:
    address = free_address()
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(tuple(address))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        assert not is_free(address, udp=True)
        found = next_free(address, udp=True)
        assert found is not None and found.host == address.host and found.port > address.port
    assert is_free(address, udp=True)


def test_everywhere_is_reached_by_loopback() -> None:
    assert reachable(Address("0.0.0.0", 5060)) == Address("127.0.0.1", 5060)
    assert reachable(Address("192.0.2.1", 5060)).host == "192.0.2.1"


def test_nobody_answers_at_a_free_port() -> None:
    assert not sip_answers(free_address(), 0.2)
    assert not web_answers(f"http://{free_address()}", 0.5)


def test_a_given_address_that_is_taken_is_an_error_a_default_one_moves() -> None:
    address = free_address()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(tuple(address))
        given = load(options={"sip": str(address)}, environ={})
        with pytest.raises(AddressTaken, match=f"{address} is taken.*--sip HOST:PORT"):
            choose_addresses(given, panel=False)
        default = Settings(sip=SipSettings.model_construct(_fields_set=set(), listen=address))
        chosen = choose_addresses(default, panel=False)
        assert chosen.settings.sip.listen.port > address.port
        assert str(chosen.settings.sip.listen) in chosen.notes[0]


# --- run.json -----------------------------------------------------------------------------------


def test_a_part_is_announced_while_it_runs(tmp_path: Path) -> None:
    with runfile.announced(tmp_path, "calls", sip="127.0.0.1:5060"):
        assert runfile.read(tmp_path)["calls"]["sip"] == "127.0.0.1:5060"
        with runfile.announced(tmp_path, "panel", url="http://127.0.0.1:8080"):
            assert set(runfile.read(tmp_path)) == {"calls", "panel"}
        assert set(runfile.read(tmp_path)) == {"calls"}
    assert runfile.read(tmp_path) == {}


def test_a_second_one_for_the_same_folder_is_kept_out(tmp_path: Path) -> None:
    with runfile.announced(tmp_path, "calls"), pytest.raises(runfile.AlreadyRuns, match=r"process \d+.*--data DIR"):
        with runfile.announced(tmp_path, "calls"):
            pass


def test_what_a_killed_process_left_behind_is_not_believed(tmp_path: Path) -> None:
    code = (
        "import os, sys, pathlib\nfrom hotline.process import runfile\n"
        "with runfile.announced(pathlib.Path(sys.argv[1]), 'calls', sip='x'): os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert "calls" in (tmp_path / "run.json").read_text()
    assert runfile.read(tmp_path) == {}
    with runfile.announced(tmp_path, "calls"):
        assert "calls" in runfile.read(tmp_path)


# --- TOML ---------------------------------------------------------------------------------------


def test_settings_written_as_toml_are_read_back_alike(tmp_path: Path) -> None:
    first = tmp_path / "first.toml"
    write_template(first)
    settings = load(first, environ={})
    second = tmp_path / "second.toml"
    second.write_text(to_toml(settings.model_dump(mode="json", exclude_none=True)), encoding="utf-8")
    assert load(second, environ={}).model_dump() == settings.model_dump()
    assert template() != template()  # fresh secrets each time


# --- certificates -------------------------------------------------------------------------------


def test_a_browser_that_trusts_the_ca_trusts_the_panel(tmp_path: Path) -> None:
    made = tls.make(tmp_path / "tls", ["hotline.example", "192.0.2.7"])
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(made.certificate, made.key)
    client = ssl.create_default_context(cafile=str(made.ca))
    for name in ("localhost", "127.0.0.1", "hotline.example", "192.0.2.7"):
        _handshake(server, client, name)
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(server, client, "elsewhere.example")


def _handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = server.wrap_bio(to_server, to_client, server_side=True)
    two = client.wrap_bio(to_client, to_server, server_hostname=name)
    open_ends = [two, one]
    for _ in range(10):
        for end in list(open_ends):
            try:
                end.do_handshake()
                open_ends.remove(end)
            except ssl.SSLWantReadError:
                pass
    assert not open_ends


def test_keys_of_certificates_are_private_and_nothing_is_made_twice(tmp_path: Path) -> None:
    made = tls.make(tmp_path / "tls")
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (tmp_path / "tls").iterdir())
    assert (tmp_path / "tls").stat().st_mode & 0o777 == 0o700
    before = made.certificate.read_bytes()
    again = tls.make(tmp_path / "tls")
    assert not again.new and made.certificate.read_bytes() == before and "localhost" in again.names


def test_a_renewed_certificate_comes_from_the_same_ca(tmp_path: Path) -> None:
    made = tls.make(tmp_path / "tls")
    ca, first = made.ca.read_bytes(), x509.load_pem_x509_certificate(made.certificate.read_bytes())
    tls.make(tmp_path / "tls", renew=True)
    second = x509.load_pem_x509_certificate(made.certificate.read_bytes())
    assert made.ca.read_bytes() == ca and second.serial_number != first.serial_number
    second.verify_directly_issued_by(x509.load_pem_x509_certificate(ca))


# --- the doctor's checks ------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    path = tmp_path / "hotline.toml"
    write_template(path)
    return load(path, {"sip": str(free_address()), "panel": str(free_address())}, {})


def levels(check: checks.Check, settings: Settings) -> list[str]:
    return [line.level for line in check(settings)]


def test_next_years_missing_table_warns_from_november_on(settings: Settings) -> None:
    october = list(checks.calendar(settings, date(2026, 10, 31)))
    november = list(checks.calendar(settings, date(2026, 11, 1)))
    assert [line.level for line in october] == ["ok"]
    assert [line.level for line in november] == ["warn", "ok"] and "2027" in november[0].text


def test_a_year_without_a_table_warns_all_year(settings: Settings) -> None:
    assert [line.level for line in checks.calendar(settings, date(2027, 3, 1))] == ["warn"]


def test_a_settings_file_others_can_read_fails(settings: Settings) -> None:
    assert levels(checks.settings_file, settings) == ["ok"]
    assert settings.config is not None
    settings.config.chmod(0o644)
    (line,) = checks.settings_file(settings)
    assert line.level == "FAIL" and "chmod 600" in line.todo


def test_a_misspelt_variable_is_noticed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_PROFIL", "gbt33358")
    (line, _) = checks.settings_file(settings)
    assert line.level == "warn" and "HOTLINE_PROFIL" in line.text


def test_a_profile_field_without_effect_is_a_warning_and_no_failure(settings: Settings, tmp_path: Path) -> None:
    own = tmp_path / "our.toml"
    own.write_text("bill_history_months = 24\n", encoding="utf-8")
    lines = list(checks.rules(settings.model_copy(update={"profile": str(own)})))
    assert [line.level for line in lines] == ["warn", "ok", "ok"]
    assert lines[0].text == f"{own}:1: bill_history_months has no effect and may be removed"


def test_keys_others_can_read_fail(settings: Settings) -> None:
    factories.keys(settings)
    assert levels(checks.keys, settings) == ["ok"]
    (settings.data.dir / "keys").chmod(0o755)
    assert levels(checks.keys, settings) == ["FAIL"]


def test_a_missing_database_fails_with_the_remedy(settings: Settings) -> None:
    line = next(iter(checks.database(settings)))
    assert line.level == "FAIL" and "hotline db upgrade" in line.text + line.todo


def test_a_taken_port_that_was_given_fails(settings: Settings) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(tuple(settings.sip.listen))
        line = next(iter(checks.ports(settings)))
    assert line.level == "FAIL" and "--sip HOST:PORT" in line.todo


def test_a_check_that_breaks_is_a_finding_and_the_others_go_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_settings: Settings):  # type: ignore[no-untyped-def]
        raise RuntimeError("bang")
        yield

    monkeypatch.setattr(checks, "CHECKS", (broken, checks.settings_file))
    found = list(checks.examine(settings))
    assert [line.level for line in found] == ["FAIL", "ok"] and "bang" in found[0].text


@pytest.mark.parametrize(
    ("state", "level"), [("registered", "ok"), ("failed: 403 Forbidden", "FAIL"), ("registering", "FAIL")]
)
def test_ans_4_a_trunk_that_is_not_registered_fails(settings: Settings, state: str, level: str) -> None:
    trunk = TrunkSettings(host="sip.example", user="u", secret="s")
    settings = settings.model_copy(update={"trunk": trunk})
    migrated(settings.database)
    with factories.changing(settings) as session:
        session.add(Process(owner="here", kind="calls", started=1, beat=2, detail=json.dumps({"trunk": state})))
    with runfile.announced(settings.data.dir, "calls", sip="127.0.0.1:5060"):
        (line,) = checks.trunk(settings)
    assert line.level == level and state in line.text


def test_without_an_operator_the_doctor_warns_and_says_what_to_try(settings: Settings) -> None:
    migrated(settings.database)
    with runfile.announced(settings.data.dir, "calls", sip="127.0.0.1:5060"):
        (line,) = checks.seats(settings)
        assert line.level == "warn" and "hotline dial --seat" in line.todo
        with factories.changing(settings) as session:
            session.add(Seat(id="101", reachable=True, since=1))
        (line,) = checks.seats(settings)
        assert line.level == "ok" and "101 can be reached" in line.text
