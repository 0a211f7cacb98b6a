"""The collaborators of a conductor: engine, ledger, clock, desk, and three small ports of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ivr import telephony as t
from ivr.call import commands as c
from ivr.call.turn import FlowContext
from ivr.clock import Clock
from ivr.desk.desk import Desk
from ivr.ledger import CaseRequest, Ledger
from ivr.queue.expected import in_local_time
from ivr.queue.keeper import QueueRules


class Speaker(Protocol):
    """Turns phrases into audio; ``ready`` is called on the conductor's thread, at once when cached."""

    def clips(
        self, says: tuple[c.Say, ...], lang: str, caller: str | None, ready: Callable[[list[t.Clip]], None]
    ) -> None: ...


class Keeper(Protocol):
    """Puts a finished recording into the vault; ``done`` gets its journal data, or None when it failed."""

    def keep(self, recording_id: str, path: Path, done: Callable[[dict[str, Any] | None], None]) -> None: ...


class Casebook(Protocol):
    """Works out a case's due date; the answer is complete but for call and party."""

    def request(self, command: c.OpenCase, received: int) -> CaseRequest: ...


@dataclass(frozen=True, slots=True)
class CallServices:
    """What a conductor leans on."""

    engine: t.Engine
    ledger: Ledger
    clock: Clock
    desk: Desk
    speaker: Speaker
    keeper: Keeper
    casebook: Casebook
    flow_for: Callable[[str], FlowContext]  # called number -> flow
    new_id: Callable[[], str]
    spool: Path  # where recordings are written first
    profile: str = ""
    queue_rules: QueueRules = field(default_factory=QueueRules)
    promised: Callable[[int, int], str] = in_local_time  # (UTC ms, expected wait) -> by when who waits is called back
