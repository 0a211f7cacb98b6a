"""Cases and callbacks as who acts on them needs them: held until the transaction ends, so that nobody else acts too.

Each function works inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, or_, select

from ivr.cases.case import CallbackRow, CaseRow
from ivr.cases.kinds import ids
from store import derived
from store.sql import table

CASES, CALLBACKS, PARTIES = table("cases"), table("callbacks"), table("parties")
SIMILAR_MAX = 50


def held(connection: Connection, case_id: str) -> CaseRow | None:
    """The case of that id or number."""
    query = derived.query(CaseRow).where((CASES.c.id == case_id) | (CASES.c.number == case_id))
    return derived.first(connection, CaseRow, query.with_for_update())


def kind_of(connection: Connection, case_id: str) -> str:
    """The kind of the case of that id, which is there; nobody is held up."""
    return str(connection.scalar(select(CASES.c.kind).where(CASES.c.id == case_id)))


def is_registered(connection: Connection, command_id: str) -> bool:
    """Was a case made by that command already?"""
    return connection.scalar(select(CASES.c.id).where(CASES.c.command_id == command_id)) is not None


def of_number(connection: Connection, number_hmac: str, since: int) -> list[CaseRow]:
    """Cases received at ``since`` (UTC ms) or later of whoever has that number, newest first; no anonymous ones."""
    same = select(PARTIES.c.id).where(PARTIES.c.number_hmac == number_hmac)
    query = derived.query(CaseRow).where(
        CASES.c.party_id.in_(same), CASES.c.received >= since, CASES.c.anonymous.is_(False)
    )
    newest = query.order_by(CASES.c.received.desc(), CASES.c.id.desc()).limit(SIMILAR_MAX)
    return derived.found(connection, CaseRow, newest)


def number_hmac_of(connection: Connection, party_id: str | None) -> str | None:
    """By what a person's number is looked up."""
    return connection.scalar(select(PARTIES.c.number_hmac).where(PARTIES.c.id == party_id))


def urgent_of_nobody(connection: Connection, since: int) -> list[CaseRow]:
    """Urgent cases told by telephone since then (UTC ms) that nobody has, oldest first."""
    nobodys = (CASES.c.status.in_(("received", "classified")), CASES.c.owner == "", CASES.c.channel == "phone")
    urgent = CASES.c.kind.in_(ids(lambda kind: kind.urgent))
    query = derived.query(CaseRow).where(urgent, CASES.c.received > since, *nobodys).order_by(CASES.c.received)
    return derived.found(connection, CaseRow, query)


def next_to_watch(connection: Connection, now: int, within_ms: int | None, without: Collection[str]) -> str | None:
    """The case whose next action is due longest, but for those of ``without``; its id.

    ``within_ms``: only one that is promised within so long, or is major.
    """
    query = select(CASES.c.id).where(CASES.c.next_action_at <= now, CASES.c.id.not_in(list(without)))
    if within_ms is not None:
        query = query.where(or_(CASES.c.flag == "major", CASES.c.due_ms - CASES.c.span_from < within_ms))
    return connection.scalar(query.order_by(CASES.c.next_action_at, CASES.c.id).limit(1))


# --- due dates that may be counted anew ----------------------------------------------------


def promised(connection: Connection, after: str, limit: int) -> list[CaseRow]:
    """Open cases whose due date nobody decided on, by id, those behind ``after``."""
    query = derived.query(CaseRow).where(*_undecided(), CASES.c.id > after).order_by(CASES.c.id).limit(limit)
    return derived.found(connection, CaseRow, query)


def still_promised(connection: Connection, case_id: str) -> CaseRow | None:
    """The case, held, if it is one of :func:`promised`."""
    query = derived.query(CaseRow).where(CASES.c.id == case_id, *_undecided())
    return derived.first(connection, CaseRow, query.with_for_update())


def _undecided() -> tuple[ColumnElement[bool], ...]:
    nothing = (CASES.c.replied, CASES.c.closed, CASES.c.arrived, CASES.c.paused)
    return (
        CASES.c.due_ms.is_not(None), *(column.is_(None) for column in nothing), CASES.c.extended.is_(False),
        CASES.c.paused_ms == 0,
    )  # fmt: skip


# --- callbacks -----------------------------------------------------------------------------


def callback(connection: Connection, callback_id: str, *, hold: bool = True) -> CallbackRow | None:
    """The callback of that id."""
    query = derived.query(CallbackRow).where(CALLBACKS.c.id == callback_id)
    return derived.first(connection, CallbackRow, query.with_for_update() if hold else query)


def open_follow_up(connection: Connection, case_id: str) -> CallbackRow | None:
    """The case's follow-up that was not made yet."""
    query = derived.query(CallbackRow).where(
        CALLBACKS.c.case_id == case_id, CALLBACKS.c.kind == "followup", CALLBACKS.c.state == "open"
    )
    return derived.first(connection, CallbackRow, query.with_for_update())


def of_same_number(connection: Connection, callback: CallbackRow) -> list[CallbackRow]:
    """The other open callbacks of the same list and number, held."""
    hmac = select(PARTIES.c.number_hmac).where(PARTIES.c.id == callback.party_id).scalar_subquery()
    query = (
        derived.query(CallbackRow)
        .join(PARTIES, PARTIES.c.id == CALLBACKS.c.party_id)
        .where(
            PARTIES.c.number_hmac == hmac, CALLBACKS.c.kind == callback.kind, CALLBACKS.c.state == "open",
            CALLBACKS.c.id != callback.id,
        )
        .order_by(CALLBACKS.c.id)
        .with_for_update(of=CALLBACKS)
    )  # fmt: skip
    return derived.found(connection, CallbackRow, query)
