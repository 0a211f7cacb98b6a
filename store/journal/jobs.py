"""Jobs of the ledger's thread: one thing to be written, shown or asked."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ivr.ledger import Progress, StoredCase
from store.board import SeatChange
from store.journal.write_batch import WriteBatch

LOG = logging.getLogger(__name__)
Result = StoredCase | Progress | Exception | bool | None
AWAY = ConnectionError("the database is away")  # the answer to a question then


@dataclass(slots=True)
class Job:
    """Something to be written. ``seat``, ``side``: best effort, never spooled (what the board shows).

    ``ask``: a question, whose answer is the reply; while the database is away there is none. ``may_destroy``: its
    answer may destroy somebody's key.
    """

    work: WriteBatch | None = None
    seat: SeatChange | None = None
    side: Callable[[Connection], None] | None = None
    ask: Callable[[Connection], Any] | None = None
    reply: Callable[[Any], None] | None = None
    reached: threading.Event | None = None
    may_destroy: bool = False

    @property
    def destroys(self) -> bool:
        """A person's key may be gone after it."""
        return self.may_destroy or (self.work is not None and self.work.seal is not None)


def deliver(reply: Callable[[Any], None], result: Any) -> None:
    """Answer; what goes wrong with it harms no other answer."""
    try:
        reply(result)
    except Exception:
        LOG.exception("a call-back of the ledger failed")
