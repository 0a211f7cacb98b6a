"""A case whose story is told action by action, without a database: what the rules answer, and what the journal says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

from ivr.cases.actions import Do, Outcome
from ivr.cases.case import CaseRow
from ivr.cases.deadlines import CasePolicy
from ivr.cases.numbers import case_number
from ivr.cases.promise import case_request
from ivr.cases.workflow import apply
from ivr.facts import data_of, read
from ivr.ledger import Fact
from ivr.projections.fold import fold
from ivr.projections.rows import AnyRow, JournalRow, Tables
from tests.support import facts
from tests.support.moments import ZONE, at

NUMBER = case_number(date(2026, 11, 23), 1)


def read_again(row: AnyRow) -> AnyRow:
    """The row as it comes back from the journal."""
    content = read(row.name, row.content.VERSION, json.loads(json.dumps(data_of(row.content))))
    assert content == row.content
    return replace(row, content=content)


class Told:
    """A case whose story is told action by action; ``row`` is what the journal says of it."""

    def __init__(
        self, rules: CasePolicy, kind: str = "complaint", received: str = "2026-11-23 10:00", **more: Any
    ) -> None:
        self.rules, self.now = rules, at(received)
        self.tables = Tables()
        self.facts: list[Fact] = []
        self.notices: list[str] = []
        request = case_request(
            command_id="c", kind=kind, received_ms=self.now, profile=rules.profile, calendar=rules.calendar, zone=ZONE,
            party_id="p1", **more,
        )  # fmt: skip
        data = {
            name: getattr(request, name) for name in request.__slots__ if name not in ("query_code", "day", "call_id")
        }
        self._write(facts.fact(self.now, "case_opened", {**data, "number": NUMBER}))

    @property
    def row(self) -> CaseRow:
        return self.tables.cases["k"]

    def _write(self, fact: Fact) -> None:
        self.facts.append(fact)
        row = JournalRow(f"j{len(self.facts)}", fact.at, fact.content, fact.reason, None, "k")
        fold(self.tables, read_again(row))

    def do(self, action: str, who: str = "王芳", role: str = "lead", when: str = "", **fields: str) -> Outcome:
        """Do it, at ``when`` (default: a minute after the last)."""
        self.now = at(when) if when else self.now + 60_000
        outcome = apply(self.row, Do(action, who, role, self.now, fields), self.rules)
        for fact in outcome.facts:
            self._write(fact)
        self.notices += [notice.kind for notice in outcome.notices]
        return outcome

    def handled(self) -> Told:
        """Classified and taken up by 李强."""
        self.do("classify", urgency="ordinary", window="complaint", category="attitude")
        self.do("accept", "李强", "operator")
        return self

    def closed(self) -> Told:
        """Handled, replied to and closed: the follow-up is owed."""
        self.handled().do("reply", "李强", "operator", text="已核实并改正", evidence="call-1")
        self.do("close", "李强", "operator")
        return self

    @property
    def dues(self) -> list[tuple[str, str, str]]:
        """Every due date: (cause, old, new)."""
        return [(row.cause, row.was, row.due) for row in self.tables.case_dues.values()]
