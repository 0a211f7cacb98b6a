"""A real Asterisk on free ports with a folder of its own: the one on PATH, else one from ``docker/asterisk-root.sh``.

asterisk = Asterisk(tmp_path / "asterisk", seats={"101": "secret101"}).start()
asterisk.sip, asterisk.config      # where it is called, and how the engine reaches it
asterisk.stop()
"""

from __future__ import annotations

import functools
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from sip.asterisk.config import AsteriskConfig, Site
from sip.asterisk.files import files
from sip.embedded.config import SeatConfig
from tests.support.need import asterisk_root
from tests.support.ports import free_address, rtp_range
from tests.support.waiting import wait_until

START_S = 60.0
STOP_S = 20.0


class Asterisk:
    """One Asterisk with a hotline's configuration; ``changes``: fields of its :class:`AsteriskConfig`."""

    def __init__(self, home: Path, seats: Mapping[str, str], **changes: Any) -> None:
        self.home = home
        for folder in ("run", "log", "state", "spool/recording", "left"):
            (home / folder).mkdir(parents=True)
        self.sip = free_address()
        web = free_address()
        self.config = replace(
            AsteriskConfig(
                url=f"http://{web}",
                secret="contract-ari",
                spool=home / "spool" / "recording",
                media=home / "media",
                seats=tuple(seats),
                retry_s=(0.05, 0.5),
            ),
            **changes,
        )
        self._command, modules, data = installation()
        self.site = Site(
            home=home,
            engine=self.config,
            sip_host=self.sip.host,
            sip_port=self.sip.port,
            rtp_range=tuple(rtp_range(400)),
            seats={name: SeatConfig(name, secret) for name, secret in seats.items()},
            sorry=home / "sorry",
            left=home / "left",
            modules=modules,
            data=data,
        )
        for name, text in files(self.site).items():
            (home / name).write_text(text, encoding="utf-8")
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
        """What its console answers."""
        told = subprocess.run(
            [*self._command, "-C", str(self.home / "asterisk.conf"), "-rx", command],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        return told.stdout

    def channels(self) -> int:
        """How many channels there are."""
        found = re.search(r"(\d+) active channel", self.cli("core show channels count"))
        return int(found[1]) if found else -1

    def bridges(self) -> int:
        """How many bridges there are."""
        return max(0, len(self.cli("bridge show all").strip().splitlines()) - 1)

    def output(self) -> str:
        """What it printed."""
        log = self.home / "console.log"
        return re.sub("\x1b\\[[0-9;]*m", "", log.read_text(errors="replace")) if log.exists() else ""


@functools.cache
def installation() -> tuple[list[str], Path | None, Path | None]:
    """The command, and where its modules and data are when not where it looks. Skips the test when there is none."""
    program = shutil.which("asterisk")
    if program and new_enough(subprocess.run([program, "-V"], capture_output=True, text=True, check=True).stdout):
        return [program], None, None
    root = asterisk_root()
    (library,) = (root / "usr/lib").glob("*-linux-gnu*/asterisk")
    where = library.parent
    loader = next((root / "lib64").glob("ld-linux-*.so.*"), None) or next((root / "lib").glob("ld-linux-*.so.*"))
    command = [str(loader), "--library-path", f"{root / 'lib' / where.name}:{where}", str(root / "usr/sbin/asterisk")]
    return command, library / "modules", root / "usr/share/asterisk"


def new_enough(version: str) -> bool:
    """REST over the WebSocket came with 22.4."""
    found = re.search(r"(\d+)\.(\d+)", version)
    return bool(found) and (int(found[1]), int(found[2])) >= (22, 4)  # type: ignore[index]
