"""``python -m hotline.process.standby calls …``: a process that has loaded everything waits to take calls over at once.

Loading the program takes a second or more on a busy machine; a caller whose process was killed would wait for it.
So the supervisor keeps one such warm standby for a calls process whose calls survive it. A byte on the standard
input makes it that process; the end of the input (the supervisor is gone) ends it. Settings are read only then.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

WAITING = "hotline-spare"
COMM = Path("/proc/self/comm")
LOADED = ("hotline.cli.run", "hotline.process.calls", "sip.asterisk.engine", "sqlalchemy.dialects.sqlite.pysqlite")


def command(*arguments: str) -> list[str]:
    """The command line of a standby for ``hotline <arguments>``."""
    return [sys.executable, "-m", "hotline.process.standby", *arguments]


def wait(modules: Sequence[str] = LOADED) -> bool:
    """Load, then wait; False when nobody needs us any more. A list of processes shows who waits, loaded."""
    for name in modules:
        importlib.import_module(name)
    own = _call_ourselves(WAITING)
    called = bool(os.read(0, 1))
    _call_ourselves(own)
    return called


def _call_ourselves(name: str) -> str:
    """Take a name among the processes (Linux); the one before."""
    try:
        before = COMM.read_text().strip()
        COMM.write_text(name)
    except OSError:
        return name
    return before


def main() -> None:
    """Wait, then be ``hotline`` with the same arguments."""
    if wait():
        from hotline.cli import main as hotline

        hotline(prog_name="hotline")


if __name__ == "__main__":
    main()
