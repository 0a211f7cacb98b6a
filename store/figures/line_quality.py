"""Quality of lines, and refusals by the telephone system."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ivr.kpi.records import TurnedAway
from ivr.telephony import STRANGERS, TURNED_AWAY
from store.schema import Journal, LineQualityTable

ROWS_MAX = 5000  # refusals are gathered by the minute, so that is more than three days of an attack


def quality(session: Session, call_id: str) -> Sequence[LineQualityTable]:
    """How each line of the call sounded, the caller's first."""
    query = select(LineQualityTable).where(LineQualityTable.call_id == call_id)
    return session.scalars(query.order_by(LineQualityTable.leg_id, LineQualityTable.id)).all()


@dataclass(frozen=True, slots=True)
class RefusalsSeen:
    """Who was refused: how often for what (wrong passwords, forbidden addresses …), and of strangers, whence."""

    kinds: Mapping[str, int]
    networks: Counter[str]

    @property
    def times(self) -> int:
        """How often, calls there was no room for left out."""
        return sum(count for kind, count in self.kinds.items() if kind not in TURNED_AWAY)

    @property
    def turned_away(self) -> dict[str, int]:
        """How many calls got 503 for lack of room, by why (``ivr.telephony.TURNED_AWAY``)."""
        return {kind: count for kind, count in self.kinds.items() if kind in TURNED_AWAY}

    def strangers(self, most: int = 5) -> list[tuple[str, int]]:
        """The networks calls came from that are not taken, with how many; most first."""
        return self.networks.most_common(most)


def refused(session: Session, since: int) -> RefusalsSeen:
    """Everybody who was refused since then (UTC ms)."""
    kinds, networks = Counter[str](), Counter[str]()
    query = select(Journal.data).where(Journal.kind == "system", Journal.at >= since, Journal.name == "refused")
    for one in map(json.loads, session.scalars(query.limit(ROWS_MAX))):
        kind, count = one.get("kind", ""), int(one.get("count", 1))
        kinds[kind] += count
        if kind in STRANGERS and one.get("network"):
            networks[str(one["network"])] += count
    return RefusalsSeen(kinds, networks)


def away(session: Session, from_ms: int, to_ms: int) -> list[TurnedAway]:
    """The calls turned away in ``[from_ms, to_ms)``, as they were told."""
    query = select(Journal.at, Journal.data).where(
        Journal.kind == "system", Journal.at >= from_ms, Journal.at < to_ms, Journal.name == "refused",
        or_(*(Journal.data.contains(f'"{kind}"') for kind in TURNED_AWAY)),  # an attack's are many, and no calls
    )  # fmt: skip
    told = ((at, json.loads(data)) for at, data in session.execute(query.order_by(Journal.seq)))
    return [TurnedAway(one["kind"], int(one.get("count", 1)), at) for at, one in told if one.get("kind") in TURNED_AWAY]


def door_set(session: Session) -> Mapping[str, Any] | None:
    """Whose calls were taken last, as journaled; None when it never was."""
    query = select(Journal.data).where(Journal.kind == "system", Journal.name == "door_set")
    last = session.scalar(query.order_by(Journal.at.desc()).limit(1))
    return None if last is None else dict(json.loads(last))
