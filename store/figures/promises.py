"""Promises made about cases: the one that stands, and those that stood before a case was reopened.

A reopened case is promised anew. What was promised before was kept or broken, and stays so: reopening a case
that was answered late must not take its lateness out of the figures.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_, select
from sqlalchemy.orm import Session

from ivr.kpi.records import HOUR_MS, DueCase
from ivr.projections.fold import fold
from ivr.projections.rows import Tables
from store.journal import entries
from store.schema import Call, Case, CaseDue

ROLL_MAX_MS = 60 * 24 * HOUR_MS
REOPENED = "case_reopened"
PIECE = 500  # cases whose journal is read at once


def due_cases(session: Session, from_ms: int, to_ms: int, window: str | None = None) -> Iterator[DueCase]:
    """Promises whose time, or the stricter one, ends in ``[from_ms, to_ms)``."""
    begun = case((Case.reopened > 0, Case.span_from), else_=Case.received)
    query = (
        select(
            Case.kind, Case.due_ms, Case.replied, Case.test, Case.unrolled_ms, begun, Case.arrived, Case.closed,
            Case.paused.is_not(None), Case.id,
        )
        .where(_due_in(from_ms, to_ms), *of_window(window))
    )  # fmt: skip
    rows = session.execute(with_calls(query, window))
    for kind, due, replied, test, unrolled, received, arrived, closed, paused, id_ in rows:
        yield DueCase(kind, due or 0, replied, test, unrolled, received, arrived, closed, paused, id_)
    yield from _before(session, from_ms, to_ms, window)


def _before(session: Session, from_ms: int, to_ms: int, window: str | None) -> Iterator[DueCase]:
    """Those of cases that were reopened since."""
    query = (
        select(Case.id, Case.test)
        .join(CaseDue, CaseDue.case_id == Case.id)
        .where(
            CaseDue.cause == REOPENED, CaseDue.was_ms >= from_ms, CaseDue.was_ms < to_ms + ROLL_MAX_MS,
            *of_window(window),
        )
        .distinct()
        .order_by(Case.id)
    )  # fmt: skip
    tests = {case_id: bool(test) for case_id, test in session.execute(with_calls(query, window))}
    ids = list(tests)
    for first in range(0, len(ids), PIECE):
        for case_id, promises in _read(session, ids[first : first + PIECE]).items():
            for promise in promises:
                if from_ms <= promise.due < to_ms or from_ms <= promise.strict < to_ms:
                    yield replace(promise, test=tests[case_id])


def _read(session: Session, ids: Collection[str]) -> dict[str, list[DueCase]]:
    """The promise at every reopening of these cases, as the journal tells it."""
    rows = entries.JOURNAL
    query = select(rows).where(rows.c.case_id.in_(ids), rows.c.name.like("case\\_%", escape="\\")).order_by(rows.c.seq)
    tables, found = Tables(), {case_id: list[DueCase]() for case_id in ids}
    for row in session.execute(query).mappings():
        fact = entries.read_row(row)
        was = tables.cases.get(fact.case_id or "")
        if fact.name == REOPENED and was is not None and was.due_ms is not None:
            begun = was.span_from if was.reopened else was.received
            found[was.id].append(
                DueCase(
                    was.kind, was.due_ms, was.replied, False, was.unrolled_ms, begun, was.arrived,
                    was.closed, id=was.id,
                )
            )  # fmt: skip
        fold(tables, fact)
    return found


def _due_in(from_ms: int, to_ms: int) -> ColumnElement[bool]:
    # The stricter end is never later than the promised one, nor further before it than a holiday is long.
    near = and_(Case.due_ms >= from_ms, Case.due_ms < to_ms + ROLL_MAX_MS)
    return and_(near, or_(Case.due_ms < to_ms, and_(Case.unrolled_ms >= from_ms, Case.unrolled_ms < to_ms)))


def with_calls(query: Any, window: str | None) -> Any:
    """The query with each case's call, whose window counts when the case has none."""
    return query if window is None else query.outerjoin(Call, Call.id == Case.call_id)


def of_window(window: str | None) -> tuple[ColumnElement[bool], ...]:
    """Only cases of this window, or of calls to it."""
    return () if window is None else (or_(Case.window == window, and_(Case.window == "", Call.window == window)),)
