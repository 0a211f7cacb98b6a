"""``hotline asterisk init`` and ``lines``, and what ``hotline doctor`` says of an Asterisk."""

from __future__ import annotations

import os
import re
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotline.asterisk.checks import examine
from sip.asterisk.config import AsteriskConfig, Site
from sip.asterisk.files import additions, clean, files
from sip.core.config import SeatConfig, TrunkConfig
from tests.support import warm
from tests.support.asterisk import AsteriskHotline
from tests.support.books import books_of

EVIL = "x\nsecret = other\r\n[injected];"


@pytest.fixture(scope="module")
def hotline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsteriskHotline]:
    """A hotline on a real Asterisk."""
    hotline = AsteriskHotline(Path(tmp_path_factory.mktemp("cli")) / "hotline")
    try:
        yield hotline.start()  # type: ignore[misc]
    finally:
        hotline.close()


def hotline_command(*arguments: str, config: Path) -> subprocess.CompletedProcess[str]:
    return warm.run(*arguments, "--config", str(config))


def test_nothing_in_a_setting_begins_a_line_of_its_own() -> None:
    assert clean(EVIL) == "xsecret = other[injected]\\;"
    site = Site(
        home=Path("/x"),
        engine=AsteriskConfig(secret=EVIL, user="u", app="a"),
        realm=EVIL,
        seats={"101": SeatConfig("101", EVIL)},
        trunk=TrunkConfig("sip.example.com:5060", "u" + EVIL, EVIL),
        advertised_host=EVIL,
    )
    for name, text in {**files(site), **additions(site)}.items():
        lines = text.splitlines()
        assert not [line for line in lines if line.startswith("[injected") or line.strip() == "secret = other"], name


def test_a_trunk_is_an_endpoint_with_its_account_and_known_by_its_addresses() -> None:
    trunk = TrunkConfig("sip.example.com:5070", "95598", "pw", 300, True, True, ("203.0.113.7",))
    text = files(Site(home=Path("/x"), engine=AsteriskConfig(), trunk=trunk))["pjsip.conf"]
    for line in (
        "server_uri = sip:sip.example.com:5070",
        "client_uri = sip:95598@sip.example.com:5070",
        "match = sip.example.com",
        "match = 203.0.113.7",
        "trust_id_inbound = yes",
    ):
        assert line in text.splitlines()


def test_phones_of_a_seat_are_asked_and_prove_their_secret_as_the_settings_say() -> None:
    seats = {"101": SeatConfig("101", "s3cret"), "102": SeatConfig("102", "s3cret", digest=("SHA-256",))}
    text = files(Site(home=Path("/x"), engine=AsteriskConfig(), seats=seats, qualify_s=20))["pjsip.conf"]
    assert (
        text.count("max_contacts = 10\nremove_existing = yes\nremove_unavailable = yes\nqualify_frequency = 20\n") == 2
    )
    assert "supported_algorithms_uas" not in text.split("[101-auth]")[1].split("[")[0]  # no older Asterisk knows it
    assert "supported_algorithms_uas = SHA-256\n" in text.split("[102-auth]")[1].split("[")[0]


def test_init_again_takes_over_changed_settings_and_leaves_foreign_files_alone(hotline: AsteriskHotline) -> None:
    home = hotline.home / "second"
    assert hotline_command("asterisk", "init", str(home), config=hotline.config).returncode == 0
    before = (home / "pjsip.conf").read_text()
    assert hotline_command("asterisk", "init", str(home), config=hotline.config).returncode == 0
    assert (home / "pjsip.conf").read_text() == before
    assert (home / "ari.conf").stat().st_mode & 0o007 == 0
    (home / "pjsip.conf").write_text("; mine\n")
    told = hotline_command("asterisk", "init", str(home), config=hotline.config)
    assert told.returncode == 3 and "is yours" in told.stderr
    assert (home / "pjsip.conf").read_text() == "; mine\n"


def test_lines_hold_the_dialplan_the_ari_user_and_the_seats(hotline: AsteriskHotline) -> None:
    told = hotline_command("asterisk", "lines", config=hotline.config)
    assert told.returncode == 0
    for part in ("extensions.conf", "ari.conf", "Stasis(hotline,call,", "[101-auth]", "Goto(hotline,${EXTEN},1)"):
        assert part in told.stdout


FOREIGN = {  # of somebody's own Asterisk, before the lines are added
    "ari.conf": "[general]\nenabled = yes\n\n",
    "pjsip.conf": "[udp]\ntype = transport\nprotocol = udp\nbind = {sip}\n\n"
    "[anonymous]\ntype = endpoint\ncontext = public\ndisallow = all\nallow = alaw\n\n",
    "extensions.conf": "[public]\nexten => 12345,1,Goto(hotline,${{EXTEN}},1)\n\n",
}


def test_lines_added_to_an_asterisk_that_is_there_answer_its_calls(tmp_path: Path) -> None:
    hotline = AsteriskHotline(tmp_path / "hotline")
    told = hotline_command("asterisk", "lines", config=hotline.config).stdout
    parts = re.split(r"; ===== (\S+) =====\n", told)
    lines = dict(zip(parts[1::2], parts[2::2], strict=True))
    for name, own in FOREIGN.items():
        text = own.format(sip=hotline.settings.sip.listen)
        (hotline.asterisk_home / name).write_text(text + lines[name])
    try:
        hotline.start()
        where = f"sip:12345@{hotline.settings.sip.listen}"
        heard = tmp_path / "heard.wav"
        called = hotline_command("dial", where, "--for", "3", "--wav", str(heard), config=hotline.config)
        assert called.returncode == 0, called.stdout + called.stderr
        with wave.open(str(heard)) as file:
            assert any(file.readframes(file.getnframes()))
        with books_of(hotline) as books:
            assert "greet.menu" in books.played("12345")
    finally:
        hotline.close()


def test_the_doctor_is_content_with_an_asterisk_that_was_set_up(hotline: AsteriskHotline) -> None:
    assert [(line.level, line.text) for line in examine(hotline.settings) if line.level != "ok"] == []
    hotline.config.chmod(0o600)
    told = hotline_command("doctor", config=hotline.config)
    assert "test call" in told.stdout and "FAIL" not in told.stdout, told.stdout


def test_the_doctor_says_what_to_do_when_asterisk_lets_nobody_in(hotline: AsteriskHotline) -> None:
    settings = hotline.settings
    wrong = settings.asterisk.model_copy(update={"secret": "wrong"})
    (line,) = examine(settings.model_copy(update={"asterisk": wrong}))
    assert line.level == "FAIL" and "401" in line.text and "ari.conf" in line.todo
    away = settings.asterisk.model_copy(update={"url": "http://127.0.0.1:9"})
    (line,) = examine(settings.model_copy(update={"asterisk": away}))
    assert line.level == "FAIL" and "start Asterisk" in line.todo


def test_the_doctor_misses_a_module_that_is_not_loaded(hotline: AsteriskHotline) -> None:
    hotline.asterisk.cli("module unload app_record.so")
    try:
        told = [line for line in examine(hotline.settings) if line.level == "FAIL"]
        assert [line.text for line in told] == ["modules are missing: app_record"]
    finally:
        hotline.asterisk.cli("module load app_record.so")


def test_without_an_ari_password_the_settings_say_so(tmp_path: Path) -> None:
    config = tmp_path / "hotline.toml"
    config.write_text('engine = "asterisk"\n')
    os.chmod(config, 0o600)
    told = hotline_command("asterisk", "lines", config=config)
    assert told.returncode == 2 and "asterisk.secret" in told.stderr
