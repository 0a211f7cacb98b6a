"""How long operators were in which state, from the facts of their states (``operator_state``)."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.desk import states
from ivr.kpi.operators import cut
from ivr.kpi.records import DAY_MS, StateSpan
from store import operators
from store.schema import Journal

_TOLD = select(Journal.at, Journal.data).where(Journal.kind == "seat", Journal.name == "operator_state")


def spans(session: Session, from_ms: int, to_ms: int, now_ms: int) -> list[StateSpan]:
    """The states of who was signed in, cut to ``[from_ms, to_ms)``; those that last, until ``now_ms``.

    A fact tells the state that ended with it and since when, so that only facts of the period are read, and of each
    state that was there at its end the one that ended it.
    """
    found, last = [], dict[str, int]()
    told = _TOLD.where(Journal.at >= from_ms, Journal.at < to_ms + DAY_MS).order_by(Journal.at, Journal.seq)
    for at, data in session.execute(told):
        said = json.loads(data)
        last[said["seat"]] = at
        found.append(_ended(said, at))
    for row in operators.every(session.connection()):
        if last.get(row.id, -1) >= to_ms:
            continue
        if row.state_since > max(last.get(row.id, 0), to_ms):  # it changed later, for the first time after a day
            said_at = session.execute(
                _TOLD.where(Journal.at >= to_ms, Journal.data.startswith(f'{{"seat":"{row.id}",', autoescape=True))
                .order_by(Journal.at, Journal.seq).limit(1)
            ).first()  # fmt: skip
            found += [_ended(json.loads(said_at.data), said_at.at)] if said_at else []
            continue
        lasting = states.elapsed(row, now_ms)
        if lasting != row:
            found.append(StateSpan(row.operator, row.state, row.state_since, lasting.state_since))
        found.append(StateSpan(lasting.operator, lasting.state, lasting.state_since, now_ms, ended=False))
    return [span for span in cut(found, from_ms, to_ms) if span.operator]


def _ended(said: dict[str, Any], at: int) -> StateSpan:
    """The state that ended with the fact."""
    return StateSpan(said.get("was_operator", ""), said.get("was", ""), said.get("since", 0), at)
