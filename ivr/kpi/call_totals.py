"""Calls, counted: all a figure of calls needs, whether there were ten or a million.

Made from records (:meth:`CallTotals.of`, the definition) or by the database (``store/read/call_counts.py``, faster).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

from ivr.kpi.calls import WAIT, A, O
from ivr.kpi.predicates import Measure, Not, Predicate, conjuncts, fields, holds, implies, remember, steps, together
from ivr.kpi.records import HOUR_MS, AgentRequest, RequestOutcome

CLASSES: tuple[RequestOutcome, ...] = ("answered", "abandoned", "callback", "failed")
OF_WAITS = {"asked", "test", "outcome", "wait"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be counted besides waits: how many are so, and the sum of a field of those that are so."""

    counts: frozenset[Predicate]
    sums: frozenset[tuple[Measure, Predicate]]

    @classmethod
    def by(cls, predicates: Iterable[Predicate], sums: Iterable[tuple[Measure, Predicate]]) -> Wanted:
        """Return what must be counted to know these."""
        counts = {piece for each in predicates if not of_waits(each) for _sign, piece in pieces(each)}
        return cls(
            frozenset(piece for piece in counts if not of_waits(piece)),
            frozenset((field, each) for field, each in sums if field != WAIT or not of_waits(each)),
        )


@remember
def of_waits(predicate: Predicate) -> bool:
    """Tell whether it asks only of which class a request is, and how long it waited."""
    return fields(predicate) <= OF_WAITS and implies(predicate, O)


@remember
def pieces(predicate: Predicate) -> list[tuple[int, Predicate]]:
    """Return it as a sum: those that are P and not Q are those that are P less those that are both."""
    for part in conjuncts(predicate):
        whole = conjuncts(predicate) - {part}
        if isinstance(part, Not) and whole and not fields(part) <= OF_WAITS:
            return [(1, together(whole)), (-1, together(whole) & part.of)]
    return [(1, predicate)]


@remember
def ranges(predicate: Predicate) -> list[tuple[RequestOutcome, int | None, int | None]]:
    """Return the classes and the waits ``[low, high)`` of them that are so; None: without an end."""
    return [
        (kind, low, high)
        for kind in CLASSES
        for low, high, one in steps(predicate, WAIT.name)
        if holds(predicate)(AgentRequest(kind, one))
    ]


@dataclass(slots=True)
class CallTotals:
    """``waits``: (class, wait in ms) -> how many requests; what else was :class:`Wanted`: how many calls, and sums."""

    waits: Counter[tuple[RequestOutcome, int]] = field(default_factory=Counter)
    counts: Counter[Predicate] = field(default_factory=Counter)
    sums: Counter[tuple[Measure, Predicate]] = field(default_factory=Counter)

    @classmethod
    def of(cls, requests: Iterable[AgentRequest], wanted: Wanted) -> CallTotals:
        """Count records one by one."""
        tally, offered = cls(), holds(O)
        for r in requests:
            if offered(r):
                tally.waits[r.outcome, r.wait] += 1
            for each in wanted.counts:
                tally.counts[each] += holds(each)(r)
            for measure, each in wanted.sums:
                if holds(each)(r):
                    tally.sums[measure, each] += getattr(r, measure.name)
        return tally

    def merge(self, more: CallTotals) -> None:
        """Count what was counted elsewhere."""
        self.waits.update(more.waits)
        self.counts.update(more.counts)
        self.sums.update(more.sums)

    @property
    def offered(self) -> int:
        return self.waits.total()

    def waits_of(self, outcome: RequestOutcome) -> Waits:
        """The waits of one class."""
        return Waits({wait: n for (kind, wait), n in self.waits.items() if kind == outcome})


class Counted:
    """Answers from a tally."""

    def __init__(self, tally: CallTotals) -> None:
        self._tally = tally
        self._spreads: dict[Predicate, Waits] = {}

    def count(self, predicate: Predicate) -> int:
        """How many calls are so."""
        if of_waits(predicate):
            return sum(waits.between(low, high) for waits, low, high in self._ranges(predicate))
        return sum(
            sign * (self.count(piece) if of_waits(piece) else self._tally.counts[piece])
            for sign, piece in pieces(predicate)
        )

    def total(self, measure: Measure, predicate: Predicate) -> int:
        """The sum of a field of those that are so."""
        if measure == WAIT and of_waits(predicate):
            return self.spread(predicate).total
        return self._tally.sums[measure, predicate]

    def spread(self, predicate: Predicate) -> Waits:
        """The waits of those that are so; what else it asks of them is in no tally."""
        assert of_waits(predicate), predicate
        if predicate not in self._spreads:
            found: Counter[int] = Counter()
            for waits, low, high in self._ranges(predicate):
                found.update(waits.part(low, high))
            self._spreads[predicate] = Waits(found)
        return self._spreads[predicate]

    @cached_property
    def _classes(self) -> Mapping[RequestOutcome, Waits]:
        return {kind: self._tally.waits_of(kind) for kind in CLASSES}

    def _ranges(self, predicate: Predicate) -> Iterator[tuple[Waits, int | None, int | None]]:
        for kind, low, high in ranges(predicate):
            yield self._classes[kind], low, high


class Waits:
    """How many waited how long (ms): counts, sum and order statistics."""

    def __init__(self, counts: Mapping[int, int]) -> None:
        self._counts, self._waits = counts, sorted(counts)
        self._ranks = list(accumulate(counts[wait] for wait in self._waits))  # how many waited no longer than each
        self.n = self._ranks[-1] if self._ranks else 0
        self.total = sum(wait * n for wait, n in counts.items())

    def below(self, ms: int) -> int:
        """How many waited less."""
        at = bisect_left(self._waits, ms)
        return self._ranks[at - 1] if at else 0

    def between(self, low: int | None, high: int | None) -> int:
        """How many waited ``[low, high)``; None: without an end."""
        return (self.n if high is None else self.below(high)) - (0 if low is None else self.below(low))

    def part(self, low: int | None, high: int | None) -> dict[int, int]:
        """The waits ``[low, high)``, each with how many."""
        first = 0 if low is None else bisect_left(self._waits, low)
        end = len(self._waits) if high is None else bisect_left(self._waits, high)
        return {wait: self._counts[wait] for wait in self._waits[first:end]}

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
        hours, offered, answered = cls(), holds(O), holds(A)
        for r in requests:
            if offered(r):
                hours.offered[r.arrived // HOUR_MS] += 1
                hours.answered[r.arrived // HOUR_MS] += answered(r)
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
