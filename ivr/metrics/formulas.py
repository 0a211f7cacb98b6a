"""The formulas of requirements B9, each figure with its numerator, denominator and exclusions (pure).

w ≤ N is inclusive; a short abandon has w < ``short``. Test calls, requests still waiting, and waits that
a stepped clock made negative are in no figure, and are counted in every figure's exclusions.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median

from ivr.metrics.records import DueCase, Figure, Limits, Period, Request

Exclusions = tuple[tuple[str, int], ...]


def figures(
    requests: Iterable[Request], cases: Iterable[DueCase], period: Period, limits: Limits
) -> tuple[Figure, ...]:
    """Every figure of the period, in the order of B9."""
    base = _Base.of(requests, period, limits)
    due = list(cases)
    return (
        *connection_rates(base),
        *(figure for level in limits.all_levels for figure in service_levels(base, level)),
        *answer_speeds(base),
        *abandonment(base),
        *ring_compliance(base),
        replied_in_time(base, due, "complaint", "K13-complaint", "投诉5天答复率", "complaints replied to in time"),
        replied_in_time(base, due, "report", "K13-report", "举报10天答复率", "reports replied to in time"),
    )


def connection_rates(base: _Base) -> tuple[Figure, ...]:
    """K1 人工接通率 A / O, and K1n A / (O − S)."""
    answered, offered = len(base.answered), base.offered
    return (
        base.ratio("K1", "人工接通率", "answer rate", answered, offered, note="A / O"),
        base.ratio(
            "K1n",
            "人工接通率(不计短时放弃)",
            "answer rate, short abandons out",
            answered,
            offered - base.short,
            (("short_abandons", base.short),),
            f"A / (O − S), S: abandoned before {seconds(base.limits.short)} s",
        ),
    )


def service_levels(base: _Base, level: int) -> tuple[Figure, ...]:
    """K2a–d: answered within N, of offered; short abandons out; of answered; the optimistic one."""
    n = seconds(level)
    quick = sum(w <= level for w in base.answered)
    early = sum(w <= level for w in base.abandoned)
    short = (("short_abandons", base.short),)
    return (
        base.ratio(f"K2a-{n}", f"{n}秒接通率", f"answered within {n} s", quick, base.offered, note="#(A, w ≤ N) / O"),
        base.ratio(
            f"K2b-{n}",
            f"{n}秒接通率(不计短时放弃)",
            f"answered within {n} s, short abandons out",
            quick,
            base.offered - base.short,
            short,
            "#(A, w ≤ N) / (O − S)",
        ),
        base.ratio(
            f"K2c-{n}",
            f"{n}秒应答及时率",
            f"of the answered, within {n} s",
            quick,
            len(base.answered),
            note="#(A, w ≤ N) / A; flatters: never publish it alone",
        ),
        base.ratio(
            f"K2d-{n}",
            f"{n}秒接通率(乐观)",
            f"answered or gone within {n} s",
            quick + early,
            base.offered,
            note="(#(A, w ≤ N) + #(X, w ≤ N)) / O; optimistic",
        ),
    )


def answer_speeds(base: _Base) -> tuple[Figure, ...]:
    """K3 平均应答速度 Σw(A) / A, with median, 90th percentile (nearest rank) and maximum."""
    waits = sorted(base.answered)
    p90 = waits[math.ceil(0.9 * len(waits)) - 1] if waits else None
    return (
        base.mean("K3", "平均应答速度", "average speed of answer", waits, "Σw(A) / A"),
        base.order(
            "K3-median", "应答等待中位数", "median wait of the answered", waits, median(waits) if waits else None
        ),
        base.order("K3-p90", "应答等待90分位", "90th percentile wait of the answered", waits, p90),
        base.order("K3-max", "最长应答等待", "longest wait of the answered", waits, waits[-1] if waits else None),
    )


def abandonment(base: _Base) -> tuple[Figure, ...]:
    """K4 放弃率 X / O, net (X − S) / O, and the mean time to abandon."""
    gone = len(base.abandoned)
    return (
        base.ratio("K4", "放弃率", "abandon rate", gone, base.offered, note="X / O"),
        base.ratio(
            "K4n",
            "净放弃率",
            "abandon rate, net of short ones",
            gone - base.short,
            base.offered,
            (("short_abandons", base.short),),
            "(X − S) / O",
        ),
        base.mean("K4-time", "平均放弃时间", "mean time to abandon", base.abandoned, "Σw(X) / X"),
    )


def ring_compliance(base: _Base) -> tuple[Figure, ...]:
    """K5 铃响达标率: answered within the profile's limit by its clock, of answered and of offered (ANS-1, ANS-2)."""
    limits, n = base.limits, seconds(base.limits.limit)
    note = f"answered within {n} s by {limits.clock}"
    if limits.clock == "network_answer":
        note += "; the system's own answer: see K2a for the wait for a person"
    return (
        base.ratio("K5", "铃响达标率", f"answered within {n} s", base.within, len(base.answered), note=note + " / A"),
        base.ratio(
            "K5-offered",
            "铃响达标率(按呼入)",
            f"answered within {n} s, of offered",
            base.within,
            base.offered,
            note=note + " / O",
        ),
    )


