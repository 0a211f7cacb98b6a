"""Whom to call, without a time window and one entry per number: due answers, missed calls, follow-ups.

    found = entries(connection, "missed", now, rules)    # everybody, in order
    told(connection, found[:50])                         # the same with what their cases and calls are about
    settle_missed(connection, now)                 # entries whose caller reached us meanwhile close themselves

What the figures K15 and K20 count of them is in :mod:`store.figures.figures`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from sqlalchemy import Connection, Executable, and_, bindparam, func, select

from ivr.cases.deadlines import CasePolicy
from ivr.cases.kinds import of
from ivr.cases.worklist import HOUR_MS, in_calling_hours, may_call
from ivr.facts.callbacks import CallbackEnded
from ivr.ledger import Fact
from store.journal.entries import append_facts
from store.sql import Row, table

CALLBACKS, ATTEMPTS, PARTIES = table("callbacks"), table("callback_attempts"), table("parties")
CASES, CALLS = table("cases"), table("calls")
KINDS = ("answer", "missed", "followup")
REACHED_US = ("answered", "callback")  # outcomes of a later call that make calling back unnecessary
AT_ONCE = 500  # rows asked for by their ids


@dataclass(frozen=True)
class WorklistEntry:
    """One number to be called, and everything that is owed to it. ``due``: the earliest promise (UTC ms)."""

    kind: str
    party_id: str
    callbacks: tuple[Row, ...]  # the most pressing first
    due: int
    next_at: int
    tries: int
    last_result: str
    may_call: bool

    @property
    def first(self) -> Row:
        """What it is about: the one that is due first."""
        return self.callbacks[0]


def entries(
    connection: Connection, kind: str, now: int, rules: CasePolicy, *, without: str = ""
) -> list[WorklistEntry]:
    """All open entries of a list, the most pressing first; of each callback what order and owner need.

    ``without``: what is owed because of that (``rating``) is left out.
    """
    query = (
        select(
            CALLBACKS.c.id, CALLBACKS.c.party_id, CALLBACKS.c.created, CALLBACKS.c.state, CALLBACKS.c.tries,
            CALLBACKS.c.next_at, CALLBACKS.c.agreed, CALLBACKS.c.last_at, CALLBACKS.c.last_result,
            PARTIES.c.number_hmac, CASES.c.kind.label("case_kind"), CASES.c.due_ms, CASES.c.owner,
        )
        .join(PARTIES, PARTIES.c.id == CALLBACKS.c.party_id)
        .outerjoin(CASES, CASES.c.id == CALLBACKS.c.case_id)
        .where(
            CALLBACKS.c.state == "open", CALLBACKS.c.kind == kind, PARTIES.c.number_hmac.is_not(None),
            CALLBACKS.c.test.is_(False),
        )
        .order_by(CALLBACKS.c.created + 0, CALLBACKS.c.id)  # so that SQLite goes by what is open, not by age
    )  # fmt: skip
    if without:
        query = query.where(CALLBACKS.c.because != without)
    found = connection.execute(query)
    names = list(found.keys())
    groups: dict[str, list[Row]] = {}
    for values in found.all():
        row = dict(zip(names, values, strict=True))
        row["due_at"] = _due(kind, row, rules)
        groups.setdefault(row["number_hmac"], []).append(row)
    hours = in_calling_hours(now, rules)
    ordered = [_entry(kind, rows, now, hours) for rows in groups.values()]
    return sorted(ordered, key=lambda entry: (entry.due, entry.next_at))


def _entry(kind: str, rows: list[Row], now: int, hours: bool) -> WorklistEntry:
    rows.sort(key=lambda row: (row["due_at"], row["id"]))
    first, last = rows[0], max(rows, key=lambda row: row["last_at"] or 0)
    urgent = any(of(row["case_kind"]).urgent for row in rows)
    return WorklistEntry(
        kind, first["party_id"], tuple(rows), first["due_at"], min(row["next_at"] for row in rows),
        max(row["tries"] for row in rows), last["last_result"],
        any(may_call(row["next_at"], row["agreed"], now, hours, urgent=urgent) for row in rows),
    )  # fmt: skip


def described(connection: Connection, found: Sequence[WorklistEntry]) -> list[WorklistEntry]:
    """Return the entries with what their cases and calls are about."""
    every = [row["id"] for entry in found for row in entry.callbacks]
    about: dict[str, Row] = {}
    for first in range(0, len(every), AT_ONCE):
        query = (
            select(
                CALLBACKS, CASES.c.number, CASES.c.due, CASES.c.category, CASES.c.status, CASES.c.reopened,
                CALLS.c.window, CALLS.c.arrived, CALLS.c.human_wait, CALLS.c.outcome.label("call_outcome"),
            )
            .outerjoin(CASES, CASES.c.id == CALLBACKS.c.case_id)
            .outerjoin(CALLS, CALLS.c.id == CALLBACKS.c.call_id)
            .where(CALLBACKS.c.id.in_(every[first : first + AT_ONCE]))
        )  # fmt: skip
        about |= {row["id"]: dict(row) for row in connection.execute(query).mappings().all()}
    return [
        replace(entry, callbacks=tuple(row | about.get(row["id"], {}) for row in entry.callbacks)) for entry in found
    ]


def _due(kind: str, row: Row, rules: CasePolicy) -> int:
    """When it is to be done: the case's due date; a missed call within the profile's hours."""
    if kind == "answer" and row["due_ms"] is not None:
        return int(row["due_ms"])
    return int(row["created"]) + rules.profile.missed_call_back_h * HOUR_MS


def attempts(connection: Connection, callback_ids: Sequence[str]) -> dict[str, list[Row]]:
    """Every attempt of these entries: who, when, result; oldest first."""
    found: dict[str, list[Row]] = {one: [] for one in callback_ids}
    query = select(ATTEMPTS).where(ATTEMPTS.c.callback_id.in_(list(callback_ids)))
    for row in connection.execute(query.order_by(ATTEMPTS.c.at, ATTEMPTS.c.id)).mappings():
        found[row["callback_id"]].append(dict(row))
    return found


def reached_us(connection: Connection, limit: int = 50) -> list[tuple[str, str, str]]:
    """Open missed calls whose number reached us later: (callback, its call, the later call)."""
    rows = connection.execute(_reached_us(), {"most": limit})
    return [(str(callback), str(call), str(by)) for callback, call, by in rows]


@cache
def _reached_us() -> Executable:
    """Asked every few seconds, so it is built once."""
    theirs, later = PARTIES.alias("theirs"), CALLS.alias("later")
    # As expressions, so that SQLite goes from the number to its few calls, and not through all that were answered.
    since, came_to = later.c.arrived + 0, func.coalesce(later.c.outcome, "")
    return (
        select(CALLBACKS.c.id, CALLBACKS.c.call_id, func.min(later.c.id))
        .join(PARTIES, PARTIES.c.id == CALLBACKS.c.party_id)
        .join(theirs, theirs.c.number_hmac == PARTIES.c.number_hmac)
        .join(later, and_(later.c.party_id == theirs.c.id, since >= CALLBACKS.c.created))
        .where(CALLBACKS.c.kind == "missed", CALLBACKS.c.state == "open", came_to.in_(REACHED_US))
        .group_by(CALLBACKS.c.id, CALLBACKS.c.call_id)
        .order_by(CALLBACKS.c.id)
        .limit(bindparam("most"))
    )


def settle_missed(connection: Connection, now: int, found: Sequence[tuple[str, str, str]] | None = None) -> int:
    """Close missed calls whose number reached us later (``found``, else asked for here); how many."""
    closed = 0
    for callback_id, call_id, by in reached_us(connection) if found is None else found:
        # Held and looked at again: another sweeper may have been first.
        open_ = select(CALLBACKS.c.id).where(CALLBACKS.c.id == callback_id, CALLBACKS.c.state == "open")
        if connection.scalar(open_.with_for_update()) is None:
            continue
        times = connection.execute(select(CALLS.c.agent_answered, CALLS.c.ended).where(CALLS.c.id == by)).one()
        reached = times.agent_answered or times.ended or now
        said = CallbackEnded(callback_id=callback_id, outcome="reached_us", by=by, reached=reached)
        append_facts(connection, [Fact(now, said)], call_id=call_id)
        closed += 1
    return closed
