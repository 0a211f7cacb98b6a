"""What a case is to a figure of promises, by the end of the time promised for it (K12, K13, K14, K18; pure).

A case counts in the period in which it was due. Open and overdue counts as failed; what is not yet due, what is
paused, and test calls are left out and counted as left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ivr.cases.kinds import of
from ivr.kpi.making import Maker
from ivr.kpi.records import DueCase, Figure, Period

REPLY = "replied ≤ due / due (S2-1 §13(五))"
STRICT = "replied ≤ the date before it moved to a working day / due then"

Moment = Callable[[DueCase], int | None]
DueAt = Callable[[DueCase], int]


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise: of which kind of case (empty: every), what must be done, and until when."""

    kind: str
    done: Moment
    until: DueAt

    def fate(self, case: DueCase, period: Period) -> str:
        """What the case is to this figure: ``good``, ``failed``, or why it is left out; empty: not of the period."""
        if (self.kind and case.kind != self.kind) or not period.from_ms <= self.until(case) < period.to_ms:
            return ""
        at = self.done(case)
        if case.test:
            return "test_calls"
        if case.paused and at is None:
            return "paused"
        if at is None and self.until(case) > period.now_ms:
            return "not_yet_due"
        return "good" if at is not None and at <= self.until(case) else "failed"


def replied(case: DueCase) -> int | None:
    return case.replied


def closed(case: DueCase) -> int | None:
    return case.closed


def kept(case: DueCase) -> int | None:
    return case.kept


def arrived(case: DueCase) -> int | None:
    return case.arrived


def due(case: DueCase) -> int:
    return case.due


def strict(case: DueCase) -> int:
    return case.strict


def arrival_fate(case: DueCase, period: Period) -> str:
    """What a case is to K18-time: ``good`` when somebody came."""
    if not of(case.kind).on_site or not period.from_ms <= case.due < period.to_ms:
        return ""
    return "test_calls" if case.test else "good" if case.arrived is not None else ""


def arrival_time(make: Maker, cases: Sequence[DueCase]) -> Figure:
    """K18-time: from receipt to arrival on site."""
    period = make.period
    due_now = [case for case in cases if of(case.kind).on_site and period.from_ms <= case.due < period.to_ms]
    took = [case.arrived - case.received for case in due_now if case.arrived is not None and not case.test]
    left_out = (("test_calls", sum(case.test for case in due_now)),)
    return make.mean(
        "K18-time", "平均到达时间", "mean time to arrive", sum(took), len(took), left_out, "Σ(on site − received) / n"
    )
