"""Making a figure: one place that divides, so that every figure is divided alike and says what it left out."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ivr.kpi.records import Figure, Period

Exclusions = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes figures of one profile and period; ``left_out`` goes into each of them."""

    profile: str
    period: Period
    left_out: Exclusions = ()

    def ratio(
        self, id_: str, zh: str, en: str, numerator: int, denominator: int, more: Exclusions = (), note: str = ""
    ) -> Figure:
        """A share; no value when there is nothing to divide by."""
        value = numerator / denominator if denominator else None
        return self._figure(id_, zh, en, numerator, denominator, value, "ratio", more, note)

    def mean(
        self, id_: str, zh: str, en: str, total_ms: int, count: int, more: Exclusions = (), note: str = ""
    ) -> Figure:
        """A mean in seconds, divided once so that it is right to the last digit."""
        value = float(Fraction(total_ms, 1000 * count)) if count else None
        return self._figure(id_, zh, en, total_ms / 1000, count, value, "s", more, note)

    def order(
        self, id_: str, zh: str, en: str, ms: float | None, count: int, more: Exclusions = (), note: str = ""
    ) -> Figure:
        """An order statistic of ``count`` waits."""
        return self._figure(id_, zh, en, None, count, None if ms is None else ms / 1000, "s", more, note)

    def _figure(
        self, id_: str, zh: str, en: str, numerator: int | float | None, denominator: int, value: float | None,
        unit: str, more: Exclusions, note: str,
    ) -> Figure:  # fmt: skip
        span = (self.period.from_ms, self.period.to_ms)
        return Figure(
            id_, zh, en, self.profile, span, numerator, denominator, value,
            "ratio" if unit == "ratio" else "s", self.left_out + more, note,
        )  # fmt: skip


def seconds(ms: int) -> str:
    """Milliseconds as seconds for names and ids: ``15``, ``12.5``."""
    return f"{ms / 1000:g}"
