"""A hotline in virtual time whose operators call citizens back by one click: real store, rules and calls process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ivr.cases.actions import Do
from ivr.cases.case import CallbackRow
from ivr.cases.worklist import Attempt
from ivr.clock import VirtualClock
from ivr.desk.desk import Desk
from ivr.facts.outgoing import OutgoingHeld
from ivr.outgoing.allow import OutgoingLimits
from ivr.outgoing.placing import OutgoingServices, Placing
from ivr.phrases import Phrases
from services.callbacks import Wish
from services.casework import MatterEntry
from sip.simulator import SeatPlan, Simulator
from store.ids import uuid7
from store.journal import entries
from store.journal.rebuild import verify
from store.read import worklists
from store.sql import Row
from tests.support.history import Caller
from tests.support.moments import at
from tests.support.records import Records
from tests.support.world import WINDOWS, TextSpeaker

CITIZEN = "13800001111"


class House(Records):
    """``now`` is the virtual clock's; :meth:`run` lets time pass and the calls process look for commands."""

    def __init__(self, folder: Path, start: str = "2026-08-03T10:00:00") -> None:
        self.clock = VirtualClock(at(start))
        super().__init__(folder, self.clock.now_ms)
        self.calling.limits = OutgoingLimits(per_minute_operator=9)
        self.desk = Desk(WINDOWS)
        self.phrases = Phrases.load()
        self.forms = count(1)
        self.start()
        self.sim.seat("101")
        self.sim.number(CITIZEN)

    def start(self) -> None:
        """A calls process (after a crash: another one) and its lines."""
        self.sim = Simulator(self.clock)
        speaker = TextSpeaker(self.phrases)
        self.placing = Placing(OutgoingServices(self.sim, self.ledger, self.clock, self.desk, speaker, "02195598"))
        self.sim.begin(lambda event: self.placing.happened(event))  # type: ignore[arg-type,return-value]

    def limit(self, **changes: Any) -> None:
        self.calling.limits = replace(self.calling.limits, **changes)

    def missed(self, number: str = CITIZEN) -> str:
        """A caller who gave up; the entry's id."""
        Caller(self.ledger, self.clock.now_ms(), number=number).arrives().asks_for_a_person().ends(after=9000)
        self.clock.advance(20_000)
        return str(self.entries("missed")[-1].first["id"])

    def letter(self, kind: str = "complaint", number: str = CITIZEN) -> str:
        """A case that is owed an answer; the entry's id."""
        with self.engine.begin() as connection:
            self.casework.open(
                connection, MatterEntry(kind, "letter", "李强", self.clock.now_ms(), "来信反映窗口人员态度生硬", number)
            )
        self.run(10)
        return str(self.entries("answer")[-1].first["id"])

    def followup(self) -> str:
        """A closed case whose citizen is to be asked; the entry's id."""
        entry = self.letter()
        case = str(self.callback(entry).case_id)
        with self.engine.begin() as connection:
            for action, fields in (
                ("accept", {}),
                ("reply", {"text": "已答复来信人", "evidence": "电话"}),
                ("close", {}),
            ):
                at = self.clock.now_ms()
                self.casework.do(connection, case, Do(action, "王芳", "lead", at, fields))
        self.run(1)
        return str(self.entries("followup")[-1].first["id"])

    def entries(self, kind: str) -> list[worklists.WorklistEntry]:
        with self.engine.begin() as connection:
            return worklists.entries(connection, kind, self.clock.now_ms(), self.rules)

    def click(self, entry: str, seat: str = "101", who: str = "李强", form: str = "") -> str:
        """The operator clicks; the command's id. Raises NotAllowed."""
        wish = Wish(form or uuid7(), entry, who, "operator", seat, self.clock.now_ms())
        with self.engine.begin() as connection:
            return str(self.calling.ask(connection, wish)["id"])

    def run(self, seconds: float) -> None:
        """Time passes; the calls process looks every 0.3 s."""
        end = self.clock.now_ms() + round(seconds * 1000)
        while self.clock.now_ms() < end:
            with self.engine.begin() as connection:
                self.calling.settle(connection, self.clock.now_ms())
                orders = []
                while order := self.calling.take(connection, "node1", self.clock.now_ms()):
                    orders.append(order)
            for order in orders:
                self.placing.begin(order)
            self.clock.advance(min(300, end - self.clock.now_ms()))

    def note(self, entry: str, result: str, **more: str) -> CallbackRow:
        """The operator fills in the result form."""
        now = self.clock.now_ms()
        with self.engine.begin() as connection:
            row = self.casework.attempt(connection, entry, Attempt("李强", "operator", now, result, **more))  # type: ignore[arg-type]
            self.calling.noted(connection, entry, now)
        return row

    def command(self, command_id: str) -> Row:
        return self._row("command", command_id)

    def call(self, command_id: str) -> Row:
        return self._row("call", command_id)

    def held(self, command_id: str) -> list[bool]:
        """What the journal says of the operator's phone holding."""
        with self.engine.begin() as connection:
            rows = list(entries.read(connection, call_id=command_id))
        return [said.held for row in rows if isinstance(said := row.content, OutgoingHeld)]

    def callback(self, entry: str) -> CallbackRow:
        with self.engine.begin() as connection:
            return self.calling._callback(connection, entry)

    def attempts(self, entry: str) -> list[Row]:
        with self.engine.begin() as connection:
            return worklists.attempts(connection, [entry])[entry]

    def _row(self, name: str, key: str) -> Row:
        with self.engine.begin() as connection:
            row: Row = getattr(self.calling, name)(connection, key)
        return row


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """At the end every line is gone, and the derived rows are what the journal says."""
    made = House(tmp_path)
    yield made
    assert made.placing.calls == 0 and made.sim.lines == 0
    assert verify(made.engine) == []
    made.close()


__all__ = ["SeatPlan"]
