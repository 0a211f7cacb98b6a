"""`hotline serve` with an Asterisk of its own (`make run ENGINE=asterisk`): found, started, kept, ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotline.asterisk.managed import find
from hotline.config.settings import Settings
from hotline.doctor.testcall import _loud
from hotline.errors import CannotRun
from hotline.process import runfile
from tests.support import warm
from tests.support.asterisk import Asterisk, installation
from tests.support.hotline import Hotline
from tests.support.need import asterisk_root, need
from tests.support.ports import free_address
from tests.support.waiting import gone, wait_until

pytestmark = pytest.mark.network


def settings_with(tmp_path: Path, **asterisk: object) -> Settings:
    given = {"secret": "of-a-test", "url": f"http://{free_address()}", "ami": "", **asterisk}
    return Settings.model_validate({"engine": "asterisk", "asterisk": given, "data": {"dir": str(tmp_path / "data")}})


def refusal(settings: Settings) -> str:
    with pytest.raises(CannotRun) as caught:
        find(settings)
    return str(caught.value)


def test_where_none_answers_and_none_may_be_started_it_says_how(tmp_path: Path) -> None:
    assert "start = true" in refusal(settings_with(tmp_path))


def test_one_on_another_machine_is_never_started_here(tmp_path: Path) -> None:
    told = refusal(settings_with(tmp_path, url="http://asterisk.invalid:8088", start=True))
    assert "on this machine only" in told


def test_without_a_program_it_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "docker/asterisk-root.sh" in refusal(settings_with(tmp_path, start=True))
    told = refusal(settings_with(tmp_path, start=True, root=str(tmp_path / "nothing")))
    assert f"docker/asterisk-root.sh {tmp_path / 'nothing'}" in told


def test_an_address_of_ari_that_was_asked_for_and_is_taken_is_an_error_not_a_reason_to_move(tmp_path: Path) -> None:
    root = str(asterisk_root())
    with socket.create_server(("127.0.0.1", 0)) as other:
        url = f"http://127.0.0.1:{other.getsockname()[1]}"
        told = refusal(settings_with(tmp_path, url=url, start=True, root=root))
    assert "taken by another program" in told


def own(tmp_path: Path) -> Hotline:
    """``hotline serve`` as `make run ENGINE=asterisk` starts it, on free ports; not started."""
    need("espeak")
    asterisk: dict[str, object] = {"start": True, "url": f"http://{free_address()}", "ami": str(free_address())}
    if installation().modules:
        asterisk["root"] = str(asterisk_root())
    return Hotline(tmp_path / "hotline", "serve", changes={"engine": "asterisk", "asterisk": asterisk})


@pytest.fixture
def hotline(tmp_path: Path) -> Iterator[Hotline]:
    hotline = own(tmp_path)
    try:
        yield hotline.start()
    finally:
        hotline.close()


def test_serve_runs_its_asterisk_calls_outlive_the_calls_process_and_ctrl_c_ends_all(
    hotline: Hotline, tmp_path: Path
) -> None:
    home = hotline.data / "asterisk"
    asterisk = Asterisk(home, installation())
    parts = runfile.read(hotline.data)
    assert set(parts) == {"asterisk", "calls", "panel"}
    wait_until(lambda: "ends with us" in hotline.output(), 60, hotline.output)

    told = _command(hotline, "doctor")
    assert told.returncode == 0 and "test call" in told.stdout and "FAIL" not in told.stdout, told.stdout

    heard = tmp_path / "heard.wav"
    dial = [sys.executable, "-m", "hotline", "dial", "--for", "12", "--wav", str(heard)]
    caller = subprocess.Popen([*dial, "--config", str(hotline.config)], stdout=subprocess.PIPE, text=True)
    wait_until(lambda: asterisk.channels() == 1, 30)
    # A new version: the calls process is ended and started again; the caller's call waits in Asterisk.
    os.kill(parts["calls"]["pid"], signal.SIGTERM)
    wait_until(lambda: runfile.read(hotline.data).get("calls", parts["calls"]) != parts["calls"], 60, hotline.output)
    assert asterisk.channels() == 1
    pid = _pid(home)
    ended = hotline.stop(signal.SIGINT)
    out, _ = caller.communicate(timeout=60)
    assert ended == 0 and caller.returncode == 0, out + hotline.output()
    assert _loud(heard.read_bytes()[44:])
    assert gone(pid) and not (hotline.data / "run.json").read_text().strip("{}\n ")
    assert "calls did not end in time" not in hotline.output()


def _pid(home: Path) -> int:
    return int((home / "run" / "asterisk.pid").read_text())


def _command(hotline: Hotline, *arguments: str) -> subprocess.CompletedProcess[str]:
    hotline.config.chmod(0o600)
    return warm.run(*arguments, "--config", str(hotline.config))


KEEPS_ONE = """
import asyncio, sys
from pathlib import Path
from hotline.asterisk.managed import find, running
from hotline.config.file import load

async def main():
    async with running(find(load(Path(sys.argv[1]))), print):
        print("up", flush=True)
        await asyncio.sleep(120)

asyncio.run(main())
"""


def test_when_serve_itself_is_killed_its_asterisk_is_not_left_behind(tmp_path: Path) -> None:
    config = own(tmp_path).config
    process = subprocess.Popen([sys.executable, "-c", KEEPS_ONE, str(config)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and process.stdout.readline() == "up\n"
        pid = _pid(config.parent / "data" / "asterisk")
        assert not gone(pid)
    finally:
        process.kill()
        process.communicate(timeout=30)
    wait_until(lambda: gone(pid), 30)
