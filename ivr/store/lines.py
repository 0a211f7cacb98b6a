"""What the telephone system told: how the lines of a call sounded, and whom it refused."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.store.models import Journal, LineQuality

ROWS_MAX = 5000  # refusals are gathered by the minute, so that is more than three days of an attack


def quality(session: Session, call_id: str) -> Sequence[LineQuality]:
    """How each line of the call sounded, the caller's first."""
    query = select(LineQuality).where(LineQuality.call_id == call_id)
    return session.scalars(query.order_by(LineQuality.leg_id, LineQuality.id)).all()


def refusals(session: Session, since: int) -> int:
    """How often somebody was refused since then (UTC ms): wrong passwords, forbidden addresses …"""
    query = select(Journal.data).where(Journal.kind == "system", Journal.at >= since, Journal.name == "refused")
    return sum(int(json.loads(data).get("count", 1)) for data in session.scalars(query.limit(ROWS_MAX)))