def replied_in_time(base: _Base, cases: Sequence[DueCase], kind: str, id_: str, zh: str, en: str) -> Figure:
    """K13: replied ≤ due / due in the period. Open and overdue counts as failed; not yet due is left out."""
    period = base.period
    of_kind = [c for c in cases if c.kind == kind and period.from_ms <= c.due < period.to_ms]
    real = [c for c in of_kind if not c.test]
    settled = [c for c in real if c.replied is not None or c.due <= period.now_ms]
    in_time = sum(c.replied is not None and c.replied <= c.due for c in settled)
    left_out = (("test_calls", len(of_kind) - len(real)), ("not_yet_due", len(real) - len(settled)))
    return _ratio(base, id_, zh, en, in_time, len(settled), left_out, "replied ≤ due / due (S2-1 §13(五))")


def seconds(ms: int) -> str:
    """Milliseconds as seconds for names and ids: ``15``, ``12.5``."""
    return f"{ms / 1000:g}"


@dataclass(frozen=True, slots=True)
class _Base:
    """The requests of a period by class: waits in ms, and what was left out."""

    answered: list[int]
    abandoned: list[int]
    offered: int
    short: int
    within: int
    left_out: Exclusions
    period: Period
    limits: Limits

    @classmethod
    def of(cls, requests: Iterable[Request], period: Period, limits: Limits) -> _Base:
        every = list(requests)
        real = [r for r in every if not r.test]
        settled = [r for r in real if r.outcome != "waiting"]
        sound = [r for r in settled if r.wait >= 0]
        answered = [r for r in sound if r.outcome == "answered"]
        abandoned = [r.wait for r in sound if r.outcome == "abandoned"]
        clocks: dict[str, Sequence[int | None]] = {
            "human_wait": [r.wait for r in answered],
            "agent_ring": [r.ring for r in answered],
            "network_answer": [r.network for r in answered],
        }
        return cls(
            [r.wait for r in answered],
            abandoned,
            len(sound),
            sum(w < limits.short for w in abandoned),
            sum(w is not None and w <= limits.limit for w in clocks[limits.clock]),
            (
                ("test_calls", len(every) - len(real)),
                ("waiting_now", len(real) - len(settled)),
                ("clock_errors", len(settled) - len(sound)),
            ),
            period,
            limits,
        )

    def ratio(
        self, id_: str, zh: str, en: str, numerator: int, denominator: int, more: Exclusions = (), note: str = ""
    ) -> Figure:
        return _ratio(self, id_, zh, en, numerator, denominator, self.left_out + more, note)

    def mean(self, id_: str, zh: str, en: str, waits: Sequence[int], note: str) -> Figure:
        """A mean of waits in seconds, divided once so that it is right to the last digit."""
        value = float(Fraction(sum(waits), 1000 * len(waits))) if waits else None
        return self._time(id_, zh, en, sum(waits) / 1000, len(waits), value, note)

    def order(self, id_: str, zh: str, en: str, waits: Sequence[int], ms: float | None) -> Figure:
        return self._time(id_, zh, en, None, len(waits), None if ms is None else ms / 1000, "of A")

    def _time(
        self, id_: str, zh: str, en: str, total: float | None, count: int, value: float | None, note: str
    ) -> Figure:
        span = (self.period.from_ms, self.period.to_ms)
        return Figure(id_, zh, en, self.limits.profile, span, total, count, value, "s", self.left_out, note)


def _ratio(
    base: _Base, id_: str, zh: str, en: str, numerator: int, denominator: int, left_out: Exclusions, note: str
) -> Figure:
    value = numerator / denominator if denominator else None
    span = (base.period.from_ms, base.period.to_ms)
    return Figure(id_, zh, en, base.limits.profile, span, numerator, denominator, value, "ratio", left_out, note)
