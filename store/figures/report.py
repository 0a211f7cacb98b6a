"""Counts of a report besides its figures: arrivals, complaint kinds, dues, ratings. No persons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from ivr.cases.kinds import ids
from ivr.kpi.records import DueCase
from ivr.profile import Profile
from ivr.report.contents import Contents, Curves, DemandPart, FollowUpWeek
from ivr.report.span import Span
from store.figures.figures import CallsOf, figures, follow_ups, limits, material
from store.journal.hourly import QUARTER_MS
from store.journal.ratings import counted
from store.read import call_counts
from store.read.queries import due_counts
from store.schema import Callback, Case

HOUR_MS = 3_600_000
HOURS_MAX, DAYS_MAX = 2, 62  # days of a period that is shown by hours, by days; longer ones by weeks
WEEKS = 8  # of follow-ups
PRESSURE_DAYS = 14


def contents(session: Session, span: Span, profile: Profile, now_ms: int) -> Contents:
    """Everything a report of this period shows."""
    from_ms, to_ms, known = span.from_ms, span.to_ms, limits(profile)
    whole = material(session, from_ms, to_ms, known, now_ms=now_ms)
    names = [name for name, _begin, _end in span.by_day()]
    parts = [(begin, end) for _name, begin, end in span.by_day()]
    calls, calls_of_days = CallsOf.parts(session, parts, known)
    days = zip(names, parts, whole.split(parts), calls_of_days, strict=True)

    return Contents(
        span=span,
        now_ms=now_ms,
        figures=figures(session, from_ms, to_ms, profile, now_ms, rows=whole, calls=calls),
        days=tuple(
            (name, figures(session, begin, end, profile, now_ms, rows=rows, calls=its_calls))
            for name, (begin, end), rows, its_calls in days
        ),
        arrivals=_arrivals(session, span),
        received=_received(session, from_ms, to_ms),
        categories=_categories(session, from_ms, to_ms),
        due=_due(whole.cases, from_ms, to_ms),
        ratings=_ratings(session, from_ms, to_ms),
        weeks=tuple(_weeks(session, span)),
        follow_up_target=profile.followup_rate_target,
        pressure=_pressure(session, span.zone, now_ms),
        overdue=due_counts(session, now_ms, now_ms)[0],
    )


def curves(session: Session, span: Span, profile: Profile, now_ms: int) -> Curves:
    """What the panel's charts of this period are drawn from: hours of a day or two, days, or weeks."""
    step = "hour" if span.days <= HOURS_MAX else "day" if span.days <= DAYS_MAX else "week"
    last = Span(span.last - timedelta(days=7 * WEEKS - 1), span.last, span.zone)
    from_ms, to_ms = span.from_ms, span.to_ms
    return Curves(
        span, now_ms, step, _parts(session, span, profile, step), _arrivals(session, span),
        _categories(session, from_ms, to_ms), _ratings(session, from_ms, to_ms), tuple(_weeks(session, last)),
        profile.followup_rate_target, _pressure(session, span.zone, now_ms), due_counts(session, now_ms, now_ms)[0],
    )  # fmt: skip


def _parts(session: Session, span: Span, profile: Profile, step: str) -> list[DemandPart]:
    known = limits(profile)
    days = list(span.by_hour() if step == "hour" else span.by_day())
    size = 7 if step == "week" else 1
    grouped = [days[first : first + size] for first in range(0, len(days), size)]
    pieces = [(group[0][0], group[0][1], group[-1][2]) for group in grouped]
    counts = call_counts.CallCounts(session, span.from_ms, span.to_ms)
    tallies = counts.split([(begin, end) for _name, begin, end in pieces], known)
    return [DemandPart.of_tally(name, found) for (name, _begin, _end), found in zip(pieces, tallies, strict=True)]


