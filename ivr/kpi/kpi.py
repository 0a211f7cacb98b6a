"""What a figure is: a record with its id, its names, its formula in words, and how it is counted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ivr.cases.names import Term
from ivr.kpi.calls import OfCalls
from ivr.kpi.records import KpiLimits, Period

Rows = Literal[
    "cases", "dispatched", "outages", "follow_ups", "ratings", "missed", "attempts", "state_times", "handled"
]
Everything = Mapping[Rows, Sequence[Any]]  # the rows of each kind; what some are alike is one, with ``n``
NO_REMARK = Term("", "")


@dataclass(frozen=True, slots=True)
class Share:
    """good / (good + failed) of rows; with ``took`` (ms) the mean of it over the good ones.

    ``fate``: what a row is to it: ``good``, ``failed``, why it is left out, or empty: nothing.
    ``told``: reasons that are told even when nothing was left out for them; ``note``: the formula, for programs.
    ``kept``: the rows are stored, so they can be looked at.
    """

    zh: str
    en: str
    rows: tuple[Rows, ...]
    fate: Callable[[Any, Period, KpiLimits], str]
    note: str
    told: tuple[str, ...] = ()
    took: Callable[[Any], int] | None = None
    kept: bool = True


@dataclass(frozen=True, slots=True)
class Kpi:
    """A figure: ``K2a`` stands for ``K2a-N`` of every N."""

    id: str
    formula: Term
    how: Share | OfCalls
    remark: Term = NO_REMARK

    @property
    def number(self) -> int:
        """Its number in B9: 2 of ``K2a``."""
        digits = re.match(r"K(\d+)", self.id)
        assert digits, self.id
        return int(digits[1])
