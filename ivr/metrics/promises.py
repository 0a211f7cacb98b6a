"""Figures of promises: cases by the end of the time promised for them (K12, K13, K14, K18; pure).

A case counts in the period in which it was due. Open and overdue counts as failed; what is not yet due, what is
paused, and test calls are left out and counted as left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ivr.metrics.making import Maker
from ivr.metrics.records import DueCase, Figure

REPLY = "replied ≤ due / due (S2-1 §13(五))"
STRICT = "replied ≤ the date before it moved to a working day / due then"

Moment = Callable[[DueCase], int | None]
DueAt = Callable[[DueCase], int]


def promises(make: Maker, cases: Sequence[DueCase]) -> tuple[Figure, ...]:
    """K12 to K14 and K18, of the cases due in the period."""
    complaints, reports = of_kind(cases, "complaint"), of_kind(cases, "report")
    repairs = of_kind(cases, "repair")
    return (
        in_time(make, cases, closed, due, "K12", "按时办结率", "closed in time", "closed ≤ due / due"),
        in_time(
            make, complaints, replied, due, "K13-complaint", "投诉5天答复率", "complaints replied to in time", REPLY
        ),
        in_time(make, reports, replied, due, "K13-report", "举报10天答复率", "reports replied to in time", REPLY),
        in_time(
            make, complaints, replied, strict, "K13-complaint-strict", "投诉答复率(不顺延)",
            "complaints replied to by the stricter date", STRICT,
        ),
        in_time(
            make, reports, replied, strict, "K13-report-strict", "举报答复率(不顺延)",
            "reports replied to by the stricter date", STRICT,
        ),
        in_time(
            make, cases, kept, due, "K14", "承诺兑现率", "promises kept",
            "replied, on site or closed ≤ due / due; every kind (S2-1 §5)",
        ),
        in_time(
            make, repairs, arrived, due, "K18", "抢修按时到达率", "repairs reached in time",
            "on site ≤ due / due (S2-1 §10(二)5)",
        ),
        arrival_time(make, repairs),
    )  # fmt: skip


def in_time(
    make: Maker, cases: Sequence[DueCase], done: Moment, until: DueAt, id_: str, zh: str, en: str, note: str
) -> Figure:
    """How many of the cases due in the period were ``done`` by then."""
    period = make.period
    due_now = [case for case in cases if period.from_ms <= until(case) < period.to_ms]
    real = [case for case in due_now if not case.test]
    running = [case for case in real if not (case.paused and done(case) is None)]
    settled = [case for case in running if done(case) is not None or until(case) <= period.now_ms]
    good = sum((at := done(case)) is not None and at <= until(case) for case in settled)
    left_out = [("test_calls", len(due_now) - len(real)), ("not_yet_due", len(running) - len(settled))]
    if len(running) < len(real):
        left_out.append(("paused", len(real) - len(running)))
    return make.ratio(id_, zh, en, good, len(settled), tuple(left_out), note)


def arrival_time(make: Maker, repairs: Sequence[DueCase]) -> Figure:
    """K18-time: from receipt to arrival on site."""
    period = make.period
    due_now = [case for case in repairs if period.from_ms <= case.due < period.to_ms]
    took = [case.arrived - case.received for case in due_now if case.arrived is not None and not case.test]
    left_out = (("test_calls", sum(case.test for case in due_now)),)
    return make.mean(
        "K18-time", "平均到达时间", "mean time to arrive", sum(took), len(took), left_out, "Σ(on site − received) / n"
    )


def of_kind(cases: Sequence[DueCase], kind: str) -> list[DueCase]:
    return [case for case in cases if case.kind == kind]


def due(case: DueCase) -> int:
    return case.due


def strict(case: DueCase) -> int:
    return case.strict


def replied(case: DueCase) -> int | None:
    return case.replied


def closed(case: DueCase) -> int | None:
    return case.closed


def kept(case: DueCase) -> int | None:
    return case.kept


def arrived(case: DueCase) -> int | None:
    return case.arrived