def _pressure(session: Session, zone: ZoneInfo, now_ms: int) -> dict[str, int]:
    """Open promises by the local day on which they are due, the next 14 days; paused ones left out."""
    today = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone).date()
    ahead = Span(today, today + timedelta(days=PRESSURE_DAYS - 1), zone)
    query = (
        select(Case.due_ms, func.count())
        .where(
            Case.due_ms >= now_ms, Case.due_ms <= ahead.to_ms, Case.replied.is_(None), Case.closed.is_(None),
            Case.arrived.is_(None), Case.paused.is_(None),
        )
        .group_by(Case.due_ms)
    )  # fmt: skip
    found = {(today + timedelta(days=n)).isoformat(): 0 for n in range(PRESSURE_DAYS)}
    for due, count in session.execute(query):
        # A date ends at 24:00, which is the next day's first moment.
        day = datetime.fromtimestamp(((due or 0) - 1) / 1000, UTC).astimezone(zone).date().isoformat()
        found[day] = found.get(day, 0) + count
    return found


def _arrivals(session: Session, span: Span) -> Counter[tuple[int, str]]:
    """(quarter of an hour of the local day, outcome) -> calls; test calls left out."""
    found: Counter[tuple[int, str]] = Counter()
    for (number, outcome), count in call_counts.CallCounts(session, span.from_ms, span.to_ms).arrivals().items():
        local = datetime.fromtimestamp(number * QUARTER_MS / 1000, UTC).astimezone(span.zone)
        found[(local.hour * 60 + local.minute) // 15, outcome] += count
    return found


def _received(session: Session, from_ms: int, to_ms: int) -> Counter[tuple[str, str]]:
    """(kind, channel) -> cases received; those of test calls left out."""
    query = (
        select(Case.kind, Case.channel, func.count())
        .where(Case.received >= from_ms, Case.received < to_ms, Case.test.is_(False))
        .group_by(Case.kind, Case.channel)
    )
    return Counter({(kind, channel): count for kind, channel, count in session.execute(query)})


def _categories(session: Session, from_ms: int, to_ms: int) -> Counter[str]:
    query = (
        select(Case.category, func.count())
        .where(
            Case.kind.in_(ids(lambda kind: kind.categories)),
            Case.received >= from_ms,
            Case.received < to_ms,
            Case.test.is_(False),
        )
        .group_by(Case.category)
    )
    return Counter({category: count for category, count in session.execute(query)})


def _due(cases: Iterable[DueCase], from_ms: int, to_ms: int) -> dict[str, list[DueCase]]:
    found: dict[str, list[DueCase]] = {}
    for case in cases:
        if from_ms <= case.due < to_ms and not case.test:
            found.setdefault(case.kind, []).append(case)
    return dict(sorted(found.items()))


def _ratings(session: Session, from_ms: int, to_ms: int) -> Counter[int]:
    kind = Callback.kind + ""  # the cases closed in the period lead, not all follow-ups there ever were
    query = (
        select(Callback.rating, func.count())
        .join(Case, and_(Case.id == Callback.case_id, kind == "followup"))
        .where(Case.closed >= from_ms, Case.closed < to_ms, Callback.rating.is_not(None), Callback.test.is_(False))
        .group_by(Callback.rating)
    )
    found = Counter({rating or 0: count for rating, count in session.execute(query)})
    for each in counted(session, from_ms, to_ms):  # keys pressed after talks
        if each.source == "call" and each.rating is not None and not each.test:
            found[each.rating] += each.n
    return found


def _weeks(session: Session, span: Span) -> Iterator[FollowUpWeek]:
    """Follow-ups by weeks of the period, from its first day on."""
    days = list(span.by_day())
    for first in range(0, len(days), 7):
        piece = days[first : first + 7]
        asked = [f for f in follow_ups(session, piece[0][1], piece[-1][2]) if not f.left_out and not f.test]
        yield FollowUpWeek(piece[0][0], sum(f.reached for f in asked), len(asked))
