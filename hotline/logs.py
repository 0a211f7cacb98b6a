"""Where processes write what they do: warnings to the terminal, everything to a file in the data folder."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler

from hotline.settings import Settings

FILE_BYTES = 5_000_000
FILES = 4
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def start(settings: Settings, part: str) -> None:
    """Log to ``DATA/log/<part>.log`` (rotated), warnings to standard error too. Raises ``OSError``."""
    folder = settings.data.dir / "log"
    folder.mkdir(parents=True, exist_ok=True)
    file = RotatingFileHandler(folder / f"{part}.log", maxBytes=FILE_BYTES, backupCount=FILES, encoding="utf-8")
    file.setFormatter(logging.Formatter(FORMAT))
    screen = logging.StreamHandler()
    screen.setLevel(logging.WARNING)
    screen.setFormatter(logging.Formatter(f"{part}: %(levelname)s %(message)s"))
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.handlers[:] = [file, screen]
    logging.getLogger("alembic").setLevel(logging.WARNING)
