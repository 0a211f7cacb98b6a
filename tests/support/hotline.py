"""A real hotline in its own process, on free ports, with a data folder of its own.

hotline = Hotline(tmp_path / "hotline", "calls", changes={"flow": "direct"}).start()
hotline.sip, hotline.secret("101"), hotline.data
hotline.stop()      # SIGTERM; its exit code
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Self

from hotline.config.file import load, template, to_toml
from hotline.config.settings import Settings
from hotline.config.values import parse_address
from hotline.ports import sip_answers, web_answers
from hotline.process import runfile
from hotline.process.flows import CHECKED, _machine_version
from store.engine import database_url
from store.upgrade import upgrade
from tests.support import warm
from tests.support.database import migrated
from tests.support.need import ROOT
from tests.support.ports import free_address, rtp_range
from tests.support.waiting import wait_until
from tests.support.warm import Started

START_S = 90.0  # a loaded machine that speaks its prompts for the first time
STOP_S = 60.0
VOICES = ROOT / "build" / "voices"  # prompts are the same in all tests: made once
COMPILED = ROOT / "build" / "compiled"


@cache
def _proofs() -> Path:
    """The flows that were proved: once for each version of the program, whatever another one has left."""
    return ROOT / "build" / f"{_machine_version()[:16]}-{CHECKED}"


@contextmanager
def _proved_once() -> Iterator[None]:
    """The first hotline of a run proves the flows, which takes a while; those started beside it wait for that."""
    if _proofs().exists():
        yield
        return
    _proofs().parent.mkdir(parents=True, exist_ok=True)
    with _proofs().with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


PARTS = {"calls": ("calls",), "panel": ("panel",), "serve": ("calls", "panel")}


class Hotline:
    """One hotline; ``part``: ``calls``, ``panel`` or ``serve``. ``changes``: settings laid over the template's.

    ``options``: more command-line options. ``explicit``: give the addresses (else: its own choice). ``new``: ``serve``
    has to make its database itself (else it is there, and empty).
    """

    def __init__(
        self,
        home: Path,
        part: str = "calls",
        *,
        changes: Mapping[str, Any] | None = None,
        options: tuple[str, ...] = (),
        explicit: bool = True,
        new: bool = False,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.home, self.part = home, part
        self.data = home / "data"
        self.config = home / "hotline.toml"
        self.log = home / f"{part}.log"
        tree = tomllib.loads(template())
        chosen: dict[str, Any] = {"voice": {"cache_dir": str(VOICES)}, "rtp": {"ports": str(rtp_range())}}
        chosen["sip"] = {"calls_per_number": 0}  # most telephones of the tests share a number
        if explicit:
            chosen["sip"]["listen"] = str(free_address())
            chosen["panel"] = {"listen": str(free_address())}
        _lay_over(tree, chosen)
        _lay_over(tree, changes or {})
        home.mkdir(parents=True)
        self.config.write_text(to_toml(tree), encoding="utf-8")
        self._options, self._new = options, new
        self._environ = {k: v for k, v in os.environ.items() if not k.startswith("HOTLINE_")} | dict(environ or {})
        # As installed: what was compiled once is not compiled at every start.
        self._environ |= {"PYTHONPYCACHEPREFIX": str(COMPILED), "PYTHONDONTWRITEBYTECODE": ""}
        self.process: subprocess.Popen[bytes] | Started | None = None

    @property
    def settings(self) -> Settings:
        """The settings it runs with (but for command-line options)."""
        own = {name: value for name, value in self._environ.items() if name.startswith("HOTLINE_")}
        return load(self.config, environ=own)

    @property
    def sip(self) -> str:
        """``host:port`` of its SIP side."""
        return str(runfile.read(self.data)["calls"]["sip"])

    @property
    def url(self) -> str:
        """The panel's address."""
        return str(runfile.read(self.data)["panel"]["url"])

    @property
    def uri(self) -> str:
        """What a citizen dials."""
        return f"sip:hotline@{self.sip}"

    def secret(self, seat: str) -> str:
        """The secret a seat registers with."""
        return self.settings.seats[seat].secret or ""

    def start(self) -> Self:
        """Start it and wait until calls (and the panel) are answered."""
        with _proved_once():
            self.prepare()
            self.again()
            if (proved := self.data / CHECKED).exists():
                keep = _proofs().with_suffix(f".{os.getpid()}")
                shutil.copy(proved, keep)
                keep.replace(_proofs())
        return self

    def prepare(self) -> None:
        """What takes long at a first start and is the same in all tests: the proofs of the flows, and the database."""
        self.data.mkdir(exist_ok=True, mode=0o700)
        if _proofs().exists():
            shutil.copy(_proofs(), self.data / CHECKED)
        if not self._new:
            self._database()

    def _database(self) -> None:
        """As ``hotline db upgrade`` leaves it: a copy of the one this test process made, or (PostgreSQL) in place."""
        target = self.settings.database
        if database_url(target).get_backend_name() == "sqlite":
            migrated(target)
        else:
            upgrade(target)

    def again(self) -> Self:
        """Start it (after :meth:`kill`: once more, over what it left) and wait until it answers."""
        self.spawn()
        wait_until(self._ready, START_S, self.output)
        return self

    def spawn(self) -> subprocess.Popen[bytes] | Started:
        """Start it and wait for nothing."""
        arguments = [self.part, "--config", str(self.config), *self._options]
        with self.log.open("ab") as log:
            if self.part != "serve":
                self.process = warm.start(arguments, log, log, self._environ, self.home)
                return self.process
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hotline", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environ,
                cwd=self.home,
                start_new_session=True,
            )
        return self.process

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end, wait; its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"it did not end within {STOP_S:g} s:\n{self.output()}") from None

    def kill(self) -> None:
        """As a power cut does (its process only)."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(STOP_S)

    def close(self) -> None:
        """End it whatever happened; for the end of a test."""
        if self.process is not None and self.process.poll() is None:
            self.stop()

    def output(self) -> str:
        """What it printed."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def _ready(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"it ended with {self.process.returncode}:\n{self.output()}")
        parts = runfile.read(self.data)
        if not all(part in parts for part in PARTS[self.part]):
            return False
        sip, url = parts.get("calls", {}).get("sip"), parts.get("panel", {}).get("url")
        if sip and not sip_answers(parse_address(sip)):
            return False
        return not url or web_answers(url)


def _lay_over(tree: dict[str, Any], changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, Mapping) and isinstance(tree.get(key), dict):
            _lay_over(tree[key], value)
        elif value is None:
            tree.pop(key, None)
        else:
            tree[key] = value
