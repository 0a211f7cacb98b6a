"""What a report is made of: figures and counts of a period, without any person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ivr.metrics.records import DueCase, Figure
from ivr.report.span import Span


@dataclass(frozen=True, slots=True)
class Week:
    """Follow-ups of cases closed in the week from ``first``."""

    first: str
    reached: int
    asked: int


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
    weeks: Sequence[Week]
    follow_up_target: float


@dataclass(frozen=True, slots=True)
class Kept:
    """Promises of one kind that were due: kept in time, kept late, and still open after the due date."""

    kind: str
    due: int
    in_time: int
    late: int
    overdue: int
    running: int


def kept(kind: str, cases: Sequence[DueCase], now_ms: int) -> Kept:
    """How the promises of a kind fared until now; what is paused or not yet due is ``running``."""
    done = [(case.due, at) for case in cases if (at := case.kept) is not None]
    undone = [case for case in cases if case.kept is None]
    overdue = sum(case.due <= now_ms and not case.paused for case in undone)
    in_time = sum(at <= due for due, at in done)
    return Kept(kind, len(cases), in_time, len(done) - in_time, overdue, len(undone) - overdue)
