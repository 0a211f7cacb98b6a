"""Read what the store knows of an interrupted call."""

from __future__ import annotations

from sqlalchemy import Engine, select

from ivr.takeover import UnfinishedCall
from store.engine import reading
from store.schema import Call, Leg


def unfinished(engine: Engine, call_id: str) -> UnfinishedCall:
    """The called number, the caller's party and the legs that have no end. Empty for an unknown call."""
    with reading(engine).connect() as connection:
        row = connection.execute(select(Call.called, Call.party_id).where(Call.id == call_id)).first()
        legs = connection.execute(select(Leg.id, Leg.seat).where(Leg.call_id == call_id, Leg.ended.is_(None)))
        found = {str(leg_id): str(seat) for leg_id, seat in legs}
    return UnfinishedCall(True, row.called, row.party_id, found) if row else UnfinishedCall(False, "", None, {})
