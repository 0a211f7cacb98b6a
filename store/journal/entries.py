"""The journal: the one way to write to it is together with what is derived from it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence

from sqlalchemy import Connection, RowMapping, insert, select, text
from sqlalchemy.orm import Session

from ivr.facts import base
from ivr.ledger import Fact
from ivr.projections.rows import AnyRow, JournalRow
from ivr.scrubbing import without_numbers
from store import aside
from store.ids import uuid7
from store.journal import projection
from store.schema import Call, Journal
from store.sql import table

JOURNAL = table("journal")
JOURNAL_LOCK = 0x686A  # PostgreSQL advisory lock: who writes shares it, a rebuild holds it alone
_INSERT = insert(JOURNAL)
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_SHARED_LOCK = text("SELECT pg_advisory_xact_lock_shared(:lock)")


def new_row(fact: Fact, *, call_id: str | None = None, case_id: str | None = None) -> AnyRow:
    """The row of a fact. It gets its id here, so that writing it a second time is noticed."""
    return JournalRow(uuid7(), fact.at, fact.content, without_numbers(fact.reason), call_id, case_id)


def read_row(row: RowMapping) -> AnyRow:
    """The row as it stands in the table; its content is ``NotUnderstood`` when this version cannot read it."""
    content = base.read(row["name"], row["version"], json.loads(row["data"]), row["kind"])
    return JournalRow(row["id"], row["at"], content, row["reason"], row["call_id"], row["case_id"])


def append(connection: Connection, rows: Sequence[AnyRow]) -> None:
    """Write ``rows`` in order, and bring the derived tables up to date in the same transaction."""
    if rows:
        if connection.dialect.name == "postgresql":
            connection.execute(_SHARED_LOCK, {"lock": JOURNAL_LOCK})
        connection.execute(_INSERT, [values_of(row) for row in rows])
        projection.apply(connection, rows)
        for row in rows:
            if type(row.content) is base.NotUnderstood:  # from the spool of another version
                aside.fact(connection, row)


def append_facts(
    connection: Connection, facts: Iterable[Fact], *, call_id: str | None = None, case_id: str | None = None
) -> None:
    """Journal facts that no call's turn carries (a case was replied to, somebody exported it ...)."""
    append(connection, [new_row(fact, call_id=call_id, case_id=case_id) for fact in facts])


def written(connection: Connection, ids: Collection[str]) -> set[str]:
    """Which of these journal ids are in the table already."""
    if not ids:
        return set()
    return set(connection.scalars(select(JOURNAL.c.id).where(JOURNAL.c.id.in_(ids))))


def read(connection: Connection, *, call_id: str | None = None, case_id: str | None = None) -> Iterator[AnyRow]:
    """The journal of one call or one case, in order."""
    query = select(JOURNAL).order_by(JOURNAL.c.seq)
    query = query.where(JOURNAL.c.call_id == call_id) if call_id is not None else query
    query = query.where(JOURNAL.c.case_id == case_id) if case_id is not None else query
    for row in connection.execute(query).mappings():
        yield read_row(row)


def latest(session: Session, limit: int, call: str = "") -> list[Journal]:
    """The latest rows, oldest of them first. ``call``: only of this call (its id or SIP Call-ID)."""
    query = select(Journal).order_by(Journal.seq.desc()).limit(limit)
    if call:
        by_ref = select(Call.id).where(Call.ref == call)
        query = query.where((Journal.call_id == call) | Journal.call_id.in_(by_ref))
    return list(session.scalars(query))[::-1]


def values_of(row: AnyRow) -> dict[str, object]:
    """The row as it stands in the table."""
    content = row.content
    data = base.data_of(content)
    return {
        "id": row.id,
        "at": row.at,
        "call_id": row.call_id,
        "case_id": row.case_id,
        "kind": base.kind_of(content),
        "name": row.name,
        "version": base.version_of(content),
        "data": _COMPACT.encode(data) if data else "{}",
        "reason": row.reason,
    }
