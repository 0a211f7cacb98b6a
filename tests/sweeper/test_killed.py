"""Killed at any line: every inbox row exactly once, at most one repeated sending, always under the same key."""

from __future__ import annotations

import gc
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count, islice
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from sqlalchemy import Engine, event

from hotline.process import sweep as program
from recordings.keys import KeyRing
from services import sweeper as module
from services.sweeper import Sweeper
from store import notices, outbox
from store.engine import open_engine
from store.journal.rebuild import verify
from store.journal.sql_ledger import SqlLedger
from store.outbox import Addresses, OutboxNotice
from store.read import worklists
from tests.support import warm
from tests.support.casework import Desk
from tests.support.database import migrated
from tests.support.hotline import Hotline
from tests.support.moments import at
from tests.support.nightly import share
from tests.support.waiting import wait_until
from tests.sweeper.conftest import TO, Kept
from tests.sweeper.servers import HookServer, running

DAYS = 5  # in so many every moment was told, in each a fifth of them; at night all
TRACED = {m.__file__ for m in (module, outbox, notices, worklists, program)}


class Killed(BaseException):
    """The process ended here: nothing after this line happened."""


class Line:
    """Notes the lines of the sweeper as they run, and ends it when it comes to one of them for the n-th time."""

    def __init__(self, kill_at: int = 0) -> None:
        self.seen: list[tuple[str, int]] = []
        self._kill_at = kill_at

    def __call__(self, frame: FrameType, event: str, _arg: Any) -> Any:
        if frame.f_code.co_filename not in TRACED:
            return None
        if event == "line":
            self.seen.append((frame.f_code.co_filename, frame.f_lineno))
            if len(self.seen) == self._kill_at:
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

    def moments(self) -> list[int]:
        """When each line ran for the first time, counted in lines."""
        first = {line: n for n, line in reversed(list(enumerate(self.seen, start=1)))}
        return sorted(first.values())


class Night:
    """A database that can be put back to how the night began, as often as wanted."""

    def __init__(self, folder: Path) -> None:
        migrated(folder)
        self.engine, keys = open_engine(folder, relaxed=True), KeyRing.open(folder / "keys")
        self.desk = Desk(self.engine, keys, SqlLedger(self.engine, keys, owner="n", spool=folder / "s", inline=True))
        case = self.desk.letter(number="13800001110")
        self.desk.do(case, "accept", "李强")
        self.desk.do(case, "supervise", "陈总", reason="群众再次来电", until="2026-11-24 12:00")
        self.desk.missed_call()
        self.desk.answered_call()
        self._kept = sqlite3.connect(":memory:")
        with closing(self.engine.raw_connection()) as raw:
            raw.driver_connection.backup(self._kept)

    def begins_again(self) -> None:
        with closing(self.engine.raw_connection()) as raw:
            self._kept.backup(raw.driver_connection)

    def sweep(self, kept: Kept, now: int, line: Line | None = None) -> list[tuple[str, str, str]]:
        """A sweeper that begins anew, with ``line`` watching it; the inboxes afterwards."""
        sweeper = Sweeper(self.engine, self.desk.rules, lambda: now, TO, {"email": kept, "webhook": kept})
        line.run(sweeper) if line else sweeper.once()
        with self.engine.connect() as connection:
            query = "SELECT key, kind, recipient FROM inbox ORDER BY key"
            return [tuple(row) for row in connection.exec_driver_sql(query)]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """A case due and its supervision run out, a missed caller who reached us."""
    night = Night(tmp_path_factory.mktemp("night"))
    yield night
    night.engine.dispose()


@pytest.mark.timeout(900)
def test_killed_at_any_line_nothing_is_lost_and_no_inbox_row_is_there_twice(night: Night) -> None:
    """At every line the sweeper comes to; by day at every fifth."""
    now = at("2026-12-01 09:00")
    whole, kept = Line(), Kept()
    night.begins_again()
    expected = night.sweep(kept, now, whole)
    sent = sorted(item.key for item in kept.sent)
    assert len(expected) == 5 and len(sent) == len(set(sent)) == 8 and len(whole.moments()) > 100
    for kill_at in whole.moments()[share(DAYS)]:
        night.begins_again()
        kept, line = Kept(), Line(kill_at)
        night.sweep(kept, now, line)
        night.sweep(kept, now)
        rows = night.sweep(kept, now + outbox.LEASE_MS)  # what the killed one was sending
        where = f"killed at {line.seen[-1]}"
        assert rows == expected, where
        keys = sorted(item.key for item in kept.sent)
        assert set(keys) == set(sent) and len(keys) <= len(sent) + 1, where
    assert verify(night.engine) == []


