"""The letters of B9: what a call is to the figures of calls, said once for records and for SQL; and such a figure.

w ≤ N is inclusive; a short abandon S has w < ``short``. Test calls, requests still waiting, and waits that a stepped
clock made negative are in no figure, and are counted in every figure's exclusions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ivr.kpi.making import seconds
from ivr.kpi.predicates import Flag, Measure, Predicate
from ivr.kpi.records import KpiLimits

# Fields of ``ivr.kpi.records.AgentRequest``; in SQL: ``store/journal/requests.py``.
OUTCOME, WAIT, RING, NETWORK = Measure("outcome"), Measure("wait"), Measure("ring"), Measure("network")
LEAD, TALK, HANDED = Measure("lead"), Measure("talk"), Measure("handed")
ASKED, TEST, CUT, APOLOGY = Flag("asked"), Flag("test"), Flag("cut"), Flag("apology")
REAL = ~TEST
WAITING = OUTCOME.is_("waiting")

O = ASKED & REAL & (WAIT >= 0) & ~WAITING  # noqa: E741 - the letters of B9
A, X, K, F = (O & OUTCOME.is_(outcome) for outcome in ("answered", "abandoned", "callback", "failed"))
TALKED = A & TALK.known
CLOCKS: Mapping[str, Measure] = {"human_wait": WAIT, "agent_ring": RING, "network_answer": NETWORK}

Part = Predicate | Callable[[KpiLimits], Predicate]  # some depend on what the profile says
LEFT_OUT: Mapping[str, Part] = {
    "test_calls": ASKED & TEST,
    "waiting_now": ASKED & REAL & WAITING,
    "clock_errors": ASKED & REAL & ~WAITING & (WAIT < 0),
}  # fmt: skip


def short(limits: KpiLimits) -> Predicate:
    """S: left within the first seconds."""
    return X & (WAIT < limits.short)


def quick(limits: KpiLimits) -> Predicate:
    """#(A, w ≤ N)"""
    return A & (WAIT <= limits.level)


def in_limit(limits: KpiLimits) -> Predicate:
    """Answered within the profile's limit by its clock (ANS-1, ANS-2)."""
    return A & (CLOCKS[limits.clock] <= limits.limit)


def late(limits: KpiLimits) -> Predicate:
    """Answered by the system so late that an apology must come first (S4-29), whoever was asked for."""
    return REAL & (NETWORK >= limits.apology)


@dataclass(frozen=True, slots=True)
class OfCalls:
    """A share of calls, ``good`` / ``of``; or the ``how`` of a ``measure`` (ms) over ``of``.

    Names and ``note`` (the formula, for programs) may say ``{n}`` and other words of :func:`worded`. ``left_out``: why
    some are not in it, besides ``common``. ``levels``: there is one for each N. ``worst_day``: of the 24 hours with the
    lowest rate.
    """

    zh: str
    en: str
    of: Part
    good: Part | None = None
    note: str = ""
    measure: Measure | None = None
    how: Literal["mean", "median", "p90", "longest"] = "mean"
    left_out: Mapping[str, Part] = field(default_factory=dict)
    common: Mapping[str, Part] = field(default_factory=lambda: LEFT_OUT)
    levels: bool = False
    worst_day: bool = False

    def excluded(self, limits: KpiLimits) -> dict[str, Predicate]:
        """Return what is left out of it, by why."""
        return {why: at(part, limits) for why, part in (*self.common.items(), *self.left_out.items())}

    def parts(self, limits: KpiLimits) -> list[Predicate]:
        """Return all that is counted for it."""
        good = [] if self.good is None else [at(self.good, limits)]
        return [*good, at(self.of, limits), *self.excluded(limits).values()]


def at(part: Part, limits: KpiLimits) -> Predicate:
    """Return the part as the profile's numbers make it."""
    return part if isinstance(part, Predicate) else part(limits)


def worded(text: str, limits: KpiLimits) -> str:
    """Return the text with the profile's numbers in it: ``{n}`` the level, seconds as all but ``{missed}``, hours."""
    own = "; the system's own answer: see K2a for the wait for a person" if limits.clock == "network_answer" else ""
    return text.format(
        n=seconds(limits.level), short=seconds(limits.short), limit=seconds(limits.limit),
        apology=seconds(limits.apology), clock=limits.clock + own, missed=f"{limits.missed / 3_600_000:g}",
    )  # fmt: skip
