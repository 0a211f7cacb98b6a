"""Requests for a person, counted: all a figure of calls needs, whether there were ten or a million.

Made from records (:meth:`CallTotals.of`, the definition) or by the database (``store/read/call_counts.py``, faster).
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate

from ivr.kpi.records import HOUR_MS, AgentRequest, KpiLimits, RequestOutcome


@dataclass(slots=True)
class CallTotals:
    """Test calls, requests that still wait, and waits a stepped clock made negative are counted apart.

    ``waits``: (class, wait in ms) -> how many; of the answered: how many ``in_limit`` by the profile's clock, calls
    ``talked`` to their end and their ``talk_ms``, calls we ``cut``; ``lead_ms``: from arrival to the request, of all.
    """

    test: int = 0
    waiting: int = 0
    clock_errors: int = 0
    waits: Counter[tuple[RequestOutcome, int]] = field(default_factory=Counter)
    in_limit: int = 0
    talked: int = 0
    talk_ms: int = 0
    cut: int = 0
    lead_ms: int = 0

    @classmethod
    def of(cls, requests: Iterable[AgentRequest], limits: KpiLimits) -> CallTotals:
        """Count records one by one."""
        tally = cls()
        for request in requests:
            tally.add(request, limits)
        return tally

    def add(self, r: AgentRequest, limits: KpiLimits) -> None:
        """Count one record."""
        if r.test:
            self.test += 1
            return
        if r.outcome == "waiting":
            self.waiting += 1
            return
        if r.wait < 0:
            self.clock_errors += 1
            return
        self.waits[r.outcome, r.wait] += 1
        self.lead_ms += r.lead
        if r.outcome != "answered":
            return
        clock = {"human_wait": r.wait, "agent_ring": r.ring, "network_answer": r.network}[limits.clock]
        self.in_limit += clock is not None and clock <= limits.limit
        self.cut += r.cut
        if r.talk is not None:
            self.talked += 1
            self.talk_ms += r.talk

    def merge(self, more: CallTotals) -> None:
        """Count what was counted elsewhere."""
        self.waits.update(more.waits)
        for name in ("test", "waiting", "clock_errors", "in_limit", "talked", "talk_ms", "cut", "lead_ms"):
            setattr(self, name, getattr(self, name) + getattr(more, name))

    @property
    def offered(self) -> int:
        return self.waits.total()

    def waits_of(self, outcome: RequestOutcome) -> Waits:
        """The waits of one class."""
        return Waits({wait: n for (kind, wait), n in self.waits.items() if kind == outcome})


class Waits:
    """How many waited how long (ms): counts, sum and order statistics."""

    def __init__(self, counts: dict[int, int]) -> None:
        self._waits = sorted(counts)
        self._ranks = list(accumulate(counts[wait] for wait in self._waits))  # how many waited no longer than each
        self.n = self._ranks[-1] if self._ranks else 0
        self.total = sum(wait * n for wait, n in counts.items())

    def up_to(self, ms: int) -> int:
        """How many waited no longer."""
        at = bisect_right(self._waits, ms)
        return self._ranks[at - 1] if at else 0

    def below(self, ms: int) -> int:
        """How many waited less."""
        at = bisect_left(self._waits, ms)
        return self._ranks[at - 1] if at else 0

    @property
    def median(self) -> float | None:
        """The middle wait, or the mean of the two in the middle."""
        low, high = self._rank((self.n + 1) // 2), self._rank(self.n // 2 + 1)
        return None if low is None or high is None else (low + high) / 2

    @property
    def p90(self) -> int | None:
        """The 90th percentile by nearest rank."""
        return self._rank(math.ceil(0.9 * self.n))

    @property
    def longest(self) -> int | None:
        return self._waits[-1] if self._waits else None

    def _rank(self, rank: int) -> int | None:
        """The wait of that rank; the shortest has rank 1."""
        at = bisect_left(self._ranks, rank)
        return self._waits[at] if at < len(self._waits) else None


@dataclass(slots=True)
class HourTotals:
    """Offered and answered in each full hour since 1970 (UTC)."""

    offered: Counter[int] = field(default_factory=Counter)
    answered: Counter[int] = field(default_factory=Counter)

    @classmethod
    def of(cls, requests: Iterable[AgentRequest]) -> HourTotals:
        """The requests a figure counts, by the hour in which their call arrived."""
        hours = cls()
        for r in requests:
            if not r.test and r.outcome != "waiting" and r.wait >= 0:
                hours.offered[r.arrived // HOUR_MS] += 1
                hours.answered[r.arrived // HOUR_MS] += r.outcome == "answered"
        return hours

    def merge(self, more: HourTotals) -> None:
        """Count what was counted elsewhere."""
        self.offered.update(more.offered)
        self.answered.update(more.answered)

    def worst_day(self, from_ms: int, to_ms: int) -> tuple[int, int]:
        """Return (answered, offered) of the 24 hours with the lowest rate that end with a full hour in (from, to]."""
        return self.worst_hours(from_ms, to_ms)[:2]

    def worst_hours(self, from_ms: int, to_ms: int) -> tuple[int, int, int]:
        """Return (answered, offered, hour) of those 24 hours; ``hour``: the one they end with, in hours since 1970."""
        worst = (0, 0, 0)
        first = from_ms // HOUR_MS + 1
        offered = sum(self.offered[hour] for hour in range(first - 25, first - 1))
        answered = sum(self.answered[hour] for hour in range(first - 25, first - 1))
        for end in range(first, to_ms // HOUR_MS + 1):  # the 24 hours move on by one
            offered += self.offered[end - 1] - self.offered[end - 25]
            answered += self.answered[end - 1] - self.answered[end - 25]
            # Of equal rates the one of more calls says more.
            if offered and (not worst[1] or (answered * worst[1], -offered) < (worst[0] * offered, -worst[1])):
                worst = answered, offered, end
        return worst
