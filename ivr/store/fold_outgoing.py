"""What the facts of outgoing calls do to ``outgoing_calls`` (pure; part of :mod:`ivr.store.fold`).

====================  =========================================================================
outgoing_started      callback_id, case_id, party_id, who, seat, owner
outgoing_seat_rings   --
outgoing_seat_up      --
outgoing_dialled      --            (the citizen's phone)
outgoing_rings        --
outgoing_up           --
outgoing_speaks       --            (the network, before an answer; in no column)
outgoing_held         held, version (the operator's phone; in no column)
outgoing_ended        result, cause, code, q850 (in no column)
====================  =========================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ivr.store.rows import JournalRow, Row, Tables

MOMENTS = {
    "outgoing_seat_rings": "seat_ringing",
    "outgoing_seat_up": "seat_answered",
    "outgoing_dialled": "dialled",
    "outgoing_rings": "ringing",
    "outgoing_up": "answered",
}


def _started(tables: Tables, fact: JournalRow) -> None:
    call_id = fact.call_id or ""
    data = fact.data
    row: Row = {"id": call_id, "callback_id": data["callback_id"], "case_id": data["case_id"]}
    row |= {"party_id": data["party_id"], "who": data["who"], "seat": data["seat"], "owner": data["owner"]}
    row |= {"started": fact.at, "ended": None, "result": "", "cause": "", "code": 0}
    row |= dict.fromkeys(MOMENTS.values())
    tables.put("outgoing_calls", row)


def _moment(tables: Tables, fact: JournalRow) -> None:
    if (row := tables.outgoing_calls.get(fact.call_id or "")) is not None:
        column = MOMENTS[fact.name]
        if row[column] is None:
            row[column] = fact.at
            tables.put("outgoing_calls", row)


def _ended(tables: Tables, fact: JournalRow) -> None:
    row = tables.outgoing_calls.get(fact.call_id or "")
    if row is not None and row["ended"] is None:
        row["ended"] = fact.at
        row |= {name: fact.data[name] for name in ("result", "cause", "code")}
        tables.put("outgoing_calls", row)


FOLDS: Mapping[str, Callable[[Tables, JournalRow], None]] = {
    "outgoing_started": _started,
    "outgoing_ended": _ended,
    **dict.fromkeys(MOMENTS, _moment),
}
