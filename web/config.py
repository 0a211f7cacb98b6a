"""Everything the panel is given. Nothing of it is looked up at import time or kept in a module."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from zoneinfo import ZoneInfo

from jinja2 import BytecodeCache

from ivr.calendar.tables import WorkCalendar
from ivr.desk.states import OperatorRules
from ivr.phrases import Phrases
from ivr.profile import Profile
from recordings.vault import Vault
from services.callbacks import Calling
from services.casework import Casework
from services.factors import Factors
from services.users import Hasher
from store.engine import Engine
from store.figures.counting import Counting
from store.people.drafts import Drafts
from store.people.parties import Parties
from store.upkeep.pruning import Rule
from web.passwords import Argon2
from web.proxy import LOOPBACK


class Name(NamedTuple):
    """A name in both languages; where there is no English one, the Chinese one is shown."""

    zh: str
    en: str = ""


@dataclass(frozen=True)
class PanelConfig:
    """``reading``/``writing``: a session for looking, and one that commits at the end of its block.

    ``secrets``: what cookies and forms are signed with now, the newest last.
    ``profile`` and ``calendar`` are those of the calls process.
    ``windows`` and ``seats`` map ids to names. ``tls``: the panel is reached by HTTPS
    only (secure cookies). ``proxies``: how many trusted reverse proxies stand in front, and they connect from
    ``proxy_networks``. ``now_ms``: UTC ms.
    ``counter``: who counts figures of long periods.
    """

    engine: Engine
    secrets: Callable[[], Sequence[bytes]]
    parties: Parties
    vault: Vault
    profile: Profile
    calendar: WorkCalendar
    now_ms: Callable[[], int]
    zone: ZoneInfo
    unit: Name
    casework: Casework
    calling: Calling
    phrases: Phrases
    counter: Counting
    drafts: Drafts
    factors: Factors
    windows: Mapping[str, Name] = field(default_factory=dict)
    window_seats: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    seats: Mapping[str, Name] = field(default_factory=dict)
    operators: OperatorRules = field(default_factory=OperatorRules)
    tls: bool = False
    proxies: int = 0
    proxy_networks: tuple[str, ...] = LOOPBACK
    idle_minutes: int = 30
    second_factor: tuple[str, ...] = ()  # roles that must have one
    session_hours: int = 12  # so long after log-in one logs in again, however busy one was
    hasher: Hasher = field(default_factory=Argon2)
    version: str = ""
    pruning: Callable[[int], Sequence[Rule]] = lambda now: ()  # the rules as they stand at a moment
    prune_at: str = ""  # local time of day of the daily run; empty: there is none
    public_promises: bool = False  # the page of promises is shown without log-in
    compiled: BytecodeCache | None = None  # templates compiled by other panels of this process
