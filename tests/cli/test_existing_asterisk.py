"""A new user's path on a machine that has an Asterisk: Debian's own configuration, our lines pasted, a call heard."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotline.doctor.testcall import _loud
from tests.support import warm
from tests.support.asterisk import Asterisk, installation
from tests.support.hotline import Hotline
from tests.support.need import asterisk_root, need
from tests.support.ports import free_address, rtp_range

pytestmark = pytest.mark.network

PHONE = """
[udp]
type = transport
protocol = udp
bind = {sip}

[200]
type = endpoint
context = phones
disallow = all
allow = alaw
"""
DIALPLAN = "\n[phones]\nexten => 12345,1,Goto(hotline,${EXTEN},1)\n"


def add(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


class Existing:
    """Debian's Asterisk as somebody has it: default files, a telephone 200, their own ports; a hotline beside."""

    def __init__(self, home: Path) -> None:
        need("espeak")
        found = installation()
        self.etc = home / "etc"
        default = asterisk_root() / "etc" / "asterisk" if found.modules else Path("/etc/asterisk")
        shutil.copytree(default, self.etc)
        self.asterisk = Asterisk(self.etc, found)
        self.sip, http, ami, ports = free_address(), free_address(), free_address(), rtp_range()
        own = {"astetcdir": self.etc, "astmoddir": found.modules, "astdatadir": found.data}
        for key in ("run", "log", "spool", "varlib", "db", "key", "cache"):
            own[f"ast{key}dir"] = home / key
            (home / key).mkdir()
        lines = "".join(f"{key} => {path}\n" for key, path in own.items() if path)
        (self.etc / "asterisk.conf").write_text(f"[directories]\n{lines}")
        # What its owner set up before: HTTP is on, a telephone, a number.
        self._replace("http.conf", r"^;?enabled=.*$", "enabled=yes")
        self._replace("http.conf", r"^;?bindport=.*$", f"bindport={http.port}")
        self._replace("manager.conf", r"^port = .*$", f"port = {ami.port}")
        self._replace("rtp.conf", r"^rtpstart=.*$", f"rtpstart={ports.first}")
        self._replace("rtp.conf", r"^rtpend=.*$", f"rtpend={ports.last}")
        add(self.etc / "pjsip.conf", PHONE.format(sip=self.sip))
        add(self.etc / "extensions.conf", DIALPLAN)
        asterisk = {"url": f"http://{http}", "ami": str(ami), "spool": str(home / "spool" / "recording")}
        changes = {"engine": "asterisk", "sip": {"listen": str(self.sip)}, "asterisk": asterisk}
        self.hotline = Hotline(home / "hotline", "calls", changes=changes)
        self.hotline.config.chmod(0o600)

    def _replace(self, name: str, pattern: str, line: str) -> None:
        text, count = re.subn(pattern, line, (self.etc / name).read_text(encoding="utf-8"), count=1, flags=re.MULTILINE)
        assert count == 1, (name, pattern)
        (self.etc / name).write_text(text, encoding="utf-8")

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return warm.run(*arguments, "--config", str(self.hotline.config))


@pytest.fixture
def existing(tmp_path: Path) -> Iterator[Existing]:
    found = Existing(tmp_path)
    try:
        found.asterisk.start()
        yield found
    finally:
        found.hotline.close()
        found.asterisk.stop()


def test_lines_pasted_reload_doctor_green_first_call_heard(existing: Existing, tmp_path: Path) -> None:
    told = existing.command("asterisk", "lines")
    assert told.returncode == 0, told.stderr
    parts = re.split(r"; ===== (\S+) =====\n", told.stdout)
    lines = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert set(lines) == {"http.conf", "ari.conf", "manager.conf", "extensions.conf", "pjsip.conf"}
    for name, text in lines.items():
        add(existing.etc / name, f"\n{text}")
    existing.asterisk.cli("core reload")
    existing.hotline.start()
    doctor = existing.command("doctor")
    assert doctor.returncode == 0 and "FAIL" not in doctor.stdout and "took the key press" in doctor.stdout, (
        doctor.stdout + existing.asterisk.output()[-3000:]
    )
    assert "can be read" in doctor.stdout
    heard = tmp_path / "heard.wav"
    dialled = existing.command("dial", f"sip:12345@{existing.sip}", "--from", "200", "--for", "3", "--wav", str(heard))
    assert dialled.returncode == 0 and _loud(heard.read_bytes()[44:]), dialled.stdout
