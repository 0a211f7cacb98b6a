"""The only writer of the derived tables: load what the facts touch, fold, write back.

Used in the transaction that writes the journal rows, so journal and derived rows never disagree.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from functools import cache

from sqlalchemy import Connection, Executable, bindparam, select

from ivr.cases.case import CallbackRow, CaseRow
from ivr.facts.base import Content
from ivr.facts.callbacks import CallbackAttempted, CallbackEnded
from ivr.facts.calls import PartySealed, RatedFact, RatingInvited, Recorded, RecordingPruned
from ivr.facts.opened import CaseOpenedFact
from ivr.projections.fold import FOLDS, LEG_FACTS, fold
from ivr.projections.outages import FOLDS as OUTAGES
from ivr.projections.outgoing import FOLDS as OUTGOING
from ivr.projections.rows import (
    AnyRow,
    CallbackAttemptRow,
    CallRow,
    CaseDueRow,
    CaseStepRow,
    LegRow,
    LineQualityRow,
    OutageCustomerRow,
    OutageRow,
    OutgoingCallRow,
    RatingRow,
    RecordingRow,
    Tables,
)
from ivr.rows import DerivedRow
from store import derived
from store.derived import rows_by
from store.journal import hourly
from store.sql import table

DERIVED: Mapping[str, type[DerivedRow]] = {
    kind.TABLE: kind
    for kind in (
        CallRow, LegRow, CaseRow, CaseStepRow, CaseDueRow, CallbackRow, CallbackAttemptRow, RecordingRow,
        LineQualityRow, RatingRow, OutgoingCallRow, OutageRow, OutageCustomerRow,
    )
}  # fmt: skip


def apply(connection: Connection, rows: Sequence[AnyRow]) -> None:
    """Bring the derived tables up to date with journal rows just written, in their order."""
    facts = [row for row in rows if type(row.content) in FOLDS]
    if facts:
        tables = load(connection, facts)
        for fact in facts:
            fold(tables, fact)
        save(connection, tables)


def load(connection: Connection, facts: Sequence[AnyRow]) -> Tables:
    """The rows ``facts`` may read or change, and no others."""
    kinds = {type(fact.content) for fact in facts}

    def calls_of(wanted: Collection[type[Content]]) -> set[str]:
        return {fact.call_id for fact in facts if fact.call_id and type(fact.content) in wanted}

    tables = Tables()
    tables.calls = rows_by(connection, CallRow, "id", {fact.call_id for fact in facts if fact.call_id})
    if kinds & OUTGOING.keys():
        tables.outgoing_calls = rows_by(connection, OutgoingCallRow, "id", calls_of(OUTGOING))
    if kinds & LEG_FACTS:
        tables.legs = rows_by(connection, LegRow, "call_id", calls_of(LEG_FACTS))
    with_recordings = calls_of((Recorded, CaseOpenedFact))
    if with_recordings:
        tables.recordings = rows_by(connection, RecordingRow, "call_id", with_recordings)
    if RecordingPruned in kinds:
        pruned = {one.recording_id for fact in facts if isinstance(one := fact.content, RecordingPruned)}
        tables.recordings |= rows_by(connection, RecordingRow, "id", pruned)
    if Recorded in kinds:
        tables.wanted = _wanted(connection, calls_of((Recorded,)))
    if notices := {fact.case_id for fact in facts if fact.case_id and type(fact.content) in OUTAGES}:
        tables.outages = rows_by(connection, OutageRow, "id", notices, lock=True)
        tables.outage_customers = rows_by(connection, OutageCustomerRow, "outage_id", notices)
    case_ids = {fact.case_id for fact in facts if fact.case_id and type(fact.content) not in OUTAGES}
    if case_ids:
        tables.cases = rows_by(connection, CaseRow, "id", case_ids, lock=True)
        tables.callbacks = rows_by(connection, CallbackRow, "case_id", case_ids, lock=True)
    if PartySealed in kinds:
        tables.cases |= rows_by(connection, CaseRow, "call_id", calls_of((PartySealed,)), lock=True)
    of_calls = calls_of((PartySealed, CaseOpenedFact, CallbackAttempted, CallbackEnded))
    if ratings_of := calls_of((RatingInvited, RatedFact, CallbackAttempted)):
        tables.ratings = rows_by(connection, RatingRow, "call_id", ratings_of, lock=True)
    if CallbackAttempted in kinds and case_ids:
        tables.ratings |= rows_by(connection, RatingRow, "case_id", case_ids, lock=True)
    if of_calls:
        tables.callbacks |= rows_by(connection, CallbackRow, "call_id", of_calls, lock=True)
    return tables


def save(connection: Connection, tables: Tables) -> None:
    """Write every changed row, one statement per table."""
    for name in DERIVED:
        rows = [getattr(tables, name)[key] for kind, key in tables.changed if kind == name]
        derived.write(connection, rows)
    arrivals = [tables.calls[key].arrived for kind, key in tables.changed if kind == "calls"]
    if arrivals:
        hourly.reopen(connection, arrivals)


def _wanted(connection: Connection, calls: Collection[str]) -> dict[tuple[str, str], str]:
    opened = connection.execute(_cases_opened(), {"calls": list(calls)})
    return {
        (call_id, token): case_id
        for call_id, case_id, data in opened
        for token in json.loads(data).get("recordings", ())
    }


@cache
def _cases_opened() -> Executable:
    journal = table("journal")
    query = select(journal.c.call_id, journal.c.case_id, journal.c.data).where(journal.c.name == "case_opened")
    return query.where(journal.c.call_id.in_(bindparam("calls", expanding=True)))
