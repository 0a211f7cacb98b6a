"""The one way to a figure: board, API, reports, exports and command line all ask here."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any, Self, TypeVar

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from ivr.kpi import formulas, operators
from ivr.kpi.blocking import TAKEN
from ivr.kpi.call_totals import CallTotals, HourTotals
from ivr.kpi.kpi import Everything, Rows
from ivr.kpi.records import (
    HOUR_MS,
    Announced,
    Dispatched,
    DueCase,
    Figure,
    FollowUp,
    KpiLimits,
    Period,
    StateSpan,
    Target,
    TurnedAway,
)
from ivr.profile import ConnectRate, Profile
from store.figures import line_quality
from store.figures.dispatching import dispatched
from store.figures.operators import spans as state_spans
from store.figures.promises import due_cases, of_window, with_calls
from store.journal import ratings
from store.journal.hourly import QUARTER_MS
from store.read import call_counts, missed, outage_notices
from store.read.missed import NOT_TO_BE_CALLED, Missed
from store.schema import Callback, Case

Part = tuple[int, int]  # [from, to) in UTC ms
Row = TypeVar("Row")
CONNECT_DAYS = {"day": (1, 1), "month": (28, 31)}


def limits(profile: Profile) -> KpiLimits:
    """What the figures need of a profile."""
    return KpiLimits(
        profile.name,
        profile.answer.clock,
        profile.answer.limit_ms,
        round(profile.figures.short_s * 1000),
        tuple(round(level * 1000) for level in profile.figures.service_level_s),
        profile.apology_after_ms,
        profile.missed_call_back_h * HOUR_MS,
        tuple(_targets(profile)),
    )


def _targets(profile: Profile) -> Iterator[Target]:
    """The shares the profile promises (S2-1 §5(二), §13(五); GB/T 33358)."""
    yield Target("K14", profile.promise_target)
    yield Target("K15", profile.followup_rate_target)
    match profile.connect_rate:
        case ConnectRate(target=share, window="rolling_24h"):
            yield Target("K1g", share)
        case ConnectRate(target=share, window=window):
            yield Target("K1", share, CONNECT_DAYS[window])


def follow_ups(session: Session, from_ms: int, to_ms: int, window: str | None = None) -> list[FollowUp]:
    """The cases closed in the period, and whether their citizens were reached (one entry for each case)."""
    query = (
        select(
            Case.id, Case.closed, Case.anonymous, Case.consent, Case.test, Callback.id, Callback.outcome,
            or_(Callback.outcome == "reached", Callback.reached), Callback.rating,
        )
        .outerjoin(Callback, and_(Callback.case_id == Case.id, Callback.kind == "followup"))
        .where(Case.closed >= from_ms, Case.closed < to_ms, *of_window(window))
        .order_by(Case.id, Callback.created)
    )  # fmt: skip
    found: dict[str, FollowUp] = {}
    for case_id, closed, anonymous, consent, test, callback, outcome, was_reached, rating in session.execute(
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
            closed or 0,
        )
    return list(found.values())


@dataclass(frozen=True)
class Material:
    """What figures of promises and of what comes after calls are counted from, row by row."""

    cases: Sequence[DueCase]
    follow_ups: Sequence[FollowUp]
    missed: Missed
    dispatched: Sequence[Dispatched]
    outages: Sequence[Announced]
    away: Sequence[TurnedAway]
    spans: Sequence[StateSpan]

    @cached_property
    def rows(self) -> Mapping[Rows, Sequence[Any]]:
        """Its rows by their kind, as figures name them."""
        return {
            "cases": self.cases, "follow_ups": self.follow_ups, "missed": self.missed.callers(),
            "dispatched": self.dispatched, "outages": self.outages, "state_times": operators.times(self.spans),
            "handled": operators.handled(self.spans),
        }  # fmt: skip

    def split(self, parts: Sequence[Part]) -> list[Material]:
        """What belongs to each part of the period; they follow each other."""
        begins = [begin for begin, _end in parts]

        def part(at: int) -> int:
            n = bisect_right(begins, at) - 1
            return n if n >= 0 and at < parts[n][1] else -1

        def each(rows: Iterable[Row], *moments: Callable[[Row], int]) -> list[list[Row]]:
            found: list[list[Row]] = [[] for _part in (*parts, "none of them")]
            for row in rows:
                for n in {part(moment(row)) for moment in moments}:
                    found[n].append(row)
            return found[:-1]

        cases, closed = each(self.cases, attrgetter("due"), attrgetter("strict")), attrgetter("closed")
        missed = [self.missed.between(*one) for one in parts]
        follow_ups, dispatched = each(self.follow_ups, closed), each(self.dispatched, closed)
        outages, away = each(self.outages, attrgetter("starts")), each(self.away, attrgetter("at"))
        spans = [operators.cut(self.spans, *one) for one in parts]
        return list(map(Material, cases, follow_ups, missed, dispatched, outages, away, spans))


@dataclass(frozen=True, slots=True)
class CallsOf:
    """What figures of calls are counted from; ``hours``: from a day before; ``arrived``: how many, whatever for."""

    tally: CallTotals
    hours: HourTotals
    arrived: int

    @classmethod
    def period(cls, session: Session, from_ms: int, to_ms: int, known: KpiLimits, window: str | None = None) -> Self:
        """Those of a period."""
        counts = call_counts.CallCounts(session, from_ms, to_ms, window)
        return cls(counts.tally(known), counts.hours(), 0 if window else counts.arrivals().total())

    @classmethod
    def parts(cls, session: Session, parts: Sequence[Part], known: KpiLimits) -> tuple[Self, list[Self]]:
        """Those of a period that is read once, and of each of its parts; they follow each other."""
        first, end = parts[0][0], parts[-1][1]
        if any(begin % HOUR_MS for begin, _end in parts):  # an hour that belongs to two of them
            return cls.period(session, first, end, known), [cls.period(session, *part, known) for part in parts]
        counts = call_counts.CallCounts(session, first, end)
        hours, begins, arrived = counts.hours(), [begin for begin, _end in parts], Counter[int]()
        for (quarter, _outcome), n in counts.arrivals().items():
            arrived[bisect_right(begins, quarter * QUARTER_MS) - 1] += n
        every = [cls(tally, hours, arrived[n]) for n, tally in enumerate(counts.split(parts, known))]
        return cls(counts.tally(known), hours, arrived.total()), every


def material(
    session: Session, from_ms: int, to_ms: int, known: KpiLimits, window: str | None = None, now_ms: int | None = None
) -> Material:
    """The promises due, the cases closed, the calls missed, the outages planned in ``[from_ms, to_ms)``.

    Outages, calls that were turned away and operators' states are of the whole unit, so of no window.
    """
    return Material(
        list(due_cases(session, from_ms, to_ms, window)),
        follow_ups(session, from_ms, to_ms, window),
        missed.read(session, from_ms, to_ms, known.missed, window),
        dispatched(session, from_ms, to_ms, window),
        [] if window else outage_notices.planned(session, from_ms, to_ms),
        [] if window else line_quality.away(session, from_ms, to_ms),
        [] if window else state_spans(session, from_ms, to_ms, _now() if now_ms is None else now_ms),
    )


def _now() -> int:
    return time.time_ns() // 1_000_000


def figures(
    session: Session,
    from_ms: int,
    to_ms: int,
    profile: Profile,
    now_ms: int | None = None,
    window: str | None = None,
    rows: Material | None = None,
    calls: CallsOf | None = None,
) -> tuple[Figure, ...]:
    """Every figure of calls that arrived, and promises that were due, in ``[from_ms, to_ms)`` (UTC ms).

    ``window``: only calls to this window and the cases of these calls. ``rows``, ``calls``: read already.
    """
    now = _now() if now_ms is None else now_ms
    known = limits(profile)
    calls = calls or CallsOf.period(session, from_ms, to_ms, known, window)
    rows = rows or material(session, from_ms, to_ms, known, window, now)
    everything: Everything = {
        **rows.rows,
        "ratings": ratings.counted(session, from_ms, to_ms, window),
        "attempts": [*rows.away, TurnedAway(TAKEN, calls.arrived)],
    }
    period = Period(from_ms, to_ms, now)
    return formulas.all_figures(calls.tally, calls.hours, everything, period, known)
