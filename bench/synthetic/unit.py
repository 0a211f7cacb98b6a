"""One call, or one case without a call, told fact by fact: the rows it makes, and its journal."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.synthetic.plan import Ids
from ivr.facts import read
from ivr.facts.calls import CallEnded, RatedFact, RatingInvited
from ivr.ledger import Fact, Party
from ivr.projections.fold import FOLDS
from ivr.projections.rows import AnyRow, JournalRow, Tables

_NOTHING: Mapping[str, Any] = {}


@dataclass(slots=True)
class Unit:
    """``tables`` are folded as facts are told; ``keep``: so is the journal. ``sealed``: whose number was destroyed."""

    ids: Ids
    dice: random.Random
    plain: Ids
    keep: bool = True
    call_id: str | None = None
    tables: Tables = field(default_factory=Tables)
    rows: list[AnyRow] = field(default_factory=list)
    parties: list[tuple[Party, int]] = field(default_factory=list)
    sealed: set[str] = field(default_factory=set)
    notes: list[tuple[str, str, str, int]] = field(default_factory=list)  # id, case, text, at
    inbox: list[dict[str, Any]] = field(default_factory=list)

    def tell(
        self, at: int, kind: str, name: str, data: Mapping[str, Any] = _NOTHING, reason: str = "",
        case_id: str | None = None, call: bool = True,
    ) -> AnyRow:  # fmt: skip
        """A fact of this unit."""
        return self.say(Fact(at, read(name, 1, data, kind), reason), case_id, call)

    def say(self, fact: Fact, case_id: str | None = None, call: bool = True) -> AnyRow:
        """A fact of this unit; ``call``: of its call."""
        at, said = fact.at, fact.content
        if said.KIND == "case" or isinstance(
            said, CallEnded | RatingInvited | RatedFact
        ):  # rows bear the name of these
            id_ = self.ids(at)
        else:  # ids of their own dice, so that the year is the same without its journal
            id_ = self.plain(at) if self.keep else ""
        return self.add(JournalRow(id_, at, said, fact.reason, self.call_id if call else None, case_id))

    def tell_case(self, fact: Fact, case_id: str) -> AnyRow:
        """A fact of the case alone, as the desk writes it."""
        return self.say(fact, case_id, call=False)

    def add(self, row: AnyRow) -> AnyRow:
        """A row as it is."""
        if self.keep:
            self.rows.append(row)
        change = FOLDS.get(type(row.content))
        if change is not None:
            change(self.tables, row)
        return row
