"""``DATA/run.json``: where the running hotline is, so that ``dial``, ``doctor`` and ``show`` find it.

    {"calls": {"pid": 812, "sip": "127.0.0.1:5060"}, "panel": {"pid": 813, "url": "http://127.0.0.1:8080"}}

Each process writes its own part and holds a file lock while it lives: the lock, not the file, says that
it runs (process ids come again after a power cut), and it keeps a second one out of the same data folder.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from hotline.errors import CannotRun

NAME = "run.json"
LOCK_TRIES = 20  # a reader holds the lock for an instant; 20 x 50 ms is far longer
LOCK_PAUSE_S = 0.05


class AlreadyRuns(CannotRun):
    """Another process has this part of this data folder."""


def read(data: Path) -> dict[str, dict[str, Any]]:
    """The parts that run now; empty when nothing does."""
    return {name: part for name, part in _parts(data).items() if _held(data, name)}


@contextmanager
def announced(data: Path, part: str, **where: str) -> Iterator[None]:
    """Hold this part: write it now, take it out at the end. Raises :class:`AlreadyRuns`."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _lock_file(data, part).open("w") as lock:
        for attempt in range(LOCK_TRIES):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if attempt == LOCK_TRIES - 1:
                    pid = _parts(data).get(part, {}).get("pid", "?")
                    raise AlreadyRuns(
                        f"{part} runs already for {data} (process {pid}); "
                        "end it, or give this hotline its own folder with --data DIR"
                    ) from None
                time.sleep(LOCK_PAUSE_S)
        _change(data, part, {"pid": os.getpid(), **where})
        try:
            yield
        finally:
            _change(data, part, None)


def _parts(data: Path) -> dict[str, dict[str, Any]]:
    try:
        parts = json.loads((data / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return parts if isinstance(parts, dict) else {}


def _change(data: Path, part: str, value: dict[str, Any] | None) -> None:
    with _lock_file(data, "file").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        parts = {name: known for name, known in _parts(data).items() if name != part}
        if value is not None:
            parts[part] = value
        new = data / f"{NAME}.new"
        new.write_text(json.dumps(parts, indent=2) + "\n", encoding="utf-8")
        new.replace(data / NAME)


def _lock_file(data: Path, part: str) -> Path:
    return data / f".run-{part}.lock"


def _held(data: Path, part: str) -> bool:
    try:
        lock: IO[str] = _lock_file(data, part).open()
    except OSError:
        return False
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
