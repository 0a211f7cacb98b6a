"""The one way to a figure: board, API, reports, exports and command line all ask here."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from ivr.metrics import formulas
from ivr.metrics.records import HOUR_MS, Announced, Dispatched, DueCase, Figure, FollowUp, Limits, MissedCaller, Period
from ivr.profile import Profile
from ivr.store import outages, ratings, tally
from ivr.store.dispatching import dispatched
from ivr.store.models import Call, Callback, CallbackAttempt, Case, PartyRow
from ivr.store.promises import Told, due_cases, of_window, with_calls
from ivr.store.worklists import REACHED_US

PIECE = 500  # numbers asked for at once
REACHED = ("reached", "reached_us")
# Ends of a callback that are nobody's fault: the follow-up was not allowed, or the caller left a case after all.
NOT_TO_BE_CALLED = frozenset({"no_consent", "sealed", "case", "reopened"})


def limits(profile: Profile) -> Limits:
    """What the figures need of a profile."""
    return Limits(
        profile.name,
        profile.answer.clock,
        profile.answer.limit_ms,
        round(profile.figures.short_s * 1000),
        tuple(round(level * 1000) for level in profile.figures.service_level_s),
        profile.apology_after_ms,
        profile.missed_call_back_h * HOUR_MS,
    )


def follow_ups(session: Session, from_ms: int, to_ms: int, window: str | None = None) -> list[FollowUp]:
    """The cases closed in the period, and whether their citizens were reached (one entry for each case)."""
    query = (
        select(
            Case.id, Case.anonymous, Case.consent, Case.test, Callback.id, Callback.outcome,
            or_(Callback.outcome == "reached", Callback.reached), Callback.rating,
        )
        .outerjoin(Callback, and_(Callback.case_id == Case.id, Callback.kind == "followup"))
        .where(Case.closed >= from_ms, Case.closed < to_ms, *of_window(window))
        .order_by(Case.id, Callback.created)
    )  # fmt: skip
    found: dict[str, FollowUp] = {}
    for case_id, anonymous, consent, test, callback, outcome, was_reached, rating in session.execute(
        with_calls(query, window)
    ):
        why = "anonymous" if anonymous else "no_consent" if not consent else "no_number" if callback is None else ""
        before = found.get(case_id, FollowUp())
        found[case_id] = FollowUp(
            before.reached or bool(was_reached),
            before.rating if rating is None else rating,
            why or (outcome if outcome in NOT_TO_BE_CALLED else ""),
            test,
            case_id,
        )
    return list(found.values())


def missed_callers(
    session: Session, from_ms: int, to_ms: int, limit_ms: int, window: str | None = None
) -> list[MissedCaller]:
    """The numbers whose calls nobody answered in the period, one entry each, and when we reached each other.

    What is later than ``limit_ms`` after the call was missed is not in time, and not asked for.
    """
    # Who was spoken with and wants to be called again another time was reached then.
    spoken = (
        select(func.min(CallbackAttempt.at))
        .where(CallbackAttempt.callback_id == Callback.id, CallbackAttempt.result == "reached")
        .scalar_subquery()
    )
    query = (
        select(
            func.coalesce(PartyRow.number_hmac, Callback.party_id, Callback.id), Callback.created, Callback.closed,
            Callback.outcome, Callback.test, Callback.call_id, spoken,
        )
        .outerjoin(PartyRow, PartyRow.id == Callback.party_id)
        .where(Callback.kind == "missed", Callback.created >= from_ms, Callback.created < to_ms)
        .order_by(Callback.created)
    )  # fmt: skip
    if window is not None:
        query = query.join(Call, Call.id == Callback.call_id).where(Call.window == window)
    found: dict[tuple[str, bool], MissedCaller] = {}  # a test call does not hide a citizen of the same number
    for number, created, closed, outcome, test, call_id, at in session.execute(query):
        why = outcome if outcome in NOT_TO_BE_CALLED else ""
        before = found.get((number, bool(test)))
        if before is None or (before.left_out and not why):
            before = MissedCaller(created, None, why, bool(test), call_id or "")
        met = [each for each in (before.reached, at, closed if outcome in REACHED else None) if each is not None]
        found[number, bool(test)] = before if not met else replace(before, reached=min(met))
    _reached_us(session, found, limit_ms)
    return list(found.values())


def _reached_us(session: Session, found: dict[tuple[str, bool], MissedCaller], limit_ms: int) -> None:
    """Who called again and was answered was reached, whatever had become of calling them back."""
    numbers = [key[0] for key, missed in found.items() if not _settled(missed, limit_ms)]
    if not numbers:
        return
    first_missed = min(missed.missed for missed in found.values())
    latest = max(missed.missed for missed in found.values()) + limit_ms
    for first in range(0, len(numbers), PIECE):
        query = (
            select(PartyRow.number_hmac, Call.arrived, func.coalesce(Call.agent_answered, Call.ended))
            .join(Call, Call.party_id == PartyRow.id)
            .where(PartyRow.number_hmac.in_(numbers[first : first + PIECE]), Call.outcome.in_(REACHED_US))
            .where(Call.arrived >= first_missed, Call.arrived <= latest)
        )
        for number, arrived, at in session.execute(query):
            key = (number or "", False)
            missed = found[key]
            if arrived >= missed.missed and (missed.reached is None or at < missed.reached):
                found[key] = replace(missed, reached=at)


def _settled(missed: MissedCaller, limit_ms: int) -> bool:
    """A call of their own would change nothing: reached in time, left out, or of the hotline's own tests."""
    in_time = missed.reached is not None and missed.reached - missed.missed <= limit_ms
    return in_time or missed.test or bool(missed.left_out)


@dataclass(frozen=True, slots=True)
class Material:
    """What figures of promises and of what comes after calls are counted from, row by row."""

    cases: Sequence[DueCase]
    follow_ups: Sequence[FollowUp]
    missed: Sequence[MissedCaller]
    dispatched: Sequence[Dispatched]
    outages: Sequence[Announced]


def material(
    session: Session, from_ms: int, to_ms: int, known: Limits, window: str | None = None, told: Told | None = None
) -> Material:
    """The promises due, the cases closed, the callers missed, the outages planned in ``[from_ms, to_ms)``.

    ``told``: see due_cases. Outages are of the whole unit, so of no window.
    """
    return Material(
        list(due_cases(session, from_ms, to_ms, window, told)),
        follow_ups(session, from_ms, to_ms, window),
        missed_callers(session, from_ms, to_ms, known.missed, window),
        dispatched(session, from_ms, to_ms, window),
        [] if window else outages.planned(session, from_ms, to_ms),
    )


def figures(
    session: Session,
    from_ms: int,
    to_ms: int,
    profile: Profile,
    now_ms: int | None = None,
    window: str | None = None,
    rows: Material | None = None,
) -> tuple[Figure, ...]:
    """Every figure of calls that arrived, and promises that were due, in ``[from_ms, to_ms)`` (UTC ms).

    ``window``: only calls to this window and the cases of these calls. ``rows``: when they were read already.
    """
    now = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    known = limits(profile)
    counts = tally.Counts(session, from_ms, to_ms, window)
    rows = rows or material(session, from_ms, to_ms, known, window)
    return formulas.all_figures(
        counts.tally(known),
        counts.hours(),
        counts.late(known),
        rows.cases,
        rows.follow_ups,
        rows.missed,
        Period(from_ms, to_ms, now),
        known,
        ratings.counted(session, from_ms, to_ms, window),
        rows.dispatched,
        rows.outages,
    )
