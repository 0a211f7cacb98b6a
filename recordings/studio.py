"""The studio: the parent's side of the speech worker (:mod:`recordings.worker`).

A worker that dies or hangs is replaced and the request is tried once more; the caller of
:meth:`Studio.say` sees either audio or one clear :class:`VoiceError`, never a dead process.
"""

from __future__ import annotations

import json
import os
import select
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from recordings.errors import RecordingsError

REPLY_LIMIT_S = 5.0  # a sentence takes 0.05 s
START_LIMIT_S = 30.0  # the first answer: the libraries are loaded, on a busy machine


class VoiceError(RecordingsError, RuntimeError):
    """Nothing can be said; the text says why and what to do."""


class Unspeakable(VoiceError, ValueError):
    """A text that cannot be spoken: empty, too long, or at no pace there is."""


class VoiceWorkerFailed(VoiceError):
    """The worker itself failed, twice; another time it may work."""


class _Gone(Exception):
    """The worker died or hangs."""


class Studio:
    """One worker process, started at first use; safe to use from several threads."""

    def __init__(self, reply_limit_s: float = REPLY_LIMIT_S, start_limit_s: float = START_LIMIT_S) -> None:
        self._reply_limit, self._start_limit = reply_limit_s, start_limit_s
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the worker, None before first use."""
        return self._process.pid if self._process else None

    def espeak(self, text: str, voice: str, wpm: int) -> tuple[bytes, bytes]:
        """Speak by espeak-ng: finished 8 kHz and 16 kHz pcm."""
        return self._audio({"do": "espeak", "text": text, "voice": voice, "wpm": wpm})

    def file(self, path: Path, stretch: float = 1.0) -> tuple[bytes, bytes]:
        """Make a finished prompt of a sound file."""
        return self._audio({"do": "file", "path": str(path), "stretch": stretch})

    def piper(self, text: str, model: Path, stretch: float = 1.0) -> tuple[bytes, bytes]:
        """Speak by a piper voice file; ``stretch`` > 1 is slower."""
        return self._audio({"do": "piper", "text": text, "model": str(model), "stretch": stretch})

    def phonemes(self, text: str, voice: str) -> str:
        """What espeak-ng would say, in its notation."""
        return str(self._ask({"do": "phonemes", "text": text, "voice": voice})[0]["phonemes"])

    def version(self) -> str:
        """espeak-ng's version, asked from the running library."""
        return str(self._ask({"do": "hello"})[0]["espeak"])

    def close(self) -> None:
        """End the worker."""
        with self._lock:
            self._drop()

    def _audio(self, request: dict[str, Any]) -> tuple[bytes, bytes]:
        header, body = self._ask(request)
        return body[: header["pcm8"]], body[header["pcm8"] :]

    def _ask(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        raw = json.dumps(request).encode()
        with self._lock:
            for last in (False, True):
                try:
                    header, body = self._exchange(struct.pack(">I", len(raw)) + raw)
                    break
                except (_Gone, OSError) as error:
                    self._drop()
                    if last:
                        raise VoiceWorkerFailed(f"the speech worker failed twice: {error}") from None
        if not header["ok"]:
            raise VoiceError(header["error"])
        return header, body

    def _exchange(self, request: bytes) -> tuple[dict[str, Any], bytes]:
        limit = self._reply_limit if self._process else self._start_limit
        process = self._process or self._start()
        assert process.stdin is not None
        process.stdin.write(request)
        process.stdin.flush()
        end = time.monotonic() + limit
        (size,) = struct.unpack(">I", self._read(4, end))
        body = self._read(size, end)
        (head,) = struct.unpack(">I", body[:4])
        return json.loads(body[4 : 4 + head]), body[4 + head :]

    def _read(self, count: int, end: float) -> bytes:
        assert self._process is not None and self._process.stdout is not None
        pipe, got = self._process.stdout.fileno(), bytearray()
        ready = select.poll()  # not select(): a process with many calls has descriptors above 1023
        ready.register(pipe, select.POLLIN)
        while len(got) < count:
            if not ready.poll(max(0, round((end - time.monotonic()) * 1000))):
                raise _Gone("it did not answer in time")
            part = os.read(pipe, count - len(got))
            if not part:
                raise _Gone(f"it ended by itself (exit {self._process.wait()})")
            got += part
        return bytes(got)

    def _start(self) -> subprocess.Popen[bytes]:
        home = str(Path(__file__).resolve().parent.parent)
        path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
        one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "recordings.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **one_thread, "PYTHONPATH": path},
        )
        return self._process

    def _drop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    pass  # unsent bytes of a dead worker
