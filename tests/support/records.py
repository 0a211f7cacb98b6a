"""A hotline's records in a folder: what every made-up world has, whoever writes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import select

from ivr.calendar.tables import WorkCalendar
from ivr.cases.deadlines import CasePolicy
from ivr.cases.numbers import case_number, spoken_number
from ivr.desk.states import OperatorRules
from ivr.numbers import HOME, Plan
from ivr.outgoing.allow import OutgoingLimits
from ivr.outgoing.numbers import NumberRules
from recordings.keys import KeyRing
from services.callbacks import Calling
from services.casework import Casework
from store.engine import open_engine
from store.journal.queue import SqlQueue
from store.journal.sql_ledger import LEASE_MS, SqlLedger
from store.people.parties import Parties
from store.schema import Base
from tests.support import read_once
from tests.support.database import migrated
from tests.support.moments import ZONE


class Records:
    """Database, keys and ledger at the time of ``now_ms``, and the casework after calls, by the shipped rules.

    ``relaxed``: no waiting for the disk. ``inline``: the ledger has written when its call returns; else many turns go
    to a transaction. ``ledger``: more of its options.
    """

    def __init__(
        self, folder: Path, now_ms: Callable[[], int], *, profile: str = "sgcc_window", plan: Plan = HOME,
        relaxed: bool = True, inline: bool = True, **ledger: Any,
    ) -> None:  # fmt: skip
        self.folder, self.plan = folder, plan
        self.profile = read_once.profile(profile)
        self.keys = KeyRing.open(folder / "keys")
        migrated(folder)
        self.engine = open_engine(folder, relaxed=relaxed)
        self.parties = Parties(self.keys, plan)
        settings: dict[str, Any] = {
            "owner": "node1", "spool": folder / "spool.jsonl", "inline": inline, "relaxed": not inline,
            "now_ms": now_ms, "number_for": lambda day, n: case_number(date.fromisoformat(day), n),
        }  # fmt: skip
        self.ledger = SqlLedger(self.engine, self.keys, **(settings | ledger))
        self.queue = SqlQueue(self.ledger.ask, "node1", LEASE_MS, now_ms, ledger.get("operators", OperatorRules()))

    @cached_property
    def calendar(self) -> WorkCalendar:
        return read_once.calendar()

    @cached_property
    def rules(self) -> CasePolicy:
        return CasePolicy(self.profile, self.calendar, ZONE)

    @cached_property
    def casework(self) -> Casework:
        return Casework(self.keys, self.rules, spoken_number, self.plan, read_once.wording)

    @cached_property
    def calling(self) -> Calling:
        return Calling(self.casework, self.parties, OutgoingLimits(NumberRules(plan=self.plan)))

    def rows(self, model: type[Base]) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(select(model)))

    def close(self) -> None:
        self.ledger.close()
        self.engine.dispose()
