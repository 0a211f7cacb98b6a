"""Killed at any line: every inbox row exactly once, at most one repeated sending, always under the same key."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from ivr import sweeper as module
from ivr.store import notices, sweeping, worklists
from ivr.store.engine import open_engine
from ivr.store.ledger import SqlLedger
from ivr.store.rebuild import verify
from ivr.store.schema import upgrade
from ivr.sweeper import Sweeper
from recordings.keys import KeyRing
from tests.cases.conftest import at
from tests.store.desk import Desk
from tests.support.hotline import Hotline
from tests.support.waiting import wait_until
from tests.sweeper.conftest import TO, Kept
from tests.sweeper.servers import HookServer, running

TRACED = {m.__file__ for m in (module, sweeping, notices, worklists)}


class Killed(BaseException):
    """The process ended here: nothing after this line happened."""


class Line:
    """Counts the lines of the sweeper as they run, and ends it at one of them."""

    def __init__(self, kill_at: int = 0) -> None:
        self.count, self._kill_at = 0, kill_at

    def __call__(self, frame: FrameType, event: str, _arg: Any) -> Any:
        if frame.f_code.co_filename not in TRACED:
            return None
        if event == "line":
            self.count += 1
            if self.count == self._kill_at:
                raise Killed
        return self

    def run(self, sweeper: Sweeper) -> None:
        before = sys.gettrace()
        sys.settrace(self)
        try:
            sweeper.once()
        except Killed:
            pass
        finally:
            sys.settrace(before)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cases due, one supervision run out, a missed caller who reached us: a folder to be copied."""
    folder = tmp_path_factory.mktemp("night")
    upgrade(folder)
    engine, keys = open_engine(folder, relaxed=True), KeyRing.open(folder / "keys")
    desk = Desk(engine, keys, SqlLedger(engine, keys, owner="n", spool=folder / "spool", inline=True))
    cases = [desk.letter(number=f"1380000111{n}") for n in range(2)]
    for case in cases:
        desk.do(case, "accept", "李强")
    desk.do(cases[0], "supervise", "陈总", reason="群众再次来电", until="2026-11-24 12:00")
    desk.missed_call()
    desk.answered_call()
    engine.dispose()
    return folder


def once_more(folder: Path, kept: Kept, line: Line, now: int) -> list[Any]:
    """Sweep with ``line`` watching, in a process that begins anew; then everything of the outbox and inbox."""
    engine = open_engine(folder, relaxed=True)
    rules = Desk.__dataclass_fields__["rules"].default_factory()  # type: ignore[misc]
    line.run(Sweeper(engine, rules, lambda: now, TO, {"email": kept, "webhook": kept}))
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.exec_driver_sql("SELECT key, kind, recipient FROM inbox ORDER BY key")]
    engine.dispose()
    return rows


def test_killed_at_any_line_nothing_is_lost_and_no_inbox_row_is_there_twice(night: Path, tmp_path: Path) -> None:
    now = at("2026-12-01 09:00")
    whole, kept = Line(), Kept()
    shutil.copytree(night, tmp_path / "whole")
    expected = once_more(tmp_path / "whole", kept, whole, now)
    sent = sorted(item.key for item in kept.sent)
    assert len(expected) == 7 and len(sent) == len(set(sent)) == 11 and whole.count > 200
    for kill_at in range(1, whole.count + 1, 9):
        folder, kept = tmp_path / f"killed{kill_at}", Kept()
        shutil.copytree(night, folder)
        once_more(folder, kept, Line(kill_at), now)
        once_more(folder, kept, Line(), now)
        rows = once_more(folder, kept, Line(), now + sweeping.LEASE_MS)  # what the killed one was sending
        assert rows == expected, f"killed at line {kill_at}"
        keys = sorted(item.key for item in kept.sent)
        assert verify(folder) == []
        assert set(keys) == set(sent) and len(keys) <= len(sent) + 1, f"killed at line {kill_at}"
        shutil.rmtree(folder)


@pytest.mark.network
def test_a_real_sweeper_killed_by_the_system_leaves_its_work_to_the_next(tmp_path: Path) -> None:
    with running(HookServer()) as server:
        notify = {"webhook_url": server.url, "webhook_secret": "a secret of enough length"}
        hotline = Hotline(tmp_path / "hotline", "sweep", changes={"notify": notify})
        config = hotline.config
        command = [sys.executable, "-m", "hotline"]
        after = ["--config", str(config)]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}

        def run(*arguments: str) -> str:
            done = subprocess.run(
                [*command, *arguments, *after], capture_output=True, text=True, cwd=hotline.home, env=environment
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        run("db", "upgrade")
        run("user", "add", "wang.fang", "--role", "lead")
        run("user", "add", "li.qiang", "--role", "operator")
        made = [
            run("case", "new", "complaint", "--text", "来信", "--as", "li.qiang").split(",")[0].strip()
            for _ in range(3)
        ]
        process = subprocess.Popen([*command, "sweep", *after], cwd=hotline.home, env=environment)
        try:
            run("case", "do", made[0], "flag", "flag=major", "reason=涉及多人", "--as", "li.qiang")
            wait_until(lambda: len(server.taken) == 1)
            process.send_signal(signal.SIGKILL)
            process.wait(30)
        finally:
            process.kill()
            process.wait(30)
        for number in made[1:]:
            run("case", "do", number, "flag", "flag=hot", "reason=多人反映", "--as", "li.qiang")
        run("sweep", "--once")
        keys = [headers["Idempotency-Key"] for headers, _ in server.taken]
        assert len(set(keys)) == 3 and len(keys) <= 4
