"""What each telephone engine asks of the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from hotline.config.tables import AsteriskSettings, SeatSettings, SipSettings, TrunkSettings

EngineName = Literal["embedded", "asterisk"]


class SettingsTables(Protocol):
    """The tables of the settings that engines look at."""

    @property
    def asterisk(self) -> AsteriskSettings: ...

    @property
    def sip(self) -> SipSettings: ...

    @property
    def trunk(self) -> TrunkSettings | None: ...

    @property
    def seats(self) -> Mapping[str, SeatSettings]: ...


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """An engine's half in the settings. ``table``: the one that only this engine reads.

    ``problems``: what is wrong with them, and what to write instead; ``shared``: the folder another user's program
    writes into, so that it shares a group with us.
    """

    name: EngineName
    table: str
    problems: Callable[[SettingsTables], Iterator[str]]
    shared: Callable[[SettingsTables], Path | None] = lambda _tables: None


def _browsers(tables: SettingsTables) -> list[str]:
    return [name for name, seat in tables.seats.items() if seat.encryption == "webrtc"]


def _embedded(tables: SettingsTables) -> Iterator[str]:
    if browsers := _browsers(tables):
        yield f'seats.{browsers[0]}.encryption: "webrtc" needs engine = "asterisk"'


def _asterisk(tables: SettingsTables) -> Iterator[str]:
    if not tables.asterisk.secret:
        yield "asterisk.secret: give the password of the ARI user; see docs/asterisk.md"
    over = tables.trunk.transport if tables.trunk is not None else "udp"
    if over != "udp" and not getattr(tables.sip, over):
        todo = "tcp = true" if over == "tcp" else 'tls = "HOST:5061"'
        yield f'trunk.transport: with Asterisk "{over}" needs {todo} under [sip]'


EMBEDDED = EngineSettings("embedded", "rtp", _embedded)
ASTERISK = EngineSettings("asterisk", "asterisk", _asterisk, lambda tables: tables.asterisk.spool)
SETTINGS: Mapping[str, EngineSettings] = {one.name: one for one in (EMBEDDED, ASTERISK)}
