"""The containers' own start commands and health checks, run for real: Asterisk from the root folder, ours from here."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hotline.doctor.testcall import _loud
from tests.support.asterisk import installation
from tests.support.hotline import VOICES
from tests.support.need import ROOT, asterisk_root, need
from tests.support.ports import free_address, rtp_range
from tests.support.waiting import wait_until

pytestmark = pytest.mark.network
DOCKER = ROOT / "docker"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """What compose.yaml gives the two, with free ports and folders of the test."""
    need("espeak")
    found = installation()
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    VOICES.mkdir(parents=True, exist_ok=True)
    (data / "voices").symlink_to(VOICES)  # a volume that is filled already
    (tmp_path / "key").write_text(f"test:{base64.b64encode(os.urandom(32)).decode()}\n")
    own = {
        "HOTLINE_ENGINE": "asterisk",
        "HOTLINE_CONFIG": str(tmp_path / "etc" / "hotline.toml"),
        "HOTLINE_DATA": str(data),
        "HOTLINE_SIP": str(free_address()),
        "HOTLINE_PANEL": str(free_address()),
        "HOTLINE_RTP": str(rtp_range()),
        "HOTLINE_ADVERTISE": "",
        "HOTLINE_KEY_FILE": str(tmp_path / "key"),
        "HOTLINE_DATABASE_URL": "",
        "HOTLINE_ASTERISK_URL": f"http://{free_address()}",
        "HOTLINE_ASTERISK_AMI": str(free_address()),
        "HOTLINE_ASTERISK_SPOOL": str(tmp_path / "spool" / "recording"),
        "ASTERISK_CONFIG": str(tmp_path / "asterisk"),
        "ASTERISK": " ".join(found.command),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    if found.modules:
        own["HOTLINE_ASTERISK_ROOT"] = str(asterisk_root())
    return {name: value for name, value in os.environ.items() if not name.startswith("HOTLINE_")} | own


@pytest.fixture
def start(tmp_path: Path, environ: dict[str, str]) -> Iterator[dict[str, Path]]:
    """Both containers' commands, started together as compose does."""
    logs = {name: tmp_path / f"{name}.log" for name in ("asterisk", "hotline")}
    commands = {
        "asterisk": [str(DOCKER / "start-asterisk.sh")],
        "hotline": [str(DOCKER / "start-hotline.sh"), "hotline", "serve"],
    }
    started: list[subprocess.Popen[bytes]] = []
    with ExitStack() as stack:
        for name, command in commands.items():
            log = stack.enter_context(logs[name].open("wb"))
            started.append(
                subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environ, start_new_session=True
                )
            )
        try:
            yield logs
        finally:
            for process in reversed(started):
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(45)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def test_started_as_the_containers_are_both_become_healthy_and_a_call_is_answered(
    start: dict[str, Path], environ: dict[str, str], tmp_path: Path
) -> None:
    def run(*command: str) -> subprocess.CompletedProcess[str]:
        own = {name: value for name, value in environ.items() if name != "HOTLINE_KEY_FILE"}
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=own)

    def said() -> str:
        return "\n".join(path.read_text(errors="replace") for path in start.values())

    wait_until(lambda: "Asterisk Ready" in said() and "Ctrl-C ends it" in said(), 180, said)
    healthy = run(str(DOCKER / "asterisk-health.sh"))
    assert healthy.returncode == 0, healthy.stdout + healthy.stderr
    healthy = run("hotline", "doctor", "--alive")
    assert healthy.returncode == 0, healthy.stdout + healthy.stderr
    heard = tmp_path / "heard.wav"
    called = run("hotline", "dial", f"sip:95598@{environ['HOTLINE_SIP']}", "--for", "3", "--wav", str(heard))
    assert called.returncode == 0 and _loud(heard.read_bytes()[44:]), called.stdout + said()
    # The key came from its file, and nothing of it is on the disk.
    assert not (tmp_path / "data" / "keys").exists()
    assert "there is no such setting" not in said()
