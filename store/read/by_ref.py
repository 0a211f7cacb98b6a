"""What a telephone that knows only its call's SIP Call-ID can learn of it: the step it is in, the keys that arrived."""

from __future__ import annotations

import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.schema import Call, Journal, LiveCall


def step(session: Session, ref: str) -> str:
    """The flow's step the call is in; "" for a call that is not up."""
    return session.scalar(select(LiveCall.step).where(LiveCall.ref == ref)) or ""


def key_arrived(session: Session, ref: str, key: str) -> bool:
    """Does the call's journal hold a press of this key?"""
    mine = select(Journal.data).join(Call, Call.id == Journal.call_id).where(Call.ref == ref, Journal.name == "digit")
    return any(json.loads(data).get("key") == key for data in session.scalars(mine))
