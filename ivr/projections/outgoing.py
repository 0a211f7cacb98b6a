"""What the facts of outgoing calls do to ``outgoing_calls`` (pure; part of :mod:`ivr.projections.fold`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ivr.facts import outgoing as f
from ivr.facts.base import Content
from ivr.projections.rows import AnyRow, JournalRow, Row, Tables

MOMENTS: Mapping[type[Content], str] = {
    f.OutgoingSeatRings: "seat_ringing",
    f.OutgoingSeatUp: "seat_answered",
    f.OutgoingDialled: "dialled",
    f.OutgoingRings: "ringing",
    f.OutgoingUp: "answered",
}


def _started(tables: Tables, fact: JournalRow[f.OutgoingStarted]) -> None:
    call_id = fact.call_id or ""
    said = fact.content
    row: Row = {"id": call_id, "callback_id": said.callback_id, "case_id": said.case_id}
    row |= {"party_id": said.party_id, "who": said.who, "seat": said.seat, "owner": said.owner}
    row |= {"started": fact.at, "ended": None, "result": "", "cause": "", "code": 0}
    row |= dict.fromkeys(MOMENTS.values())
    tables.put("outgoing_calls", row)


def _moment(tables: Tables, fact: AnyRow) -> None:
    if (row := tables.outgoing_calls.get(fact.call_id or "")) is not None:
        column = MOMENTS[type(fact.content)]
        if row[column] is None:
            row[column] = fact.at
            tables.put("outgoing_calls", row)


def _ended(tables: Tables, fact: JournalRow[f.OutgoingEnded]) -> None:
    row = tables.outgoing_calls.get(fact.call_id or "")
    if row is not None and row["ended"] is None:
        row["ended"] = fact.at
        said = fact.content
        row |= {"result": said.result, "cause": said.cause, "code": said.code}
        tables.put("outgoing_calls", row)


FOLDS: Mapping[type[Content], Callable[[Tables, Any], None]] = {
    f.OutgoingStarted: _started,
    f.OutgoingEnded: _ended,
    **dict.fromkeys(MOMENTS, _moment),
}
