"""Calls and cases of a period in order of time, each with its person's number, for exports.

The number comes in the clear and must go through :func:`ivr.masking.mask`; of an anonymous report, and of the call
it came from, there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from store.people.parties import Parties
from store.schema import Call, Case

PIECE = 500  # rows fetched at once


def calls(session: Session, parties: Parties, from_ms: int, to_ms: int) -> Iterator[tuple[Call, str]]:
    """The calls that arrived in ``[from_ms, to_ms)``."""
    anonymous = exists().where(Case.call_id == Call.id, Case.anonymous)
    query = (
        select(Call, Call.party_id, anonymous)
        .where(Call.arrived >= from_ms, Call.arrived < to_ms)
        .order_by(Call.arrived, Call.id)
    )
    yield from _numbered(session, parties, query)


def cases(session: Session, parties: Parties, from_ms: int, to_ms: int) -> Iterator[tuple[Case, str]]:
    """The cases received in ``[from_ms, to_ms)``."""
    query = (
        select(Case, Case.party_id, Case.anonymous)
        .where(Case.received >= from_ms, Case.received < to_ms)
        .order_by(Case.received, Case.id)
    )
    yield from _numbered(session, parties, query)


def _numbered(session: Session, parties: Parties, query: Any) -> Iterator[tuple[Any, str]]:
    connection = session.connection()
    for piece in session.execute(query.execution_options(yield_per=PIECE)).partitions():
        wanted = [party for _, party, anonymous in piece if party and not anonymous]
        numbers = parties.numbers(connection, wanted)
        for row, party, anonymous in piece:
            yield row, "" if anonymous else numbers.get(party or "", "")
        session.expunge_all()  # rows that were handed on are let go
