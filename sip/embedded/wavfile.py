"""WAV files written while the audio comes, in a thread of their own: a slow disk never holds up a call."""

from __future__ import annotations

import logging
import os
import queue
import struct
import threading
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")


def wav_header(data_bytes: int, rate: int = 8000) -> bytes:
    """The 44 bytes before ``data_bytes`` of 16-bit mono PCM."""
    return _HEADER.pack(
        b"RIFF", 36 + data_bytes, b"WAVE", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16, b"data", data_bytes
    )


class WavFile:
    """One file being written. Its methods only queue; the writer thread does the work.

    After every piece the header is set right, so that a crash leaves a whole WAV of the audio so far.
    """

    def __init__(self, path: Path, put: Callable[[Callable[[], None]], None]) -> None:
        self.path = path
        self._put = put
        self._fd = -1
        self._bytes = 0
        self.error: OSError | None = None  # set by the writer thread, read by anybody
        put(self._open)

    def write(self, pcm: bytes) -> None:
        """Add audio."""
        self._put(lambda: self._try(lambda: self._append(pcm)))

    def close(self, done: Callable[[int, OSError | None], None]) -> None:
        """Finish the file and force it to disk; then ``done(samples, error)`` in the writer thread."""

        def finish() -> None:
            self._try(self._finish)
            done(self._bytes // 2, self.error)

        self._put(finish)

    def _try(self, work: Callable[[], None]) -> None:
        if self.error is not None:
            return
        try:
            work()
        except OSError as error:
            self.error = error
            log.error("recording %s: %s", self.path, error)
            self._give_up()

    def _open(self) -> None:
        def work() -> None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            _write_at(self._fd, wav_header(0), 0)

        self._try(work)

    def _append(self, pcm: bytes) -> None:
        _write_at(self._fd, pcm, 44 + self._bytes)
        self._bytes += len(pcm)
        _write_at(self._fd, wav_header(self._bytes), 0)

    def _finish(self) -> None:
        os.fsync(self._fd)
        os.close(self._fd)
        self._fd = -1
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the file's name is to survive a power cut too
        finally:
            os.close(folder)

    def _give_up(self) -> None:
        if self._fd >= 0:
            try:
                os.close(self._fd)
            except OSError as error:
                log.debug("closing %s: %s", self.path, error)
            self._fd = -1


def _write_at(fd: int, data: bytes, at: int) -> None:
    done = 0
    while done < len(data):
        done += os.pwrite(fd, data[done:] if done else data, at + done)


class WavWriter:
    """The thread that writes all recordings, in the order they were asked for."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="recordings", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what is queued and end the thread. Waits for the disk: not for an event loop."""
        if self._thread is not None:
            self._work.put(None)
            self._thread.join()
            self._thread = None

    def open(self, path: Path) -> WavFile:
        """Begin a file, replacing one of that name. Returns at once; trouble shows at ``close``."""
        return WavFile(path, self._work.put)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            try:
                work()
            except Exception:
                log.exception("the recording thread failed at a piece of work and goes on")
