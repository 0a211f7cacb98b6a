"""Calls that nobody answered, and when their callers and we reached each other: what K20 is counted from.

    missed = read(session, from_ms, to_ms, limit_ms)
    missed.callers()                          # one entry for each number
    missed.between(day, day_after).callers()  # the same of a part of the period

What is read once serves the whole period and each of its days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import case as either
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.kpi.records import MissedCaller
from store.read.worklists import REACHED_US
from store.schema import Call, Callback, CallbackAttempt, PartyRow

PIECE = 500  # numbers asked for at once
REACHED = ("reached", "reached_us")
# Ends of a callback that are nobody's fault: the follow-up was not allowed, or the caller left a case after all.
NOT_TO_BE_CALLED = frozenset({"no_consent", "sealed", "case", "reopened"})


@dataclass(frozen=True, slots=True)
class MissedCall:
    """One of them. ``reached``: when calling back led to a talk; ``left_out``: why nobody is to be called (UTC ms)."""

    number: str  # its keyed hash; of who has none, an id of their own
    missed: int
    reached: int | None
    left_out: str
    test: bool
    call_id: str


@dataclass(frozen=True, slots=True)
class Missed:
    """Missed calls, oldest first, and for numbers not reached in time the talks they had by calling again: when such a
    call arrived, and when it was answered. What is later than ``limit_ms`` is not in time, and not looked for."""

    calls: Sequence[MissedCall]
    talks: Mapping[str, Sequence[tuple[int, int]]]
    limit_ms: int

    def between(self, from_ms: int, to_ms: int) -> Missed:
        """Of the calls missed in ``[from_ms, to_ms)``."""
        return Missed([call for call in self.calls if from_ms <= call.missed < to_ms], self.talks, self.limit_ms)

    def callers(self) -> list[MissedCaller]:
        """One entry for each number, from its first missed call on; a test call does not hide a citizen's number."""
        first: dict[tuple[str, bool], MissedCall] = {}
        met: dict[tuple[str, bool], int] = {}
        for call in self.calls:
            key = call.number, call.test
            if key not in first or (first[key].left_out and not call.left_out):
                first[key] = call
                met.pop(key, None)
            if call.reached is not None:
                met[key] = min(call.reached, met.get(key, call.reached))
        return [
            MissedCaller(call.missed, self._reached(call, met.get(key)), call.left_out, call.test, call.call_id)
            for key, call in first.items()
        ]

    def _reached(self, call: MissedCall, met: int | None) -> int | None:
        """Who called again and was answered was reached, whatever had become of calling them back."""
        if call.test or call.left_out or _in_time(call.missed, met, self.limit_ms):
            return met
        upto = call.missed + self.limit_ms
        again = [at for arrived, at in self.talks.get(call.number, ()) if call.missed <= arrived <= upto]
        return min([*again, *([] if met is None else [met])], default=None)


def read(session: Session, from_ms: int, to_ms: int, limit_ms: int, window: str | None = None) -> Missed:
    """The calls that were missed in the period."""
    # Who was spoken with and wants to be called again another time was reached then.
    spoken = (
        select(func.min(CallbackAttempt.at))
        .where(CallbackAttempt.callback_id == Callback.id, CallbackAttempt.result == "reached")
        .scalar_subquery()
    )
    query = (
        select(
            func.coalesce(PartyRow.number_hmac, Callback.party_id, Callback.id), Callback.created, Callback.closed,
            Callback.outcome, Callback.test, Callback.call_id, either((Callback.reached, spoken)),
        )
        .outerjoin(PartyRow, PartyRow.id == Callback.party_id)
        .where(Callback.kind == "missed", Callback.created >= from_ms, Callback.created < to_ms)
        .order_by(Callback.created)
    )  # fmt: skip
    if window is not None:
        query = query.join(Call, Call.id == Callback.call_id).where(Call.window == window)
    calls = []
    for number, created, closed, outcome, test, call_id, at in session.execute(query):
        met = [each for each in (at, closed if outcome in REACHED else None) if each is not None]
        why = outcome if outcome in NOT_TO_BE_CALLED else ""
        calls.append(MissedCall(number, created, min(met, default=None), why, bool(test), call_id or ""))
    return Missed(calls, _talks(session, calls, limit_ms), limit_ms)


def _talks(session: Session, calls: Sequence[MissedCall], limit_ms: int) -> dict[str, list[tuple[int, int]]]:
    """Answered calls of the numbers that somebody has still to be reached at."""
    asked = [c for c in calls if not (c.test or c.left_out or _in_time(c.missed, c.reached, limit_ms))]
    numbers = list(dict.fromkeys(call.number for call in asked))
    found: dict[str, list[tuple[int, int]]] = {}
    outcome = Call.outcome + ""  # the numbers lead to their calls; SQLite would go through all answered calls there are
    for first in range(0, len(numbers), PIECE):
        query = (
            select(PartyRow.number_hmac, Call.arrived, func.coalesce(Call.agent_answered, Call.ended))
            .join(Call, Call.party_id == PartyRow.id)
            .where(PartyRow.number_hmac.in_(numbers[first : first + PIECE]), outcome.in_(REACHED_US))
            .where(Call.arrived >= asked[0].missed, Call.arrived <= asked[-1].missed + limit_ms)
        )
        for number, arrived, at in session.execute(query):
            found.setdefault(number or "", []).append((arrived, at))
    return found


def _in_time(missed: int, reached: int | None, limit_ms: int) -> bool:
    return reached is not None and reached - missed <= limit_ms
