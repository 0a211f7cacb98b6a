"""The one way to a figure: board, API, reports and command line all ask here."""

from __future__ import annotations

import time
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.metrics import formulas
from ivr.metrics.records import DueCase, Figure, Limits, Period, Request, RequestOutcome
from ivr.profile import Profile
from ivr.store.models import Call, Case

CLASSES: dict[str, RequestOutcome] = {"abandoned": "abandoned", "callback": "callback", "failed": "failed"}


def limits(profile: Profile) -> Limits:
    """What the figures need of a profile."""
    return Limits(
        profile.name,
        profile.answer.clock,
        profile.answer.limit_ms,
        round(profile.figures.short_s * 1000),
        tuple(round(level * 1000) for level in profile.figures.service_level_s),
    )


def requests(session: Session, from_ms: int, to_ms: int) -> Iterator[Request]:
    """The requests for a person among the calls that arrived in ``[from_ms, to_ms)``."""
    query = select(
        Call.outcome,
        Call.agent_answered,
        Call.human_wait,
        Call.agent_ring_wait,
        Call.network_wait,
        Call.test,
    ).where(Call.arrived >= from_ms, Call.arrived < to_ms, Call.human_requested.is_not(None))
    for outcome, answered, wait, ring, network, test in session.execute(query):
        # A call that is being spoken is answered already; one that still waits is of no class yet.
        kind = "answered" if answered is not None else CLASSES.get(outcome, "waiting")
        yield Request(kind, wait or 0, ring, network, test)


def due_cases(session: Session, from_ms: int, to_ms: int) -> Iterator[DueCase]:
    """Cases whose promised time ends in ``[from_ms, to_ms)``."""
    query = (
        select(Case.kind, Case.due_ms, Case.replied, Call.test)
        .outerjoin(Call, Call.id == Case.call_id)
        .where(Case.due_ms >= from_ms, Case.due_ms < to_ms)
    )
    for kind, due, replied, test in session.execute(query):
        yield DueCase(kind, due or 0, replied, bool(test))


def figures(
    session: Session, from_ms: int, to_ms: int, profile: Profile, now_ms: int | None = None
) -> tuple[Figure, ...]:
    """Every figure of calls that arrived, and cases that were due, in ``[from_ms, to_ms)`` (UTC ms)."""
    now = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    period = Period(from_ms, to_ms, now)
    asked, due = requests(session, from_ms, to_ms), due_cases(session, from_ms, to_ms)
    return formulas.figures(asked, due, period, limits(profile))