class Fault:
    """Ends the sweeper at the n-th thing it asks of the database or of a server: before it is done, or just after."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self.count, self.kill_at = engine, 0, 0
        for name in ("before_cursor_execute", "after_cursor_execute"):
            event.listen(engine, name, self._asked)
        event.listen(engine, "commit", lambda _connection: self.step())

    def _asked(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):  # nothing is begun yet: the first statement stands for it
            self.step()

    def step(self) -> None:
        self.count += 1
        if self.count == self.kill_at:
            raise Killed

    def run(self, sweeper: Sweeper, kill_at: int = 0) -> int:
        """How many such moments there were until the end, or until it was killed."""
        self.count, self.kill_at = 0, kill_at
        try:
            sweeper.once()
        except Killed:
            pass
        if kill_at:  # the connections of a process end with it, and what they had begun
            gc.collect(1)  # the exception is young, and holds cursors
            self._engine.dispose()
        self.kill_at = 0
        return self.count


class Unsure(Kept):
    """A server that may be reached while the sweeper dies: before it takes the notice, or just after."""

    fault: Fault

    def send(self, item: OutboxNotice) -> str:
        self.fault.step()
        said = super().send(item)
        self.fault.step()
        return said


@pytest.mark.timeout(900)
def test_killed_at_any_statement_and_commit_on_both_databases(desk: Desk, sweeper: Callable[..., Sweeper]) -> None:
    """One case after the other falls due; the sweeper that warns of it dies a step later each time.

    At every step on SQLite, on PostgreSQL at every second one, which is before or after each statement; by day at
    every fifth of these.
    """
    fault, kept = Fault(desk.engine), Unsure()
    kept.fault = fault
    to = Addresses({"lead": ("lead@example.cn",)}, webhook=True)
    one = {"addresses": to, "senders": {"email": kept, "webhook": kept}}
    today, left = share(DAYS), True
    for kill_at in islice(count(1, 1 if desk.engine.dialect.name == "sqlite" else 2), today.start, None, today.step):
        if not left:
            break
        case_id = desk.letter(number="13800001111")
        desk.do(case_id, "accept", "李强")
        desk.now = desk.case(case_id)["due_ms"] + 1
        kept.sent.clear()
        left = fault.run(sweeper(**one), kill_at) == kill_at  # False: it came to its end before
        for _ in range(2):
            fault.run(sweeper(**one))
            desk.now += outbox.LEASE_MS
        told = [(row["kind"], row["recipient"]) for row in desk.rows("inbox", case_id=case_id)]
        assert sorted(told) == [("due", "role:lead"), ("due", "user:李强")], f"killed at {kill_at}"
        keys = [item.key for item in kept.sent]
        assert len(set(keys)) == 2 and len(keys) <= 2 + left, f"killed at {kill_at}: {keys}"
        desk.do(case_id, "reply", "李强", text="已改正", evidence="信函")
    assert kill_at > 60
    assert verify(desk.engine) == []


def test_a_real_sweeper_killed_by_the_system_leaves_its_work_to_the_next(tmp_path: Path) -> None:
    with running(HookServer()) as server:
        notify = {"webhook_url": server.url, "webhook_secret": "a secret of enough length"}
        hotline = Hotline(tmp_path / "hotline", "sweep", changes={"notify": notify})
        config = hotline.config
        command = [sys.executable, "-m", "hotline"]
        after = ["--config", str(config)]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}

        def told() -> list[str]:
            """Keys of what was told about cases, not of the time of year."""
            taken = [(headers["Idempotency-Key"], json.loads(body)["notice"]) for headers, body in server.taken]
            return [key for key, notice in taken if notice != "no_calendar"]

        def run(*arguments: str) -> str:
            done = warm.run(*arguments, *after, environ=environment, folder=hotline.home)
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
            wait_until(lambda: len(told()) == 1)
            process.send_signal(signal.SIGKILL)
            process.wait(30)
        finally:
            process.kill()
            process.wait(30)
        for number in made[1:]:
            run("case", "do", number, "flag", "flag=hot", "reason=多人反映", "--as", "li.qiang")
        run("sweep", "--once")
        keys = told()
        assert len(set(keys)) == 3 and len(keys) <= 4
