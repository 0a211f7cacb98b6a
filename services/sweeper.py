"""The sweeper: looks what is due, warns before it is late, escalates after, and sends what is to be sent.

    sweeper = Sweeper(engine, rules, now_ms, Addresses({"lead": ("lead@example.cn",)}), {"email": mail})
    sweeper.once()          # everything that is due now; how much was done
    sweeper.run(stop)       # the same, again and again; what is to be sent goes out within two seconds

Any number of sweepers may run, and each may be killed at any line: every step is one transaction that decides
again whether it is still to be done. A row of the inbox comes with the fact it tells of, so it is there once; an
e-mail or webhook is sent before it is noted as sent, so it is there at least once, always under the same key.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from ivr.calendar.hours import is_open
from ivr.cases.deadlines import CasePolicy
from services import warning
from store import outbox
from store.engine import Engine, explain, is_away, reading
from store.journal import rebuild
from store.outbox import Addresses, OutboxNotice
from store.read import worklists

LOG = logging.getLogger(__name__)
PAUSE_S = 5.0  # between two looks
ASIDE_MS = 600_000  # how long a row that could not be worked on is left alone
FIRST_MS = 1000  # and one that another sweeper worked on first
COUNT_EVERY_MS, COUNT_PIECES = 60_000, 20
SENDS_MAX = 50  # in one look, so that warnings never wait for a slow server
CHANNELS = ("email", "webhook")  # each has a courier of its own: neither waits for the other's slow server
CARRY_S = 1.0  # between two looks of a courier: a complaint is told outside within 5 s (S4-31 立即)


class Sender(Protocol):
    """Takes notices out of the house. Any exception means that it is to be tried again."""

    def send(self, item: OutboxNotice) -> str:
        """Send it; what the other side said."""


class Sweeper:
    """See the module. ``senders`` by channel (``email``, ``webhook``); ``now_ms``: UTC ms; ``alive``: at every look.

    ``chores``: done before each look; each says how much it did.
    """

    def __init__(
        self,
        engine: Engine,
        rules: CasePolicy,
        now_ms: Callable[[], int],
        addresses: Addresses | None = None,
        senders: Mapping[str, Sender] | None = None,
        alive: Callable[[], None] | None = None,
        chores: Sequence[Callable[[], int]] = (),
    ) -> None:
        self._engine = engine
        self._rules = rules
        self._now = now_ms
        self._addresses = addresses or Addresses()
        self._senders = dict(senders or {})
        self._alive = alive or (lambda: None)
        self._chores = chores
        self._aside: dict[str, int] = {}  # rows that could not be worked on, and until when
        self._counted = 0  # when every hour was
        self.problems = 0  # how many there were

    def once(self) -> int:
        """Do everything that is due; how many things were done."""
        done = self._look() + self._all(self.pass_on_one)
        sent = 0
        while sent < SENDS_MAX and self.send_one():
            sent += 1
        return done + sent

    def _look(self) -> int:
        """Chores, warnings, missed calls, hours: everything but what is sent."""
        done = sum(chore() for chore in self._chores) + self._all(self.warn_one) + self._all(self.settle_some)
        self.count_hours()
        return done

    @staticmethod
    def _all(work: Callable[[], bool]) -> int:
        done = 0
        while work():
            done += 1
        return done

    def count_hours(self) -> None:
        """Once a minute: count the hours that are over (``store/journal/hourly.py``), a second of work at most."""
        now = self._now()
        if not 0 <= now - self._counted < COUNT_EVERY_MS:
            with self._engine.connect() as connection:
                self._counted = now if rebuild.count_hours(connection, COUNT_PIECES) else 0

    def run(self, stop: threading.Event, pause_s: float = PAUSE_S) -> None:
        """Look again and again until ``stop`` is set; a database that is away is waited for.

        Couriers carry notices out beside it, so that none waits for a report that is being made.
        """
        couriers = [
            threading.Thread(target=self._carry, args=(name, stop), name=name, daemon=True) for name in CHANNELS
        ]
        for courier in couriers:
            courier.start()
        while not stop.is_set():
            try:
                self._alive()
                self._look()
            except Exception as error:
                LOG.error("%s", explain(error, self._engine.url))
            stop.wait(pause_s)
        for courier in couriers:
            courier.join(CARRY_S)  # one that is still sending leaves the notice to the next sweeper

    def _carry(self, channel: str, stop: threading.Event) -> None:
        """A courier: makes and sends what is to be sent by ``channel``, from the moment it is in the inbox."""
        while not stop.is_set():
            try:
                while not stop.is_set() and (self.pass_on_one() or self.send_one(channel)):
                    pass
            except Exception as error:
                LOG.error("%s", explain(error, self._engine.url))
            stop.wait(CARRY_S)

    def warn_one(self) -> bool:
        """Warn of one case."""
        now = self._now()
        with reading(self._engine).connect() as connection:
            case_id = warning.next_case(connection, now, self._working_hours(now), self._left_alone(now))
        if case_id is None:
            return False
        try:
            with self._engine.begin() as connection:
                if not warning.warn(connection, case_id, now):  # another sweeper got there first
                    self._aside[case_id] = now + FIRST_MS
        except Exception as error:
            self._put_aside(case_id, error)
        return True

    def settle_some(self) -> bool:
        """Close missed calls whose number reached us since."""
        with reading(self._engine).connect() as connection:  # no writer waits while we look
            found = worklists.reached_us(connection)
        if not found:
            return False
        with self._engine.begin() as connection:
            return worklists.settle_missed(connection, self._now(), found) > 0

    def pass_on_one(self) -> bool:
        """Make the e-mails and the webhook of one notice."""
        now = self._now()
        with reading(self._engine).connect() as connection:
            inbox_id = outbox.next_notice(connection, self._left_alone(now))
        if inbox_id is None:
            return False
        try:
            with self._engine.begin() as connection:
                outbox.pass_on(connection, inbox_id, self._addresses, now)
        except Exception as error:
            self._put_aside(inbox_id, error)
        return True

    def send_one(self, channel: str = "") -> bool:
        """Send one notice: claim it, send it, note what came of it. ``channel``: only one of these."""
        now = self._now()
        with reading(self._engine).connect() as connection:
            if not outbox.is_waiting(connection, now, channel):
                return False
        with self._engine.begin() as connection:
            item = outbox.claim(connection, now, channel)
        if item is None:
            return False
        sender = self._senders.get(item.channel)
        try:
            if sender is None:
                raise LookupError(f"no {item.channel} is set up here; see [notify] in docs/settings.md")
            detail = sender.send(item)
        except Exception as error:
            self.problems += 1
            with self._engine.begin() as connection:
                again = outbox.failed(connection, item, self._now(), f"{type(error).__name__}: {error}")
            LOG.warning("notice %s by %s: %s%s", item.key, item.channel, error, "" if again else "; given up")
            return True
        with self._engine.begin() as connection:
            outbox.delivered(connection, item, self._now(), detail)
        return True

    def _working_hours(self, now: int) -> bool:
        at = datetime.fromtimestamp(now / 1000, UTC)
        return is_open(self._rules.profile.hours, at, self._rules.calendar, self._rules.zone)

    def _left_alone(self, now: int) -> list[str]:
        self._aside = {row: until for row, until in list(self._aside.items()) if until > now}
        return list(self._aside)

    def _put_aside(self, row: str, error: Exception) -> None:
        """A poisoned row never stops the others; a database that is away stops all."""
        if is_away(error):
            raise error
        self.problems += 1
        self._aside[row] = self._now() + ASIDE_MS
        LOG.error("%s could not be worked on, it is tried again in %d min: %r", row, ASIDE_MS // 60_000, error)
