"""A casework desk for the store's tests: accounts, cases told by telephone and letter, actions in one line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, insert, select

from ivr.cases.actions import Do
from ivr.cases.case import CallbackRow, CaseRow
from ivr.cases.deadlines import CasePolicy
from ivr.cases.numbers import spoken_number
from ivr.cases.worklist import Attempt
from recordings.keys import KeyRing
from services.casework import Casework, MatterEntry
from store.journal.sql_ledger import SqlLedger
from store.read import worklists
from store.sql import Row, table
from tests.support import read_once
from tests.support.history import Caller
from tests.support.moments import ZONE, at

MORNING = at("2026-11-23 09:00")
STAFF = {"李强": "operator", "赵敏": "operator", "王芳": "lead", "陈总": "supervisor"}


@dataclass
class Desk:
    """Work on cases; ``now`` moves on with every action."""

    engine: Engine
    keys: KeyRing
    ledger: SqlLedger
    now: int = MORNING
    rules: CasePolicy = field(default_factory=lambda: CasePolicy(read_once.profile(), read_once.calendar(), ZONE))

    def __post_init__(self) -> None:
        self.casework = Casework(self.keys, self.rules, spoken_number, wording=read_once.wording)
        with self.engine.begin() as connection:
            for name, role in STAFF.items():
                person = {"id": name, "name": name, "role": role, "password": "", "seat": "", "active": True}
                connection.execute(insert(table("users")), {**person, "created": 0, "session_epoch": 0})

    def letter(self, kind: str = "complaint", **more: Any) -> str:
        """A case that came by letter; its id."""
        given = {
            "channel": "letter",
            "who": "李强",
            "text": "来信反映窗口人员态度生硬",
            "number": "13800001111",
            **more,
        }
        with self.engine.begin() as connection:
            return self.casework.open(connection, MatterEntry(kind, at=self.now, **given)).id

    def do(self, case_id: str, action: str, who: str = "王芳", version: int | None = None, **fields: str) -> CaseRow:
        self.now += 60_000
        with self.engine.begin() as connection:
            return self.casework.do(connection, case_id, Do(action, who, STAFF[who], self.now, fields), version)

    def closed(self, case_id: str) -> str:
        """Handled, replied to, closed: the follow-up is owed."""
        self.do(case_id, "accept", "李强")
        self.do(case_id, "reply", "李强", text="已核实并改正", evidence="通话")
        self.do(case_id, "close", "李强")
        return case_id

    def called(self, callback_id: str, result: str, who: str = "李强", **more: Any) -> CallbackRow:
        """Somebody was called."""
        with self.engine.begin() as connection:
            return self.casework.attempt(connection, callback_id, Attempt(who, STAFF[who], self.now, result, **more))

    def list(self, kind: str) -> list[worklists.WorklistEntry]:
        with self.engine.begin() as connection:
            return worklists.described(connection, worklists.entries(connection, kind, self.now, self.rules))

    def rows(self, name: str, /, **where: Any) -> list[Row]:
        target = table(name)
        query = select(target).where(*(target.c[column] == value for column, value in where.items()))
        with self.engine.begin() as connection:
            return [dict(row) for row in connection.execute(query.order_by(target.c.id)).mappings()]

    def case(self, case_id: str) -> Row:
        return self.rows("cases", id=case_id)[0]

    def missed_call(self, number: str = "13800001111", **more: Any) -> str:
        """A caller who asked for a person and gave up; the call's id."""
        caller = Caller(self.ledger, self.now, number=number, **more).arrives().asks_for_a_person().rings("101")
        caller.ends(after=30_000)
        self.now = caller.at
        return caller.call_id

    def answered_call(self, number: str = "13800001111") -> str:
        """A caller who reached a person."""
        caller = Caller(self.ledger, self.now + 1000, number=number).arrives().asks_for_a_person().rings("101")
        caller.answered_by("101", after=2000).ends(after=60_000)
        self.now = caller.at
        return caller.call_id
