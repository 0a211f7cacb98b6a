"""Run an object in a worker process, so that its computing blocks nothing here.

    with WorkerProcess(FigureCounter.of, url) as worker:  # over there: counter = FigureCounter.of(url)
        worker.ask(FigureCounter.figures, ...)         # over there: counter.figures(...)

Questions are asked one after the other; functions, arguments and answers are pickled, so only the modules they come
from are loaded over there. The process begins with the first question, is begun anew when it died, and ends with this
one, however that ends. One that has become large ends after its answer: its memory comes back no other way.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar

from hotline.errors import HotlineError

NICE = 5  # calls and pages come first
END_S = 2
LARGE = 200 * 2**20  # bytes

Thing = TypeVar("Thing")
P = ParamSpec("P")
Answer = TypeVar("Answer")


class WorkerFailed(HotlineError, RuntimeError):
    """The process died over a question, twice; or it was closed."""


class WorkerProcess(Generic[Thing]):
    """``make(*args)``, over there. Safe to ask from several threads."""

    def __init__(self, make: Callable[P, Thing], *args: P.args, **kwargs: P.kwargs) -> None:
        self._make = make, args, kwargs
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._line: Connection | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process, None before the first question."""
        return self._process.pid if self._process else None

    def ask(self, what: Callable[Concatenate[Thing, P], Answer], /, *args: P.args, **kwargs: P.kwargs) -> Answer:
        """What ``what(thing, *args, **kwargs)`` gives or raises over there."""
        with self._lock:
            for last in (False, True):
                try:
                    line = self._line or self._start()
                    line.send((what, args, kwargs))
                    good, answer, leaves = line.recv()
                    if leaves:
                        self._end()
                    break
                except (EOFError, OSError):
                    code = self._end()
                    if last or self._closed:
                        name = getattr(what, "__qualname__", what)
                        raise WorkerFailed(f"the process that computes {name} ended (exit {code})") from None
        if good:
            return answer  # type: ignore[no-any-return]
        raise answer

    def close(self) -> None:
        """End the process, whatever it computes."""
        self._closed = True
        if (process := self._process) is not None:
            process.kill()
        with self._lock:
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> Connection:
        ours, theirs = Pipe()
        number = theirs.fileno()
        with theirs:
            command = [sys.executable, "-m", "hotline.process.worker", str(number)]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[number])  # noqa: S603 - our own module
        self._line = ours
        ours.send(self._make)
        return ours

    def _end(self) -> int | None:
        process, line = self._process, self._line
        self._process = self._line = None
        if line is not None:
            line.close()
        if process is None:
            return None
        try:
            return process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


def serve(line: Connection) -> None:
    """Make the thing, and answer until the other side is gone."""
    try:
        make, args, kwargs = line.recv()
        thing = make(*args, **kwargs)
        while True:
            what, args, kwargs = line.recv()
            line.send_bytes(_answer(what, thing, args, kwargs))
    except (EOFError, OSError):
        return


def _answer(what: Callable[..., Any], thing: Any, args: Any, kwargs: Any) -> bytes:
    try:
        answer = what(thing, *args, **kwargs)
        return pickle.dumps((True, answer, _resident() > LARGE))
    except Exception as error:
        try:
            told = pickle.dumps((False, error, False))
            pickle.loads(told)  # noqa: S301 - our own; some errors can be packed and not be unpacked
        except Exception:
            told = pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}"), False))
        return told


def _resident() -> int:
    """Bytes of memory in use; 0 where the system does not tell (it is Linux that does)."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the other side, whose end ends us
    os.nice(NICE)
    serve(Connection(int(sys.argv[1])))


if __name__ == "__main__":
    main()
