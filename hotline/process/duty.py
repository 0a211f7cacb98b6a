"""The calls process's side of the duty phones: at night it looks for urgent repairs nobody has, and has them rung."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from hotline.config.settings import Settings
from hotline.process.callbacks import caller_id, number_rules
from hotline.process.looking import look_for_ever
from ivr.calendar.hours import is_open
from ivr.call_services import CallServices
from ivr.cases.case import CaseRow
from ivr.cases.deadlines import CasePolicy
from ivr.outgoing.alerting import Alert, Alerting
from ivr.outgoing.numbers import dialled
from ivr.profile import Schedule
from services import duty
from store.engine import Engine, reading

log = logging.getLogger(__name__)

LOOK_S = 1.0
AWAY_S = 5.0
OFFICE = Schedule(kind="workday_no_break")  # working days, 08:30 to 17:30


class DutyPhones:
    """``alerting`` gets the engine's events first. Without phones in the settings nothing is looked for."""

    def __init__(self, settings: Settings, rules: CasePolicy, database: Engine, house: CallServices) -> None:
        wanted, allowed = settings.duty, number_rules(settings)
        numbers = [dialled(phone, allowed) for phone in wanted.phones]
        self.alerting = Alerting(house, numbers, caller_id(settings), wanted.ring_s * 1000, wanted.rounds)
        self._rules, self._database, self._now = rules, database, house.clock.now_ms
        self._staffed = settings.hours[wanted.staffed] if wanted.staffed else OFFICE
        self._wanted, self._ringing = bool(numbers), dict[str, CaseRow]()

    async def run(self) -> None:
        """Look and ring, for ever; the database is asked on a thread of its own."""
        if not self._wanted:
            return
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="duty") as thread:

            async def begin(case: CaseRow) -> None:
                self._begin(loop, thread, case)

            await look_for_ever(thread, self.taken, begin, "urgent repairs", LOOK_S, AWAY_S)

    def taken(self) -> list[CaseRow]:
        """The cases that are ours to ring for now; none while people are there."""
        now = self._now()
        at = datetime.fromtimestamp(now / 1000, UTC)
        if is_open(self._staffed, at, self._rules.calendar, self._rules.zone):
            return []
        with reading(self._database).connect() as connection:
            found = duty.waiting(connection, now)
        if not found and not self._ringing:
            return []
        with self._database.begin() as connection:
            for case in list(self._ringing.values()):
                duty.still(connection, case, now)
            return [case for case in found if case.id not in self._ringing and duty.take(connection, case, now)]

    def _begin(self, loop: asyncio.AbstractEventLoop, thread: ThreadPoolExecutor, case: CaseRow) -> None:
        self._ringing[case.id] = case

        def done(was_taken: bool, place: int) -> None:
            self._ringing.pop(case.id, None)
            loop.run_in_executor(thread, self.settle, case, was_taken, place)

        self.alerting.begin(Alert(case.id, case.number), done)

    def settle(self, case: CaseRow, was_taken: bool, place: int) -> None:
        """Note what came of it, and tell the leads."""
        try:
            with self._database.begin() as connection:
                duty.done(connection, case, was_taken, place, self._now())
        except Exception:
            log.exception("what came of ringing the duty phones is not noted")
