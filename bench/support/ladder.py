"""Which rate comes next, and which was the highest that held: the ladder without its calls (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Ladder:
    """Steps up by ``factor`` until a rung does not hold, then halves the distance down to ``fine``.

    A rung that did not hold is tried once more at the end (a machine may pause for a moment of its own);
    if it holds then, the search goes on above it. At most ``rungs`` in all.
    """

    first: int = 24
    factor: float = 1.6
    fine: float = 1.09
    rungs: int = 9
    tried: list[tuple[int, bool]] = field(default_factory=list)

    @property
    def best(self) -> int:
        """The highest rate that held; 0: none yet."""
        return max((rate for rate, holds in self.tried if holds), default=0)

    @property
    def over(self) -> int:
        """The lowest rate above it that did not; 0: none yet."""
        return min((rate for rate, holds in self.tried if not holds and rate > self.best), default=0)

    def next(self) -> int | None:
        """The rate to try; None: done."""
        if len(self.tried) >= self.rungs:
            return None
        best, over = self.best, self.over
        if not over:
            return round(best * self.factor) if best else self.first
        low = best or over / self.factor
        middle = round((low * over) ** 0.5)
        if over > low * self.fine and middle not in (best, over):
            return middle
        rates = [rate for rate, _ in self.tried]
        return over if len(rates) == len(set(rates)) else None

    def went(self, rate: int, holds: bool) -> None:
        """How it went."""
        self.tried.append((rate, holds))
