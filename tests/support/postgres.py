"""A private PostgreSQL for the tests: its own cluster in a temporary folder, a free port.

It writes its log of changes as in service, so a server that crashes comes up with what was committed; only for a power
cut of the whole machine it does not wait for the disk. Nothing is tidied up behind databases that live for a second.

    with cluster() as server:
        server.new_database()    # its URL; the fixture ``postgres_url`` gives one of the tests' common server

As root the server runs as the ``postgres`` user (initdb refuses root, and cannot reach a home of mode 0700).
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import pytest

from store.upgrade import upgrade

START_S = 60  # a loaded machine is slow
USER = "hotline"


def binaries() -> Path | None:
    """The folder with ``initdb`` and ``postgres``: Debian's newest, or the one on PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[4]))
    found = str(versions[-1]) if versions else shutil.which("initdb")
    return Path(found).parent if found else None


class Cluster:
    """A PostgreSQL server that can be stopped and started again; ``is_there``: its cluster is in the folder."""

    def __init__(self, folder: Path, programs: Path, *, is_there: bool = False) -> None:
        self._folder = folder
        self._programs = programs
        self._as = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        self._process: subprocess.Popen[bytes] | None = None
        self._made = 0
        self.port = free_port()
        if is_there:
            return
        if self._as:
            shutil.chown(folder, "postgres", "postgres")
        self._run("initdb", "-D", str(folder / "data"), "-U", USER, "--auth=trust", "--no-sync", "-E", "UTF8")

    def start(self) -> None:
        """Start, and wait until it takes connections."""
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "autovacuum": "off",
            "max_connections": 40,
        }
        arguments = [f"-c{name}={value}" for name, value in options.items()]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", str(self._folder / "data"), *arguments],
                cwd=self._folder,
                stdout=log,
                stderr=log,
                **self._as,
            )
        end = time.monotonic() + START_S
        while self.query("SELECT 1") != 0:
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("PostgreSQL did not start:\n" + (self._folder / "log").read_text()[-2000:])
            time.sleep(0.1)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it (SIGINT: at once but cleanly; SIGQUIT: like a crash) and wait for its end."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait(START_S)

    def new_database(self, *, empty: bool = False) -> str:
        """The URL of a new database at the present schema (a copy: the migrations run once), or of an ``empty`` one."""
        self._made += 1
        name = f"t{self._made}"
        assert self.query(f"CREATE DATABASE {name} TEMPLATE {'template1' if empty else self._template}") == 0
        return self.url(name)

    @cached_property
    def _template(self) -> str:
        name = "migrated"
        assert self.query(f"CREATE DATABASE {name}") == 0
        upgrade(self.url(name))
        return name

    def url(self, name: str) -> str:
        """The URL of a database that is there."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"

    def query(self, sql: str) -> int:
        """Run it in the database ``postgres``; the exit code of psql."""
        command = [self._programs / "psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-qc", sql, "postgres"]
        return subprocess.run(command, cwd=self._folder, capture_output=True, timeout=START_S).returncode

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=2 * START_S,
            **self._as,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A running cluster of one's own; gone at the end. Skips by name where PostgreSQL is not installed."""
    programs = binaries()
    if programs is None:
        missing = "PostgreSQL is not installed (apt-get install postgresql)"
        if os.environ.get("HOTLINE_REQUIRE_ALL") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    folder = Path(tempfile.mkdtemp(prefix="hotline-pg-", dir="/tmp"))
    try:
        server = Cluster(folder, programs)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A TCP port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
