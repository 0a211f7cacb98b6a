"""How operators' time was spent (pure): K8 占用率, K9 利用率, and K7 with holds and after-call work.

Counted is the time of who signed in, from the facts of their states; a state is cut at the ends of the period.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ivr.desk.states import PAUSED, READY, RINGING, TALKING, WRAPUP
from ivr.kpi.records import HandledTime, KpiLimits, Period, StateSpan, StateTime

HANDLING = (TALKING, WRAPUP)
OCCUPIED = (*HANDLING, RINGING)
SIGNED_IN = (*OCCUPIED, READY, PAUSED)


def cut(spans: Iterable[StateSpan], from_ms: int, to_ms: int) -> list[StateSpan]:
    """Return what of them lies in ``[from_ms, to_ms)``; a part that goes on after it has not ended."""
    return [
        replace(
            span, begin=max(span.begin, from_ms), end=min(span.end, to_ms), ended=span.ended and span.end <= to_ms
        )
        for span in spans
        if span.begin < to_ms and span.end > from_ms
    ]  # fmt: skip


def times(spans: Iterable[StateSpan]) -> list[StateTime]:
    """Return how long each state lasted, in whole seconds."""
    total = Counter[str]()
    for span in spans:
        total[span.state] += span.end - span.begin
    return [StateTime(state, round(ms / 1000)) for state, ms in sorted(total.items())]


def handled(spans: Sequence[StateSpan]) -> list[HandledTime]:
    """Return the time of talks and after-call work, and how many talks ended."""
    talks = sum(span.state == TALKING and span.ended for span in spans)
    return [HandledTime(sum(span.end - span.begin for span in spans if span.state in HANDLING), talks)]


def occupied_fate(row: StateTime, _period: Period, _limits: KpiLimits) -> str:
    """``good``: a caller was there, or the call's work; ``failed``: ready and waiting for one."""
    return "good" if row.state in OCCUPIED else "failed" if row.state == READY else ""


def used_fate(row: StateTime, _period: Period, _limits: KpiLimits) -> str:
    """``good``: handling calls; ``failed``: signed in all the same."""
    return "good" if row.state in HANDLING else "failed" if row.state in SIGNED_IN else ""


def handled_fate(_row: HandledTime, _period: Period, _limits: KpiLimits) -> str:
    """All of it is handling."""
    return "good"
