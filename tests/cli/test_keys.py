"""``hotline keys``: which there are, new ones for old, killed for real and gone on with."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hotline.process import rotation
from recordings.keys import KeyRing
from store.engine import open_engine
from tests.cli.test_commands import hotline
from tests.support.casework import Desk
from tests.support.database import migrated


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hotline with some cases."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data"
    migrated(folder)
    engine = open_engine(folder)
    desk = Desk(engine, KeyRing.open(folder / "keys"), None)  # type: ignore[arg-type]
    for n in range(5):
        desk.letter(number=f"1380000111{n}")
        desk.letter("report", anonymous=True, number="")
    engine.dispose()
    return folder


def _keys(folder: Path) -> set[str]:
    return {path.stem for path in (folder / "keys").glob("*.key")}


def test_a_rotation_killed_for_real_is_seen_and_gone_on_with(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _keys(data)
    command = [sys.executable, "-m", "hotline", "keys", "rotate"]
    process = subprocess.Popen(command, cwd=data.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        if {"session-old", "index-old"} <= _keys(data) or process.poll() is not None:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    assert process.wait(60) == -signal.SIGKILL
    listed = json.loads(hotline("keys", "list", "--json").stdout)
    assert listed["unfinished"] == ["data", "index", "session"] and len(listed["data"]) == 2
    monkeypatch.setattr(rotation, "SETTLE_S", 0)
    done = hotline("keys", "rotate", "--finish")
    assert done.exit_code == 0 and "The old keys are gone" in done.stdout, done.output
    assert len(_keys(data)) == 3 and not (_keys(data) & before - {"index"})
    assert json.loads(hotline("keys", "list", "--json").stdout)["older"] == 0
    assert hotline("db", "verify").exit_code == 0
    assert hotline("keys", "rotate", "--only", "data").exit_code == 0
    assert "(seals)" in hotline("keys", "list").stdout
