"""What leads hear of the queue and may do in it: an alarm when too many wait (STF-11), somebody served before others
(STF-8)."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from ivr.cases.actions import ActionRefused
from ivr.queue.order import BONUS_MS
from services import users
from services.leads import LeadMatter, TellsLeads
from services.operators import Doer
from store.engine import Connection, Engine, Session
from store.journal import queue as rows


class QueueAlarm(TellsLeads):
    """Once for each time that a queue grew longer than ``alarm``; again when it had been short meanwhile."""

    def __init__(self, engine: Engine, alarm: int, now_ms: Callable[[], int]) -> None:
        super().__init__(engine, now_ms)
        self._alarm = alarm

    def found(self, connection: Connection, now: int) -> dict[Hashable, LeadMatter]:
        return {
            window: LeadMatter("long_queue", f"long_queue:{window}:{since}", {"window": window, "waiting": waiting})
            for window, waiting, since in rows.crowds(connection, self._alarm, now)
        }


def prefer(session: Session, call_id: str, reason: str, who: Doer, now: int) -> None:
    """Have a caller served as if they had waited two minutes more (绿色通道), with an audit row.

    Raises :class:`ActionRefused` for who is no lead, and when the call does not wait any more.
    """
    if not who.leads:
        raise ActionRefused("只有班长可以调整次序。", "Only a lead has somebody served before others.")
    if not rows.prefer(session.connection(), call_id, BONUS_MS, reason):
        raise ActionRefused("此来电不在排队。", "This call does not wait (any more); see `hotline queue list`.")
    users.audit(session, at=now, user=who.name, action="queue.prefer", target=call_id, detail=reason, remote=who.remote)
