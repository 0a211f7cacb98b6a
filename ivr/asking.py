"""What a call gives the store and asks of it: parties, a case, a rating, how a case stands; the machine is told."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from ivr.call import commands as c
from ivr.call import events as e
from ivr.call_services import CallServices
from ivr.ledger import Party, Progress, StoredCase
from ivr.ongoing_call import OngoingCall, recording_id_of

log = logging.getLogger(__name__)
Planned = list[tuple[c.Command, dict[str, Any]]]  # commands, and what only the conductor knows of them
Feed = Callable[[OngoingCall, e.Event], None]


def open_case(
    house: CallServices, call: OngoingCall, command: c.OpenCase, command_id: str, party_id: str | None, feed: Feed
) -> None:
    """Store a case -> ``CaseOpened`` once it is durable, or ``CaseFailed``."""

    def stored(result: StoredCase | Exception) -> None:
        now = house.clock.now_ms()
        if isinstance(result, Exception):
            log.error("call %s: case not stored: %s", call.id, result)
            feed(call, e.CaseFailed(now, type(result).__name__))
            return
        call.seal = command.anonymous and call.party is not None
        feed(call, e.CaseOpened(now, result.number, result.due, result.query_code, draft.workdays))

    try:
        draft = house.casebook.request(command, house.clock.now_ms())
    except Exception as error:  # a broken rule or calendar must not leave the caller without an answer
        stored(error)
        return
    request = draft.for_call(
        command_id=command_id,
        call_id=call.id,
        party_id=None if command.anonymous else party_id,
        recordings=tuple(recording_id_of(call.id, token) for token in command.recordings),
    )
    house.ledger.open_case(request, stored)


def ask_rating(house: CallServices, call: OngoingCall, feed: Feed) -> None:
    """May the caller be asked for a rating? -> ``RatingAsked``."""

    def answered(allowed: bool | Exception) -> None:
        feed(call, e.RatingAsked(house.clock.now_ms(), allowed is True))

    house.ledger.invite(call.id, house.clock.now_ms(), answered)


def find_case(house: CallServices, call: OngoingCall, typed: str, feed: Feed) -> None:
    """How does the case stand that was typed? -> ``CaseFound``."""

    def answered(found: Progress | Exception) -> None:
        now = house.clock.now_ms()
        if isinstance(found, Exception):
            feed(call, e.CaseFound(now, "later"))
            return
        if found.anonymous:  # their number was destroyed with the answer
            call.party = call.caller = None
        feed(call, e.CaseFound(now, found.result, found.state, found.due, found.late, found.verdict))

    house.ledger.find_case(call.id, typed, house.clock.now_ms(), answered)


def parties_of(call: OngoingCall, event: e.Event, planned: Planned) -> tuple[tuple[Party, ...], str | None]:
    """The parties an event brings, and the one whose key is to be destroyed after it."""
    parties = []
    if isinstance(event, e.Offered) and call.party and call.caller:
        parties.append(Party(call.party, call.caller))
    for command, plan in planned:
        if isinstance(command, c.OpenCase) and command.callback == "typed":
            parties.append(Party(plan["party_id"], command.typed_number))
        elif isinstance(command, c.KeepPlace) and command.number:
            parties.append(Party(plan["party_id"], command.number))
    if not (call.seal and isinstance(event, e.CaseOpened)):
        return tuple(parties), None
    # An anonymous report: the number that came with the call is destroyed (A5.2 no. 16).
    seal, call.party, call.caller, call.seal = call.party, None, None, False
    return tuple(parties), seal
