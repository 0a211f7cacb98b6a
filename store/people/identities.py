"""Sealed identities and who asks for them (B10), as they stand; inside the caller's transaction."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from store.sql import Row, first, table

SEALED, REQUESTS, CASES = table("sealed_identities"), table("identity_requests"), table("cases")
LIMIT = 200


def add(connection: Connection, row: Row) -> None:
    """Keep a sealed identity."""
    connection.execute(insert(SEALED), row)


def sealed(connection: Connection, case_id: str) -> Row | None:
    """The sealed identity of a case."""
    return first(connection, select(SEALED).where(SEALED.c.case_id == case_id))


def is_sealed(connection: Connection, case_id: str) -> bool:
    """Is an identity sealed for this case?"""
    return connection.scalar(select(SEALED.c.case_id).where(SEALED.c.case_id == case_id)) is not None


def ask(connection: Connection, row: Row) -> None:
    """Keep a request."""
    connection.execute(insert(REQUESTS), {**row, "decided_by": "", "answer": ""})


def waits(connection: Connection, case_id: str) -> bool:
    """Does a request of this case wait for the custodian?"""
    open_ = select(REQUESTS.c.id).where(REQUESTS.c.case_id == case_id, REQUESTS.c.decided.is_(None))
    return connection.scalar(open_) is not None


def request(connection: Connection, request_id: str) -> Row | None:
    """The request of that id, held until the transaction ends."""
    return first(connection, select(REQUESTS).where(REQUESTS.c.id == request_id).with_for_update())


def decide(connection: Connection, request_id: str, *, at: int, who: str, opened: bool, answer: str) -> None:
    """Write down what the custodian said."""
    change = update(REQUESTS).where(REQUESTS.c.id == request_id)
    connection.execute(change.values(decided=at, decided_by=who, opened=opened, answer=answer))


def requests(connection: Connection, case_id: str | None = None) -> list[Row]:
    """The requests with their case's number, those that wait first, then the newest."""
    query = select(REQUESTS, CASES.c.number, CASES.c.received).join(CASES, CASES.c.id == REQUESTS.c.case_id)
    if case_id is not None:
        query = query.where(REQUESTS.c.case_id == case_id)
    query = query.order_by(REQUESTS.c.decided.is_not(None), REQUESTS.c.asked.desc(), REQUESTS.c.id.desc())
    return [dict(row) for row in connection.execute(query.limit(LIMIT)).mappings()]
