"""A private PostgreSQL for the tests: its own cluster in a temporary folder, a free port.

It writes its log of changes as in service, so a server that crashes comes up with what was committed; only for a power
cut of the whole machine it does not wait for the disk. Nothing is tidied up behind databases that live for a second.

    with cluster() as server:
        server.new_database()    # its URL
        with server.lent_database() as url: ...    # as the fixture ``postgres_url`` does, on the tests' common server

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
from typing import TYPE_CHECKING

import pytest

from store.upgrade import upgrade

if TYPE_CHECKING:
    import psycopg

GONE_S = 2  # a connection that was closed is gone by then
START_S = 60  # a loaded machine is slow
USER = "hotline"
# The journal refuses to be emptied, except to a replica. A table is emptied only when it has rows: each costs files.
EMPTY = """
DO $$
DECLARE
  one text;
  has_rows boolean;
  filled text[] := '{}';
BEGIN
  SET LOCAL session_replication_role = replica;
  SET LOCAL lock_timeout = '2s';
  FOR one IN SELECT format('%I', tablename) FROM pg_tables
      WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE 'SELECT EXISTS (SELECT FROM ' || one || ')' INTO has_rows;
    IF has_rows THEN filled := filled || one; END IF;
  END LOOP;
  IF filled <> '{}' THEN EXECUTE 'TRUNCATE ' || array_to_string(filled, ', ') || ' CASCADE'; END IF;
  PERFORM setval(format('%I', sequencename)::regclass, start_value, false) FROM pg_sequences
      WHERE last_value IS NOT NULL;
END $$
"""
OTHERS = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
SCHEMA = """
SELECT md5(string_agg(concat_ws(' ', c.relname, c.relkind, c.relhastriggers, a.attname, a.atttypid, a.attnotnull), ','
    ORDER BY c.relname, a.attnum)), (SELECT max(version_num) FROM alembic_version)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace
"""


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
        self._free: list[_Lent] = []
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
        while self._free:
            self._free.pop().close()
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait(START_S)

    def new_database(self, *, empty: bool = False, like: str = "") -> str:
        """The URL of a new database at the present schema (a copy: the migrations run once), or of an ``empty`` one.

        ``like``: a copy of this one, to which nobody is connected (a URL).
        """
        self._made += 1
        name = f"t{self._made}"
        template = like.rpartition("/")[2] or ("template1" if empty else self._template)
        assert self.query(f"CREATE DATABASE {name} TEMPLATE {template}") == 0
        return self.url(name)

    @contextmanager
    def lent_database(self) -> Iterator[str]:
        """The URL of a database at the present schema with nothing in it, which the next one gets emptied.

        Emptying takes a tenth of what a new one takes. One whose schema was changed, or that somebody still holds, is
        lent to nobody else.
        """
        lent = self._free.pop() if self._free else _Lent(self.new_database())
        yield lent.url
        if lent.emptied():
            self._free.append(lent)

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


class _Lent:
    """A database that goes from test to test, and a connection of one's own to it."""

    def __init__(self, url: str) -> None:
        import psycopg

        self.url = url
        self._line: psycopg.Connection[tuple[str, ...]] = psycopg.connect(url, autocommit=True)
        self._schema = self._now()

    def emptied(self) -> bool:
        """Empty it, and say whether it is as it was at first; if not, it is left alone."""
        import psycopg

        try:
            if self._alone():
                self._line.execute(EMPTY)
                if self._now() == self._schema:
                    return True
        except psycopg.Error:
            pass
        self.close()
        return False

    def _alone(self) -> bool:
        """Has everybody else gone? The server takes a moment to see that a connection was closed."""
        end = time.monotonic() + GONE_S
        while self._line.execute(OTHERS).rowcount:
            if time.monotonic() > end:
                return False
            time.sleep(0.005)
        return True

    def close(self) -> None:
        self._line.close()

    def _now(self) -> tuple[str, ...] | None:
        return self._line.execute(SCHEMA).fetchone()


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
