"""Ratings 服务评价 (SAT-1): who may be asked, what a bad rating sets off, and the counts the figures need.

A rating belongs to a call (keys pressed to the hotline after the talk) or to a follow-up 回访. An invitation
without a rating stays in the table as what it is: not rated (未评价).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, case, func, select
from sqlalchemy.orm import Session

from ivr.call.limits import BAD_RATING
from ivr.cases.actions import Notice
from ivr.facts.calls import RatedFact as RatedByKey
from ivr.facts.calls import RatingInvited
from ivr.kpi.records import RatingCount
from ivr.ledger import Fact
from ivr.projections.rows import AnyRow
from store import notices
from store.journal import entries
from store.schema import Rating
from store.sql import table

RATINGS, PARTIES, CALLS = table("ratings"), table("parties"), table("calls")
EVERY_MS = 7 * 86_400_000  # one number is asked at most once in so long
Listed = tuple[RatingCount, list[str], list[str]]  # alike; their calls; the cases of their follow-ups


def invite(connection: Connection, call_id: str, at: int) -> bool:
    """Note that the caller is being asked for a rating, if they may be: whether they may.

    One call is asked once, one number (by its keyed hash) once a week, a follow-up that brought a rating
    counted. A withheld number can be counted by nothing: it is asked in each call. Test calls neither count
    nor are limited.
    """
    call = connection.execute(select(CALLS).where(CALLS.c.id == call_id)).mappings().first()
    if call is None or call["ended"] is not None or _asked_before(connection, dict(call), at):
        return False
    entries.append_facts(connection, [Fact(at, RatingInvited())], call_id=call_id)
    return True


def _asked_before(connection: Connection, call: Mapping[str, Any], at: int) -> bool:
    if connection.scalar(select(RATINGS.c.id).where(RATINGS.c.call_id == call["id"])) is not None:
        return True
    number = connection.scalar(select(PARTIES.c.number_hmac).where(PARTIES.c.id == call["party_id"]))
    if number is None or call["test"]:
        return False
    same = (
        select(RATINGS.c.id)
        .join(PARTIES, PARTIES.c.id == RATINGS.c.party_id)
        .where(PARTIES.c.number_hmac == number, RATINGS.c.invited > at - EVERY_MS, RATINGS.c.test.is_(False))
    )
    return connection.scalar(same.limit(1)) is not None


def tell_of_bad_ones(connection: Connection, rows: Iterable[AnyRow]) -> None:
    """The leads are told of every bad rating given to the hotline by keys, in the same transaction."""
    for row in rows:
        if isinstance(said := row.content, RatedByKey) and int(said.rating) >= BAD_RATING and row.call_id:
            event = f"{row.call_id}:bad_rating"
            notices.tell(
                connection, Notice("bad_rating", ("role:lead",)), notices.NO_CASE, row.at, event, call=row.call_id
            )


def counted(session: Session, from_ms: int, to_ms: int, window: str | None = None) -> list[RatingCount]:
    """The invitations and ratings of the period, grouped: those of calls, and what became of all bad ones."""
    query = _grouped(from_ms, to_ms, func.count())
    if window is not None:
        query = query.where(Rating.window == window)
    return [_rated(*row) for row in session.execute(query)]


def listed(session: Session, from_ms: int, to_ms: int) -> list[Listed]:
    """Return the groups of :func:`read`, each with the ids of its calls and of the cases of its follow-ups."""
    # As one text for each group: the database puts together thousands of ids while others go on.
    calls = func.aggregate_strings(Rating.call_id, ",")
    cases = func.aggregate_strings(case((Rating.call_id.is_(None), Rating.case_id)), ",")
    return [
        (_rated(*row[:-2]), *(text.split(",") if text else [] for text in row[-2:]))
        for row in session.execute(_grouped(from_ms, to_ms, func.count(), calls, cases))
    ]


def _grouped(from_ms: int, to_ms: int, *more: Any) -> Any:
    handled = (Rating.rating >= BAD_RATING) & Rating.handled.is_not(None)
    kind = (Rating.source, Rating.rating, handled, Rating.party_id.is_not(None), Rating.test)
    return select(*kind, *more).where(Rating.invited >= from_ms, Rating.invited < to_ms).group_by(*kind)


def _rated(source: str, rating: int | None, handled: bool, has_number: bool, test: bool, n: int) -> RatingCount:
    return RatingCount(source, rating, bool(handled), "" if has_number else "no_number", bool(test), n)


def of_call(session: Session, call_id: str) -> Rating | None:
    """The invitation of a call, and what was answered."""
    return session.scalar(select(Rating).where(Rating.call_id == call_id, Rating.source == "call"))
