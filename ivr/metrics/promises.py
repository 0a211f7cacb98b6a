"""Figures of promises: cases by the end of the time promised for them (K12, K13, K14, K18; pure).

A case counts in the period in which it was due. Open and overdue counts as failed; what is not yet due, what is
paused, and test calls are left out and counted as left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ivr.cases.kinds import of
from ivr.metrics.making import Maker
from ivr.metrics.records import DueCase, Figure, Period

REPLY = "replied ≤ due / due (S2-1 §13(五))"
STRICT = "replied ≤ the date before it moved to a working day / due then"

Moment = Callable[[DueCase], int | None]
DueAt = Callable[[DueCase], int]


@dataclass(frozen=True, slots=True)
class Promise:
    """A figure of promises: of which kind (empty: every), what must be done, and until when."""

    zh: str
    en: str
    kind: str
    done: Moment
    until: DueAt
    note: str

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


PROMISES: Mapping[str, Promise] = {
    "K12": Promise("按时办结率", "closed in time", "", closed, due, "closed ≤ due / due"),
    "K13-complaint": Promise("投诉5天答复率", "complaints replied to in time", "complaint", replied, due, REPLY),
    "K13-report": Promise("举报10天答复率", "reports replied to in time", "report", replied, due, REPLY),
    "K13-complaint-strict": Promise(
        "投诉答复率(不顺延)", "complaints replied to by the stricter date", "complaint", replied, strict, STRICT
    ),
    "K13-report-strict": Promise(
        "举报答复率(不顺延)", "reports replied to by the stricter date", "report", replied, strict, STRICT
    ),
    "K14": Promise(
        "承诺兑现率", "promises kept", "", kept, due, "replied, on site or closed ≤ due / due; every kind (S2-1 §5)"
    ),
    "K18": Promise(
        "抢修按时到达率", "repairs reached in time", "repair", arrived, due, "on site ≤ due / due (S2-1 §10(二)5)"
    ),
}


def promises(make: Maker, cases: Sequence[DueCase]) -> tuple[Figure, ...]:
    """K12 to K14 and K18, of the cases due in the period."""
    repairs = [case for case in cases if of(case.kind).on_site]
    return (*(in_time(make, cases, id_, how) for id_, how in PROMISES.items()), arrival_time(make, repairs))


def in_time(make: Maker, cases: Sequence[DueCase], id_: str, how: Promise) -> Figure:
    """How many of the cases due in the period were done by then."""
    fates = Counter(how.fate(case, make.period) for case in cases)
    left_out = [("test_calls", fates["test_calls"]), ("not_yet_due", fates["not_yet_due"])]
    if fates["paused"]:
        left_out.append(("paused", fates["paused"]))
    settled = fates["good"] + fates["failed"]
    return make.ratio(id_, how.zh, how.en, fates["good"], settled, tuple(left_out), how.note)


def arrival_fate(case: DueCase, period: Period) -> str:
    """What a case is to K18-time: ``good`` when somebody came."""
    if not of(case.kind).on_site or not period.from_ms <= case.due < period.to_ms:
        return ""
    return "test_calls" if case.test else "good" if case.arrived is not None else ""


def arrival_time(make: Maker, repairs: Sequence[DueCase]) -> Figure:
    """K18-time: from receipt to arrival on site."""
    period = make.period
    due_now = [case for case in repairs if period.from_ms <= case.due < period.to_ms]
    took = [case.arrived - case.received for case in due_now if case.arrived is not None and not case.test]
    left_out = (("test_calls", sum(case.test for case in due_now)),)
    return make.mean(
        "K18-time", "平均到达时间", "mean time to arrive", sum(took), len(took), left_out, "Σ(on site − received) / n"
    )
