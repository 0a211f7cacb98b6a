"""What the journal means for ratings (part of :mod:`.fold`): invited, rated, and a bad one called back about."""

from __future__ import annotations

from ivr.call.limits import BAD_RATING
from ivr.cases.case import CallbackRow
from ivr.facts.callbacks import CallbackAttempted
from ivr.facts.calls import RatedFact, RatingInvited
from ivr.projections.rows import JournalRow, RatingRow, Tables
from ivr.rows import replace

BECAUSE = "rating"  # callbacks made for a bad rating


def invited(tables: Tables, fact: JournalRow[RatingInvited]) -> None:
    """Note that the caller is being asked. Without an answer the row stays without a rating: 未评价."""
    call = tables.call(fact)
    tables.put(
        RatingRow(
            fact.id, "call", fact.at, call_id=call.id, party_id=call.party_id, window=call.window, seat=call.seat,
            test=call.test,
        )
    )  # fmt: skip


def rated(tables: Tables, fact: JournalRow[RatedFact]) -> RatingRow | None:
    """Note the key that was pressed; return the row when it is a bad rating of somebody who can be called."""
    mine = (row for row in tables.ratings.values() if row.call_id == fact.call_id and row.source == "call")
    row = next(mine, None)
    if row is None or row.rating is not None:
        return None
    rating = int(fact.content.rating)
    row = tables.put(replace(row, rating=rating, rated=fact.at))
    return row if rating >= BAD_RATING and row.party_id else None


def followed_up(tables: Tables, fact: JournalRow[CallbackAttempted], callback: CallbackRow) -> bool:
    """A follow-up reached the person: bad ratings of before are answered for, and a new rating may have come.

    True when the new one is bad and nothing else will bring somebody back to this person.
    """
    about = callback.case_id or callback.call_id
    for row in list(tables.ratings.values()):
        mine = about in (row.case_id, row.call_id if callback.case_id is None else None)
        if mine and row.handled is None and (row.rating or 0) >= BAD_RATING:
            tables.put(replace(row, handled=fact.at))
    rating = fact.content.rating
    if rating is None:
        return False
    case = tables.cases.get(callback.case_id or "")
    tables.put(
        RatingRow(
            fact.id, "followup", fact.at, callback.call_id, callback.case_id, callback.party_id,
            window=case.window if case is not None else "", test=callback.test, rated=fact.at, rating=rating,
        )
    )  # fmt: skip
    # What is not solved is reopened, and its closing makes the next follow-up.
    reopens = callback.case_id is not None and fact.content.solved is False
    return bool(rating >= BAD_RATING and callback.party_id) and not reopens
