"""What a case is to a figure of promises, by the end of the time promised for it (K12, K13, K14, K18; pure).

A case counts in the period in which it was due. Open and overdue counts as failed; what is not yet due, what is
paused, and test calls are left out and counted as left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ivr.cases.kinds import of
from ivr.kpi.records import DueCase, KpiLimits, Period

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

    def fate(self, case: DueCase, period: Period, _limits: KpiLimits) -> str:
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


def arrival_fate(case: DueCase, period: Period, _limits: KpiLimits) -> str:
    """What a case is to K18-time: ``good`` when somebody came."""
    if not of(case.kind).on_site or not period.from_ms <= case.due < period.to_ms:
        return ""
    return "test_calls" if case.test else "good" if case.arrived is not None else ""


def arrival_took(case: DueCase) -> int:
    """How long somebody took to come, from receipt on (ms)."""
    assert case.arrived is not None
    return case.arrived - case.received
