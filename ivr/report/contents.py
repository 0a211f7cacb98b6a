"""Contents of a report: figures and counts of a period, without any person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ivr.kpi.call_totals import CallTotals
from ivr.kpi.records import DueCase, Figure
from ivr.report.span import Span


@dataclass(frozen=True, slots=True)
class FollowUpWeek:
    """Follow-ups of cases closed in the week from ``first``."""

    first: str
    reached: int
    asked: int


@dataclass(frozen=True, slots=True)
class DemandPart:
    """Requests for a person in one hour, day or week, and how long the answered waited (s)."""

    name: str
    offered: int
    answered: int
    abandoned: int
    median: float | None
    p90: float | None

    @classmethod
    def of_figures(cls, name: str, figures: Sequence[Figure]) -> DemandPart:
        """From the figures of that time."""
        by_id = {figure.id: figure for figure in figures}
        return cls(
            name, by_id["K1"].denominator, int(by_id["K1"].numerator or 0), int(by_id["K4"].numerator or 0),
            by_id["K3-median"].value, by_id["K3-p90"].value,
        )  # fmt: skip

    @classmethod
    def of_tally(cls, name: str, tally: CallTotals) -> DemandPart:
        """Make it from counted calls."""
        answered, abandoned = tally.waits_of("answered"), tally.waits_of("abandoned")
        median, p90 = answered.median, answered.p90
        return cls(
            name, tally.offered, answered.n, abandoned.n,
            None if median is None else median / 1000, None if p90 is None else p90 / 1000,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Curves:
    """What the charts are drawn from. ``step``: what a part is (``hour``, ``day``, ``week``); ``pressure``: local day
    -> open promises that are due then, ``overdue`` ones apart; the rest as in :class:`Contents`."""

    span: Span
    now_ms: int
    step: str
    parts: Sequence[DemandPart]
    arrivals: Counter[tuple[int, str]]
    categories: Counter[str]
    ratings: Counter[int]
    weeks: Sequence[FollowUpWeek]
    follow_up_target: float
    pressure: Mapping[str, int]
    overdue: int


@dataclass(frozen=True, slots=True)
class Contents:
    """``days``: the figures of each day; ``arrivals``: (quarter-hour of the day, outcome) -> calls; ``received``:
    (kind, channel) -> cases; ``categories``: complaint kind -> complaints; ``due``: kind -> cases due in the period."""

    span: Span
    now_ms: int
    figures: tuple[Figure, ...]
    days: Sequence[tuple[str, tuple[Figure, ...]]]
    arrivals: Counter[tuple[int, str]]
    received: Counter[tuple[str, str]]
    categories: Counter[str]
    due: Mapping[str, Sequence[DueCase]]
    ratings: Counter[int]
    weeks: Sequence[FollowUpWeek]
    follow_up_target: float
    pressure: Mapping[str, int] = field(default_factory=dict)
    overdue: int = 0

    @property
    def curves(self) -> Curves:
        """What its charts are drawn from."""
        return Curves(
            self.span, self.now_ms, "day", [DemandPart.of_figures(name, figures) for name, figures in self.days],
            self.arrivals, self.categories, self.ratings, self.weeks, self.follow_up_target, self.pressure,
            self.overdue,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class KeptPromises:
    """Promises of one kind that were due: kept in time, kept late, and still open after the due date."""

    kind: str
    due: int
    in_time: int
    late: int
    overdue: int
    running: int


def kept(kind: str, cases: Sequence[DueCase], now_ms: int) -> KeptPromises:
    """How the promises of a kind fared until now; what is paused or not yet due is ``running``."""
    done = [(case.due, at) for case in cases if (at := case.kept) is not None]
    undone = [case for case in cases if case.kept is None]
    overdue = sum(case.due <= now_ms and not case.paused for case in undone)
    in_time = sum(at <= due for due, at in done)
    return KeptPromises(kind, len(cases), in_time, len(done) - in_time, overdue, len(undone) - overdue)
