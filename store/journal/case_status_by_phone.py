"""Tell how a case stands to a caller who types its query code or number; guessing is bounded.

Within an hour at most three wrong tries of one call, six of one number (all withheld ones count as one),
thirty of all callers. What is journaled of a query has neither the code nor, for an anonymous report, a
bridge between call and case; and the number of a caller who knew the code is destroyed with the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select

from ivr.cases.numbers import QUERY_CODE_DIGITS, is_case_number
from ivr.facts.calls import CaseQueried, PartySealed
from ivr.facts.opened import CaseAskedAbout
from ivr.ledger import Fact, Progress
from store.ids import uuid7
from store.journal import entries
from store.keys import Keys
from store.people.parties import Parties, cases_of_code
from store.sql import table

CALLS, CASES, PARTIES, TRIES = table("calls"), table("cases"), table("parties"), table("query_tries")
HOUR_MS = 3_600_000
PER_CALL, PER_NUMBER, OF_ALL = 3, 6, 30  # wrong tries within an hour
UNKNOWN, LATER = Progress("unknown"), Progress("later")


def ask(connection: Connection, keys: Keys, call_id: str, typed: str, at: int) -> Progress:
    """What the caller of ``call_id`` may hear of the case that was typed."""
    party_id = connection.scalar(select(CALLS.c.party_id).where(CALLS.c.id == call_id))
    number = connection.scalar(select(PARTIES.c.number_hmac).where(PARTIES.c.id == party_id)) or ""
    connection.execute(delete(TRIES).where(TRIES.c.at <= at - HOUR_MS))
    if _too_many(connection, call_id, number):
        return _journaled(connection, call_id, LATER, at)
    case = _find(connection, keys, typed, number)
    if case is None:
        connection.execute(insert(TRIES), {"id": uuid7(), "at": at, "call_id": call_id, "caller": number})
        return _journaled(connection, call_id, UNKNOWN, at)
    if case["anonymous"]:
        # The wrong tries before the right one would say that this number knows an anonymous report.
        connection.execute(delete(TRIES).where((TRIES.c.call_id == call_id) | (TRIES.c.caller == (number or call_id))))
        if party_id is not None:
            Parties(keys).seal(connection, party_id)
            sealed = Fact(at, PartySealed(party_id))
            entries.append_facts(connection, [sealed], call_id=call_id)
    by = "code" if case["anonymous"] else "number"
    entries.append_facts(connection, [Fact(at, CaseAskedAbout(by))], case_id=case["id"])
    return _journaled(connection, call_id, progress(case, at), at)


def progress(case: Mapping[str, Any], at: int) -> Progress:
    """How a case stands in the words of a telephone: received, handling or answered."""
    if case["replied"] is not None or case["closed"] is not None:
        state = "answered"
    else:
        state = "received" if case["status"] in ("received", "classified") else "handling"
    late = state != "answered" and case["due_ms"] is not None and case["due_ms"] < at and case["paused"] is None
    return Progress("found", state, case["due"], late, case["verdict"], bool(case["anonymous"]))


def _too_many(connection: Connection, call_id: str, number: str) -> bool:
    mine, theirs = TRIES.c.call_id == call_id, TRIES.c.caller == number
    row = connection.execute(select(func.count(), func.count().filter(mine), func.count().filter(theirs))).one()
    return row[0] >= OF_ALL or row[1] >= PER_CALL or row[2] >= PER_NUMBER


def _find(connection: Connection, keys: Keys, typed: str, number: str) -> Mapping[str, Any] | None:
    if QUERY_CODE_DIGITS[0] <= len(typed) <= QUERY_CODE_DIGITS[1]:
        found = cases_of_code(connection, keys, typed)
        if len(found) != 1:
            return None
        return _first(connection, select(CASES).where(CASES.c.id == found[0]))
    if not number or not is_case_number(typed):
        return None
    query = (
        select(CASES)
        .join(PARTIES, PARTIES.c.id == CASES.c.party_id)
        .where(CASES.c.number == typed, CASES.c.anonymous.is_(False), PARTIES.c.number_hmac == number)
    )
    return _first(connection, query)


def _first(connection: Connection, query: Select[Any]) -> dict[str, Any] | None:
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def _journaled(connection: Connection, call_id: str, answer: Progress, at: int) -> Progress:
    entries.append_facts(connection, [Fact(at, CaseQueried(answer.result))], call_id=call_id)
    return answer
