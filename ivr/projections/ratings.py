"""What the journal means for ratings (part of :mod:`.fold`): invited, rated, and a bad one called back about."""

from __future__ import annotations

from typing import Any

from ivr.call.limits import BAD_RATING
from ivr.facts.callbacks import CallbackAttempted
from ivr.facts.calls import RatedFact, RatingInvited
from ivr.projections.rows import AnyRow, JournalRow, Row, Tables

BECAUSE = "rating"  # callbacks made for a bad rating


def invited(tables: Tables, fact: JournalRow[RatingInvited]) -> None:
    """The caller is being asked. Without an answer the row stays without a rating: 未评价."""
    call = tables.call(fact)
    tables.put("ratings", new(fact, "call", call_id=call["id"], party_id=call["party_id"], of=call))


def rated(tables: Tables, fact: JournalRow[RatedFact]) -> Row | None:
    """The key that was pressed; the row when it is a bad rating of somebody who can be called."""
    mine = (r for r in tables.ratings.values() if r["call_id"] == fact.call_id and r["source"] == "call")
    row = next(mine, None)
    if row is None or row["rating"] is not None:
        return None
    rating = int(fact.content.rating)
    row["rating"], row["rated"] = rating, fact.at
    tables.put("ratings", row)
    return row if rating >= BAD_RATING and row["party_id"] else None


def followed_up(tables: Tables, fact: JournalRow[CallbackAttempted], callback: Row) -> bool:
    """A follow-up reached the person: bad ratings of before are answered for, and a new rating may have come.

    True when the new one is bad and nothing else will bring somebody back to this person.
    """
    about = callback["case_id"] or callback["call_id"]
    for row in list(tables.ratings.values()):
        mine = about in (row["case_id"], row["call_id"] if callback["case_id"] is None else None)
        if mine and row["handled"] is None and (row["rating"] or 0) >= BAD_RATING:
            row["handled"] = fact.at
            tables.put("ratings", row)
    rating = fact.content.rating
    if rating is None:
        return False
    of = tables.cases.get(callback["case_id"] or "", {})
    more = {"case_id": callback["case_id"], "call_id": callback["call_id"], "party_id": callback["party_id"]}
    row = tables.put("ratings", new(fact, "followup", of={**of, "test": callback["test"]}, **more))
    row["rating"], row["rated"] = rating, fact.at
    # What is not solved is reopened, and its closing makes the next follow-up.
    reopens = callback["case_id"] is not None and fact.content.solved is False
    return bool(rating >= BAD_RATING and callback["party_id"]) and not reopens


def new(fact: AnyRow, source: str, *, of: Row, **more: Any) -> Row:
    """An invitation. ``of``: the call or case it is about."""
    return {
        "id": fact.id, "source": source, "call_id": None, "case_id": None, "party_id": None,
        "window": of.get("window", ""), "seat": of.get("seat", ""), "test": bool(of.get("test", False)),
        "invited": fact.at, "rated": None, "rating": None, "handled": None, **more,
    }  # fmt: skip
