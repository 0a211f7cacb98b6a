"""What leads hear of the queue and may do in it: an alarm when too many wait (STF-11), somebody served before others
(STF-8)."""

from __future__ import annotations

from collections.abc import Callable

from ivr.cases.actions import ActionRefused, Notice
from ivr.queue.order import BONUS_MS
from services import users
from services.operators import Doer
from store import notices
from store.engine import Engine, Session, reading
from store.journal import queue as rows


class QueueAlarm:
    """Once for each time that a queue grew so long; again when it had been short meanwhile."""

    def __init__(self, engine: Engine, alarm: int, now_ms: Callable[[], int]) -> None:
        self._engine, self._alarm, self._now = engine, alarm, now_ms
        self._told: set[str] = set()

    def once(self) -> int:
        """Tell of the queues that are too long now; how many inboxes heard of it."""
        now = self._now()
        with reading(self._engine).connect() as connection:
            found = rows.crowds(connection, self._alarm, now)
        fresh = [one for one in found if one[0] not in self._told]
        self._told = {window for window, _, _ in found}
        told = 0
        for window, waiting, since in fresh:
            with self._engine.begin() as connection:
                notice = Notice("long_queue", ("role:lead",))
                key = f"long_queue:{window}:{since}"
                told += len(notices.tell(connection, notice, notices.NO_CASE, now, key, window=window, waiting=waiting))
        return told


def prefer(session: Session, call_id: str, reason: str, who: Doer, now: int) -> None:
    """Have a caller served as if they had waited two minutes more (绿色通道), with an audit row.

    Raises :class:`ActionRefused` for who is no lead, and when the call does not wait any more.
    """
    if not who.leads:
        raise ActionRefused("只有班长可以调整次序。", "Only a lead has somebody served before others.")
    if not rows.prefer(session.connection(), call_id, BONUS_MS, reason):
        raise ActionRefused("此来电不在排队。", "This call does not wait (any more); see `hotline queue list`.")
    users.audit(session, at=now, user=who.name, action="queue.prefer", target=call_id, detail=reason, remote=who.remote)
