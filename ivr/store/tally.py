"""Calls counted by the database: the same :class:`Tally` as ``Tally.of`` makes from records, for a year at once.

The database groups and sums; no formula is here. ``records`` is the same question row by row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from ivr.metrics.records import HOUR_MS, LateCalls, Limits, Request, RequestOutcome
from ivr.metrics.tally import Hours, Tally
from ivr.store.fold import NORMAL_ENDS
from ivr.store.models import Call

CLASSES: dict[str, RequestOutcome] = {"abandoned": "abandoned", "callback": "callback", "failed": "failed"}
DAY_MS = 24 * HOUR_MS

ANSWERED = Call.agent_answered.is_not(None)
# What is still in the queue has no wait yet, so whatever has one is of some class; a stepped clock makes it negative.
SOUND = and_(Call.human_wait >= 0, Call.test.is_(False))
CUT = and_(Call.released_by == "us", Call.cause.not_in(NORMAL_ENDS))
TALK = Call.agent_left - Call.agent_answered


def records(session: Session, from_ms: int, to_ms: int, window: str | None = None) -> Iterator[Request]:
    """The requests for a person among the calls that arrived in ``[from_ms, to_ms)``, one by one."""
    query = select(
        Call.outcome, Call.agent_answered, Call.agent_left, Call.human_wait, Call.agent_ring_wait, Call.network_wait,
        Call.test, Call.human_requested, Call.arrived, Call.released_by, Call.cause,
    ).where(*_asked(from_ms, to_ms, window))  # fmt: skip
    for row in session.execute(query):
        yield _record(row)


def _record(row: Any) -> Request:
    outcome, answered, left, wait, ring, network, test, requested, arrived, by, cause = row
    return Request(
        "waiting" if wait is None else "answered" if answered is not None else CLASSES.get(outcome, "failed"),
        wait or 0,
        ring,
        network,
        test,
        (requested or 0) - arrived,
        left - answered if left is not None and answered is not None else None,
        by == "us" and cause not in NORMAL_ENDS,
        arrived,
    )


def tally(session: Session, from_ms: int, to_ms: int, limits: Limits, window: str | None = None) -> Tally:
    """The requests of the period, counted."""
    asked, talked = _asked(from_ms, to_ms, window), and_(ANSWERED, SOUND)
    clock = {"human_wait": Call.human_wait, "agent_ring": Call.agent_ring_wait, "network_answer": Call.network_wait}[
        limits.clock
    ]
    row = session.execute(
        select(
            func.count().filter(Call.test),
            func.count().filter(Call.human_wait.is_(None), Call.test.is_(False)),
            func.count().filter(Call.human_wait < 0, Call.test.is_(False)),
            func.count().filter(clock <= limits.limit, talked),
            func.count(TALK).filter(talked),
            func.sum(TALK).filter(talked),
            func.count().filter(CUT, talked),
            func.sum(Call.human_requested - Call.arrived).filter(SOUND),
        ).where(*asked)
    ).one()
    # A sum of nothing is None, and PostgreSQL sums to a Decimal.
    test, waiting, errors, in_limit, n, talk_ms, cut, lead_ms = (int(value or 0) for value in row)
    waits: Counter[tuple[RequestOutcome, int]] = Counter()
    answered = select(Call.human_wait, func.count()).where(*asked, talked).group_by(Call.human_wait)
    for wait, count in session.execute(answered):
        waits["answered", wait or 0] = count
    others = select(Call.outcome, Call.human_wait, func.count()).where(*asked, SOUND, Call.agent_answered.is_(None))
    for outcome, wait, count in session.execute(others.group_by(Call.outcome, Call.human_wait)):
        waits[CLASSES.get(outcome, "failed"), wait or 0] = count
    return Tally(test, waiting, errors, waits, in_limit, n, talk_ms, cut, lead_ms)


def hours(session: Session, from_ms: int, to_ms: int, window: str | None = None) -> Hours:
    """Offered and answered by hour, from a day before the period (K1g looks back 24 hours)."""
    hour = Call.arrived // HOUR_MS
    found = Hours()
    query = (
        select(hour, func.count(), func.count(Call.agent_answered))
        .where(*_asked(from_ms - DAY_MS, to_ms, window), SOUND)
        .group_by(hour)
    )
    for at, offered, answered in session.execute(query):
        found.offered[int(at)], found.answered[int(at)] = offered, answered
    return found


def late_calls(session: Session, from_ms: int, to_ms: int, limits: Limits, window: str | None = None) -> LateCalls:
    """Calls the system answered late (S4-29), whether a person was asked for or not."""
    real = Call.test.is_(False)
    late, apologised, test = session.execute(
        select(
            func.count().filter(real), func.count().filter(real, Call.late_apology), func.count().filter(Call.test)
        ).where(*_arrived(from_ms, to_ms, window), Call.network_wait >= limits.apology)
    ).one()
    return LateCalls(late, apologised, test)


def windows(session: Session, from_ms: int, to_ms: int) -> list[str]:
    """The windows that were asked for in the period."""
    query = select(Call.window).where(*_asked(from_ms, to_ms, None)).distinct().order_by(Call.window)
    return list(session.scalars(query))


def _arrived(from_ms: int, to_ms: int, window: str | None) -> tuple[ColumnElement[bool], ...]:
    within = (Call.arrived >= from_ms, Call.arrived < to_ms)
    return within if window is None else (*within, Call.window == window)


def _asked(from_ms: int, to_ms: int, window: str | None) -> tuple[ColumnElement[bool], ...]:
    return (*_arrived(from_ms, to_ms, window), Call.human_requested.is_not(None))
