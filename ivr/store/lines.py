"""What the telephone system told: how the lines of a call sounded, and whom it refused."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.store.models import Journal, LineQuality
from ivr.telephony import TURNED_AWAY

ROWS_MAX = 5000  # refusals are gathered by the minute, so that is more than three days of an attack


def quality(session: Session, call_id: str) -> Sequence[LineQuality]:
    """How each line of the call sounded, the caller's first."""
    query = select(LineQuality).where(LineQuality.call_id == call_id)
    return session.scalars(query.order_by(LineQuality.leg_id, LineQuality.id)).all()


def refusals(session: Session, since: int) -> int:
    """How often somebody was refused since then (UTC ms): wrong passwords, forbidden addresses …"""
    return sum(count for kind, count in _refused(session, since).items() if kind not in TURNED_AWAY)


def turned_away(session: Session, since: int) -> dict[str, int]:
    """How many calls since then (UTC ms) got 503 for lack of room, by why (``ivr.telephony.TURNED_AWAY``)."""
    return {kind: count for kind, count in _refused(session, since).items() if kind in TURNED_AWAY}


def _refused(session: Session, since: int) -> Counter[str]:
    query = select(Journal.data).where(Journal.kind == "system", Journal.at >= since, Journal.name == "refused")
    counts: Counter[str] = Counter()
    for data in map(json.loads, session.scalars(query.limit(ROWS_MAX))):
        counts[data.get("kind", "")] += int(data.get("count", 1))
    return counts
