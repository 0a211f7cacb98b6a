"""Questions of `hotline doctor` to the database: does it keep what it is given, what did the calls process say last."""

from __future__ import annotations

import json

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from store.board import FORWARDED, FORWARDED_MS
from store.schema import Journal, Process, Seat

OWNER = "doctor"


def keeps(session: Session, now: int) -> bool:
    """Is what is written read back? Nothing of it stays."""
    mine = Process.owner == OWNER
    session.execute(delete(Process).where(mine))
    session.execute(insert(Process).values(owner=OWNER, kind=OWNER, started=now, beat=now, detail="{}"))
    found = session.scalar(select(Process.beat).where(mine))
    session.execute(delete(Process).where(mine))
    return found == now


def last_fact_at(session: Session) -> int:
    """UTC ms of the journal's last row; 0 when it is empty."""
    return session.scalar(select(Journal.at).order_by(Journal.seq.desc()).limit(1)) or 0


def reachable_seats(session: Session) -> frozenset[str]:
    """Whose telephones can be rung, as far as the calls process knows."""
    return frozenset(session.scalars(select(Seat.id).where(Seat.reachable)))


def forwarded(session: Session, now: int) -> bool:
    """Did requests come through a proxy nobody told the panel of, within the last day?"""
    last = session.scalar(select(Process.beat).where(Process.kind == FORWARDED))
    return last is not None and now - last <= FORWARDED_MS


def trunk_state(session: Session) -> str:
    """How the trunk stood at the calls process's last heart-beat; ``not known`` when it said nothing of it."""
    last = select(Process.detail).where(Process.kind == "calls").order_by(Process.beat.desc()).limit(1)
    return str(json.loads(session.scalar(last) or "{}").get("trunk", "not known"))
