"""``hotline …`` out of a process that has loaded the program: a second or two of computing less at each start.

    process = warm.start(["calls", "--config", path], log, log, environ, folder)   # pid, poll, wait, send_signal, kill
    done = warm.run("show", "calls", "--json", "--config", path)                   # returncode, stdout, stderr

What is started is a process like any other, in a session of its own: its pid takes ``kill -9``, its exit code is told,
its end runs the interpreter's. ``python -m tests.support.warm`` is the process that has loaded: it has one thread, has
done nothing but import, and forks twice for each start. The one in between ends at once, so the new process becomes the
child of the test, which takes in orphans for that moment (``PR_SET_CHILD_SUBREAPER``). It ends with the test process.
``hotline serve`` and the processes it starts, the containers, and some commands are started as people start them.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

LOADED = (
    *("hotline.cli.run", "hotline.process.calls", "hotline.process.panel", "hotline.process.sweep", "hotline.private"),
    *("hotline.cli.asterisk", "hotline.cli.case", "hotline.cli.dial", "hotline.cli.show", "hotline.doctor.checks"),
    *("sip.embedded.engine", "sip.embedded.media", "sip.asterisk.engine", "sqlalchemy.dialects.sqlite.pysqlite"),
)
LOAD_S = 120.0
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER
LONGEST = 262_144  # bytes of a request
_turn = threading.Lock()


class Started:
    """A process that was started, as far as tests ask :class:`subprocess.Popen` about one."""

    def __init__(self, pid: int, args: list[str]) -> None:
        self.pid, self.args, self.returncode = pid, args, None

    returncode: int | None

    def poll(self) -> int | None:
        """Its exit code when it has ended, minus the signal that ended it."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code. Raises ``subprocess.TimeoutExpired``."""
        if self.poll() is None:
            seen = os.pidfd_open(self.pid)
            try:
                if not select.select([seen], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
            finally:
                os.close(seen)
        code = self.poll()
        assert code is not None
        return code

    def send_signal(self, number: int) -> None:
        """Signal it, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start(
    arguments: Sequence[str], output: IO[bytes], errors: IO[bytes], environ: Mapping[str, str], folder: Path
) -> Started:
    """Start ``hotline`` with these arguments; what it prints goes to these files, and it has no input."""
    request = json.dumps({"arguments": [*arguments], "environ": dict(environ), "folder": str(folder)}).encode()
    assert len(request) < LONGEST
    with _turn:
        line = _loaded()
        _take_in_orphans(True)
        try:
            socket.send_fds(line, [request], [output.fileno(), errors.fileno()])
            pid = int(line.recv(64) or b"0")
        finally:
            _take_in_orphans(False)
    assert pid, "the process that has loaded the program has ended"
    return Started(pid, ["hotline", *arguments])


def run(
    *arguments: str, environ: Mapping[str, str] = os.environ, folder: Path | None = None, timeout: float = 120.0
) -> subprocess.CompletedProcess[str]:
    """Run ``hotline`` with these arguments to its end, as ``subprocess.run`` does. Raises ``TimeoutExpired``."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = start(arguments, output, errors, environ, folder or Path.cwd())
        try:
            code = process.wait(timeout)
        except BaseException:
            process.kill()
            process.wait()
            raise
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(file.read().decode())
        return subprocess.CompletedProcess(process.args, code, *texts)


def _take_in_orphans(yes: bool) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(SUBREAPER, int(yes), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "this system gives orphans to nobody but its first process")


@cache
def _loaded() -> socket.socket:
    """The line to the process that has loaded the program: one for each process of tests."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.warm", str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            cwd=Path(__file__).parents[2],
            start_new_session=True,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # a process with threads cannot be forked
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    ours.settimeout(LOAD_S)
    return ours


# --- the process that has loaded -----------------------------------------------------------------


def _serve(line: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Fork for each request. In the new process: the request and where to print; here None, at the end of the line."""
    while True:
        request, files, _, _ = socket.recv_fds(line, LONGEST, 2)
        if not request:
            return None
        told, tells = os.pipe()
        if between := os.fork():
            os.close(tells)
            pid = os.read(told, 64)  # when the one between has ended: only then it is nobody's child
            os.waitpid(between, 0)
            os.close(told)
            for file in files:
                os.close(file)
            line.send(pid)
        elif pid := os.fork():
            os.write(tells, str(pid).encode())
            os._exit(0)
        else:
            os.close(tells)
            os.close(told)
            return json.loads(request), files


def _become(request: dict[str, Any], files: list[int]) -> None:
    """What ``execve`` would have given this process."""
    os.setsid()
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environ"])
    for number, file in enumerate(files, 1):
        os.dup2(file, number)
        os.close(file)
    sys.argv = ["hotline", *request["arguments"]]


def main() -> None:
    """Load, then fork until the test process has ended."""
    line = socket.socket(fileno=int(sys.argv[1]))
    for name in LOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    found = _serve(line)
    line.close()
    if found is not None:
        _become(*found)
        gc.unfreeze()
        from hotline.cli import main as hotline

        hotline(prog_name="hotline")


if __name__ == "__main__":
    main()
