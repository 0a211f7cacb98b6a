"""Everything the panel is given. Nothing of it is looked up at import time or kept in a module."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ivr.store.parties import Parties
from ivr.store.users import Hasher
from web.passwords import Argon2


class Name(NamedTuple):
    """A name in both languages; where there is no English one, the Chinese one is shown."""

    zh: str
    en: str = ""


class RecordingVault(Protocol):
    """The encrypted recordings, seen from the panel."""

    def read(self, path: str) -> bytes:
        """The clear WAV. Raises ``OSError`` when it is gone or was tampered with."""


@dataclass(frozen=True)
class PanelConfig:
    """``reading``/``writing``: a session for looking, and one that commits at the end of its block.

    ``figures(session, from_ms, to_ms)`` gives the figures of a period. ``windows`` and ``seats`` map
    ids to names. ``tls``: the panel is reached by HTTPS only (secure cookies). ``proxies``: how many
    trusted reverse proxies stand in front. ``now_ms``: UTC milliseconds.
    """

    engine: Engine
    secret_key: bytes
    parties: Parties
    vault: RecordingVault
    figures: Callable[[Session, int, int], Sequence[Any]]
    now_ms: Callable[[], int]
    zone: ZoneInfo
    unit: Name
    windows: Mapping[str, Name] = field(default_factory=dict)
    seats: Mapping[str, Name] = field(default_factory=dict)
    tls: bool = False
    proxies: int = 0
    idle_minutes: int = 30
    hasher: Hasher = field(default_factory=Argon2)
    version: str = ""
