"""A real Asterisk on free ports with a folder of its own: the one on PATH, else one from ``docker/asterisk-root.sh``.

asterisk, site = shared()                         # the one of this test process; left without a channel, as it is found
site.sip_port; site.engine                        # where it is called, and how the engine reaches it
asterisk, site = bare(tmp_path / "asterisk", seats={"101": "secret101"})    # one with a configuration of its own
asterisk.start(); asterisk.stop()
"""

from __future__ import annotations

import atexit
import functools
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from hotline.asterisk.setup import Installation, ask, in_root, on_path, takes_calls, write
from hotline.process.engines import LEFT
from sip.asterisk.config import TRUNK, AsteriskConfig, Site
from sip.asterisk.media import ONCE
from sip.core.config import SeatConfig, TrunkConfig
from tests.support import warm
from tests.support.hotline import Hotline
from tests.support.need import asterisk_root
from tests.support.ports import free_address, rtp_range
from tests.support.waiting import wait_until

SOCKET_PATH_MAX = 107  # of a Unix socket; Asterisk cuts a longer one, when it listens and when it asks
START_S = 60.0
STOP_S = 20.0
EMPTY_S = 10.0  # until calls that were hung up are gone

# Of the one that is shared.
SECRET = "contract-secret"
SEATS = ("101", "102")
SHA = SeatConfig("103", SECRET, digest=("SHA-256", "MD5"))
PROVIDER = "127.0.0.2"  # not where the phones are: Asterisk knows the trunk by its address
CALLED_IN = ("request", "diversion", "p-called-party-id", "to")


class Asterisk:
    """One Asterisk whose configuration is in ``home``."""

    def __init__(self, home: Path, found: Installation) -> None:
        self.home, self._command = home, found.command
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start it and wait until it is ready."""
        with (self.home / "console.log").open("wb") as log:
            self.process = subprocess.Popen(
                [*self._command, "-f", "-C", str(self.home / "asterisk.conf")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=self.home,
            )
        _end_with_us(self.process.pid)
        wait_until(lambda: "Asterisk Ready" in self.output(), START_S, self.output)
        return self

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End it; whatever happened."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def cli(self, command: str) -> str:
        """What its console answers; nothing where none runs. Asked as ``asterisk -rx`` asks, without a process."""
        folder = re.search(r"^astrundir => (.+)$", (self.home / "asterisk.conf").read_text(), re.MULTILINE)
        assert folder, "its configuration does not say where it runs"
        with socket.socket(socket.AF_UNIX) as console:
            console.settimeout(30)
            try:
                console.connect(f"{folder[1]}/asterisk.ctl".encode()[:SOCKET_PATH_MAX])
            except (FileNotFoundError, ConnectionRefusedError):
                return ""
            console.sendall(f"cli quit after {command}\0".encode())
            told = b"".join(iter(lambda: console.recv(65536), b""))
        _who, _, answer = told.partition(b"\n")
        return answer.replace(b"\0", b"").decode(errors="replace")

    def channels(self) -> int:
        """How many channels there are."""
        found = re.search(r"(\d+) active channel", self.cli("core show channels count"))
        return int(found[1]) if found else -1

    def bridges(self) -> int:
        """How many bridges there are."""
        return max(0, len(self.cli("bridge show all").strip().splitlines()) - 1)

    def reset(self) -> Self:
        """As it was at its start: it runs, and there is no call; phones that still register are forgotten."""
        if self.process is None or self.process.poll() is not None:
            return self.start()
        if self.channels():
            self.cli("channel request hangup all")
            wait_until(lambda: self.channels() == 0 and self.bridges() == 0, EMPTY_S, self.output)
        self.cli("database deltree registrar/contact")
        return self

    def output(self) -> str:
        """What it printed."""
        log = self.home / "console.log"
        return re.sub("\x1b\\[[0-9;]*m", "", log.read_text(errors="replace")) if log.exists() else ""


def _end_with_us(pid: int) -> None:
    """A watch that ends the process when ours is gone without having done so (a test run that was killed)."""
    watch = f"while kill -0 {os.getpid()} && kill -0 {pid}; do sleep 1; done; kill {pid}"
    subprocess.Popen(
        ["sh", "-c", watch],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@functools.cache
def installation() -> Installation:
    """The machine's own, else one in a folder. Skips the test, by name, when there is none."""
    return on_path() or in_root(asterisk_root())


