"""The calls process's side of callbacks by one click: it looks for what operators asked for, and places the calls."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

from hotline.config.settings import Settings
from hotline.process import factories
from hotline.process.looking import look_for_ever
from ivr.call_services import CallServices
from ivr.cases.deadlines import CasePolicy
from ivr.cases.numbers import spoken_number
from ivr.outgoing.allow import OutgoingLimits
from ivr.outgoing.numbers import NotAllowed, NumberRules
from ivr.outgoing.placing import OutgoingServices, Placing
from ivr.outgoing.takeover import take_over
from ivr.projections.fold import IN_TURN
from ivr.queue.order import Place
from services.callbacks import AlreadyAsked, CallbackJob, Calling, Wish
from services.casework import Casework
from store.engine import DatabaseError, Engine, reading
from store.ids import uuid7
from store.journal.queue import called_back, drop, ring, settle
from store.keys import Keys
from store.people.parties import Parties

log = logging.getLogger(__name__)

PASSING = frozenset({"seat_live", "rate", "rate_operator"})  # reasons that are over in a moment


def number_rules(settings: Settings) -> NumberRules:
    """Which numbers may be called at all."""
    return NumberRules(settings.outgoing.allow, settings.outgoing.emergency, factories.plan(settings))


def transfer_rules(settings: Settings) -> NumberRules:
    """Which numbers a caller may be handed over to: none without a line."""
    allow = settings.transfers.numbers if settings.trunk is not None else ()
    return NumberRules(allow, settings.transfers.emergency, factories.plan(settings))


def limits(settings: Settings) -> OutgoingLimits:
    """What may be called, and how often."""
    outgoing = settings.outgoing
    return OutgoingLimits(
        number_rules(settings),
        outgoing.rate_per_minute,
        outgoing.rate_per_minute_operator,
        outgoing.rate_per_day_number,
        trunk=settings.trunk is not None,
    )


def calling(settings: Settings, casework: Casework, keys: Keys) -> Calling:
    """What panel and calls process know of callbacks."""
    return Calling(casework, Parties(keys, factories.plan(settings)), limits(settings))


def caller_id(settings: Settings) -> str:
    """What a citizen's phone shows: the number that was set, else the trunk's account."""
    return settings.outgoing.caller_id or (settings.trunk.user if settings.trunk else "")


class Callbacks:
    """``placing`` gets the engine's events first; what is not of its lines goes on to the conductor."""

    def __init__(
        self, settings: Settings, keys: Keys, rules: CasePolicy, database: Engine, house: CallServices, owner: str
    ) -> None:
        ring_ms = settings.outgoing.ring_s * 1000
        lines = OutgoingServices(
            house.engine, house.ledger, house.clock, house.desk, house.speaker, caller_id(settings), ring_ms
        )
        self.placing = Placing(lines)
        self._calling = calling(settings, Casework(keys, rules, spoken_number, factories.plan(settings)), keys)
        self._database, self._house, self._owner = database, house, owner
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="callbacks")

    def take_back(self) -> None:
        """Calls of a process before this one: go on with them, or close them."""
        with reading(self._database).connect() as connection:
            left = self._calling.unfinished(connection, self._owner)
        take_over(self.placing, self._house.engine, left, self._house.clock.now_ms())

    def in_turn(self, place: Place, seat: str) -> None:
        """Somebody whose place in the queue was kept is served next, by this free seat: the call is asked for.

        It is placed at the next look, as if an operator had clicked.
        """
        self._thread.submit(self._ask_in_turn, place, seat)

    def _ask_in_turn(self, place: Place, seat: str) -> None:
        now = self._house.clock.now_ms()
        wish = Wish(uuid7(now), place.callback_id, IN_TURN, "lead", seat, now)
        try:
            with self._database.begin() as connection:
                if ring(connection, place.call_id, seat, now):
                    self._calling.ask(connection, wish)
        except AlreadyAsked:  # the place is still there: at the next look it is tried again
            log.info("the caller of %s is called already", place.call_id)
        except NotAllowed as why:  # it stays in the list of those who are to be called, for an operator
            if why.code in PASSING:
                return  # the place is still there: at the next look it is tried again
            log.warning("call %s is not called back in its turn: %s", place.call_id, why.en)
            with self._database.begin() as connection:
                drop(connection, place.call_id)
                self._calling.refused(connection, wish, why)
        except DatabaseError:
            log.exception("call %s cannot be called back now", place.call_id)

    async def run(self) -> None:
        """Look, take, place; for ever. The database is asked on a thread of its own, never on the media loop."""

        async def place(order: CallbackJob) -> None:
            self.placing.begin(order)

        with self._thread:
            await look_for_ever(self._thread, self._taken, place, "callbacks")

    def _taken(self) -> list[CallbackJob]:
        with reading(self._database).connect() as connection:
            rung = called_back(connection)
            if not self._calling.look(connection) and not rung:
                return []
        orders, now_ms = [], self._house.clock.now_ms
        with self._database.begin() as connection:
            self._calling.settle(connection, now_ms())
            if rung:
                settle(connection)
            while order := self._calling.take(connection, self._owner, now_ms()):
                orders.append(order)
        return orders
