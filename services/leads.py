"""What the leads are told once: each matter when it is first found, and again when it had been over meanwhile."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from ivr.cases.actions import Notice
from store import notices
from store.engine import Connection, Engine, reading

TO = ("role:lead",)


@dataclass(frozen=True, slots=True)
class LeadMatter:
    """Something the leads are to hear of. ``event``: names it for ever; ``said``: what the notice says of it."""

    kind: str
    event: str
    said: Mapping[str, Any]


class TellsLeads(ABC):
    """Looks for matters of one kind; an inbox hears of an event once, whoever looks and however often."""

    def __init__(self, engine: Engine, now_ms: Callable[[], int]) -> None:
        self._engine, self._now = engine, now_ms
        self._told: set[Hashable] = set()

    @abstractmethod
    def found(self, connection: Connection, now: int) -> Mapping[Hashable, LeadMatter]:
        """Return the matters there are now, by what makes one the same matter at the next look."""

    def once(self) -> int:
        """Tell of those that are new; how many inboxes heard of it."""
        now, told = self._now(), 0
        with reading(self._engine).connect() as connection:
            matters = self.found(connection, now)
        for key, matter in matters.items():
            if key not in self._told:
                with self._engine.begin() as connection:
                    notice = Notice(matter.kind, TO)
                    told += len(notices.tell(connection, notice, notices.NO_CASE, now, matter.event, **matter.said))
        self._told = set(matters)
        return told
