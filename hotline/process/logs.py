"""Logging of processes: warnings to the terminal, everything to a file in the data folder."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler

from hotline.config.settings import Settings
from ivr.scrubbing import without_numbers

FILE_BYTES = 5_000_000
FILES = 4
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class Formatter(logging.Formatter):
    """A line of the log, with no number of a person in it (traces of errors, too)."""

    def format(self, record: logging.LogRecord) -> str:
        return without_numbers(super().format(record))


def start(settings: Settings, part: str) -> None:
    """Log to ``DATA/log/<part>.log`` (rotated), warnings to standard error too. Raises ``OSError``."""
    folder = settings.data.dir / "log"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = RotatingFileHandler(folder / f"{part}.log", maxBytes=FILE_BYTES, backupCount=FILES, encoding="utf-8")
    file.setFormatter(Formatter(FORMAT))
    screen = logging.StreamHandler()
    screen.setLevel(logging.WARNING)
    screen.setFormatter(Formatter(f"{part}: %(levelname)s %(message)s"))
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.handlers[:] = [file, screen]
    logging.getLogger("alembic").setLevel(logging.WARNING)
