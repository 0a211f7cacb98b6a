"""Waiting for something to become true, patiently: test machines are slow and busy."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 30.0
PAUSE_S = 0.05


def wait_until(condition: Callable[[], T], timeout_s: float = PATIENCE_S, what: str | Callable[[], str] = "") -> T:
    """The first true value of ``condition``; AssertionError (with ``what``) when none comes in time."""
    end = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            told = what() if callable(what) else what
            raise AssertionError(f"not within {timeout_s:g} s: {told or condition}")
        time.sleep(PAUSE_S)


def gone(pid: int) -> bool:
    """The process has ended, whether somebody has asked how or not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True
