"""Single key presses from the terminal, without Enter; nothing when there is no terminal."""

from __future__ import annotations

import asyncio
import os
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def is_terminal() -> bool:
    """Is there a person at a keyboard?"""
    return sys.stdin.isatty() and sys.stdout.isatty()


@contextmanager
def key_presses(on_key: Callable[[str], None]) -> Iterator[None]:
    """Call ``on_key`` for every key pressed while the block runs (on the running loop)."""
    if not is_terminal():
        yield
        return
    loop, handle = asyncio.get_running_loop(), sys.stdin.fileno()
    before = termios.tcgetattr(handle)
    tty.setcbreak(handle)  # Ctrl-C still works

    def read() -> None:
        for key in os.read(handle, 32).decode(errors="ignore"):
            on_key(key)

    loop.add_reader(handle, read)
    try:
        yield
    finally:
        loop.remove_reader(handle)
        termios.tcsetattr(handle, termios.TCSADRAIN, before)
