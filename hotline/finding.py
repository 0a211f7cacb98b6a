"""What a check of ``hotline doctor`` found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "FAIL"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: what was looked at, how it stands, and what to do."""

    what: str
    level: Level
    text: str
    todo: str = ""