def bare(
    home: Path,
    seats: Mapping[str, str],
    trunk: TrunkConfig | None = None,
    fixed: Mapping[str, SeatConfig] | None = None,
    **changes: Any,
) -> tuple[Asterisk, Site]:
    """An Asterisk without a hotline, for tests of the engine alone.

    ``seats``: names with secrets. ``fixed``: seats called at an address. ``changes``: fields of the engine's config.
    """
    found, sip = installation(), free_address()
    engine = AsteriskConfig(
        url=f"http://{free_address()}",
        secret="contract-ari",
        ami=tuple(free_address()),
        spool=home / "spool" / "recording",
        media=home / "media",
        seats=tuple(seats),
        trunk=TRUNK if trunk else "",
        retry_s=(0.05, 0.5),
    )
    site = Site(
        home=home,
        engine=replace(engine, **changes),
        sip_host=sip.host,
        sip_port=sip.port,
        rtp_range=tuple(rtp_range(400)),
        seats={name: SeatConfig(name, secret) for name, secret in seats.items()} | dict(fixed or {}),
        trunk=trunk,
        sorry=home / "sorry",
        left=home / "left",
        modules=found.modules,
        data=found.data,
    )
    write(site)
    return Asterisk(home, found), site


@functools.cache
def _shared() -> tuple[Asterisk, Site]:
    folder = Path(tempfile.mkdtemp(prefix="asterisk-"))
    trunk = TrunkConfig(f"{PROVIDER}:{free_address().port}", "", register=False)
    asterisk, site = bare(folder / "home", dict.fromkeys(SEATS, SECRET), trunk, {SHA.id: SHA}, called_in=CALLED_IN)

    def end() -> None:
        asterisk.stop()
        shutil.rmtree(folder)

    atexit.register(end)
    return asterisk.start(), site


def shared() -> tuple[Asterisk, Site]:
    """The Asterisk of this test process, started once: three seats, a trunk known by its address, nobody's hotline."""
    asterisk, site = _shared()
    return asterisk.reset(), site


class AsteriskHotline(Hotline):
    """A hotline with ``engine = "asterisk"`` and its Asterisk, set up by ``hotline asterisk init`` itself."""

    def __init__(
        self, home: Path, part: str = "calls", *, changes: Mapping[str, Any] | None = None, **more: Any
    ) -> None:
        self.asterisk_home = home / "asterisk"
        settings = {
            "engine": "asterisk",
            "asterisk": {
                "url": f"http://{free_address()}",
                "ami": str(free_address()),
                "spool": str(self.asterisk_home / "spool" / "recording"),
            },
        }
        super().__init__(home, part, changes={**settings, **(changes or {})}, **more)
        found = installation()
        root = ["--root", str(asterisk_root())] if found.modules else []
        told = warm.run("asterisk", "init", str(self.asterisk_home), *root, "--config", str(self.config))
        assert told.returncode == 0, told.stderr
        self.asterisk = Asterisk(self.asterisk_home, found)

    def start(self) -> Self:
        self.asterisk.start()
        return super().start()

    def _ready(self) -> bool:
        return super()._ready() and takes_calls(self.settings)

    def leftovers(self) -> list[str]:
        """What no call may leave behind: recordings not fetched, prompts written for one playback, live recordings."""
        asterisk = self.settings.asterisk
        folders = (asterisk.spool, asterisk.spool.parent / LEFT, self.data / "recording")
        files = [path for folder in folders for path in folder.rglob("*.wav")]
        files += list((asterisk.media or self.data / "media").glob(f"{ONCE}*"))
        return [str(path) for path in files] + [str(row) for row in ask(self.settings, "recordings/stored")]

    def close(self) -> None:
        try:
            super().close()
        finally:
            self.asterisk.stop()
