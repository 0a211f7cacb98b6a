"""What the facts of outgoing calls do to ``outgoing_calls`` (pure; part of :mod:`ivr.projections.fold`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ivr.facts import outgoing as f
from ivr.facts.base import Content
from ivr.projections.rows import AnyRow, JournalRow, OutgoingCallRow, Tables
from ivr.rows import replace

MOMENTS: Mapping[type[Content], str] = {
    f.OutgoingSeatRings: "seat_ringing",
    f.OutgoingSeatUp: "seat_answered",
    f.OutgoingDialled: "dialled",
    f.OutgoingRings: "ringing",
    f.OutgoingUp: "answered",
}


def _started(tables: Tables, fact: JournalRow[f.OutgoingStarted]) -> None:
    call_id, said = fact.call_id or "", fact.content
    tables.put(
        OutgoingCallRow(
            call_id, said.callback_id, said.case_id, said.party_id, said.who, said.seat, said.owner, fact.at
        )
    )


def _moment(tables: Tables, fact: AnyRow) -> None:
    call = tables.outgoing_calls.get(fact.call_id or "")
    column = MOMENTS[type(fact.content)]
    if call is not None and getattr(call, column) is None:
        moment: dict[str, Any] = {column: fact.at}
        tables.put(replace(call, **moment))


def _ended(tables: Tables, fact: JournalRow[f.OutgoingEnded]) -> None:
    call, said = tables.outgoing_calls.get(fact.call_id or ""), fact.content
    if call is not None and call.ended is None:
        tables.put(replace(call, ended=fact.at, result=said.result, cause=said.cause, code=said.code))


FOLDS: Mapping[type[Content], Callable[[Tables, Any], None]] = {
    f.OutgoingStarted: _started,
    f.OutgoingEnded: _ended,
    **dict.fromkeys(MOMENTS, _moment),
}
