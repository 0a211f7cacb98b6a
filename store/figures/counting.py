"""Count and draw the figures of long periods, with the rows behind them, one question after the other.

    counter = FigureCounter(engine)
    counter.ask(FigureCounter.figures, from_ms, to_ms, "", profile, now_ms)

``ask`` calls the method here; a counter in a process of its own (``hotline/process/worker.py``) has the same ``ask``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, Self, TypeVar

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ivr.kpi.records import Figure, Period
from ivr.profile import Profile
from ivr.report.charts import Drawn, draw
from ivr.report.span import Span
from store.engine import open_engine, reading
from store.figures.drilldown import IdRows, ids, worst_day
from store.figures.figures import figures, limits, material
from store.figures.report import curves
from store.journal import ratings

P = ParamSpec("P")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class PeriodFigures:
    """Every figure of a period, and what is behind them: rows, where they are not of calls, and K1g's worst day."""

    figures: tuple[Figure, ...]
    rows: Mapping[str, IdRows]
    worst_day: tuple[int, int]


class Counting(Protocol):
    """Whoever can be asked for a method of :class:`FigureCounter`."""

    def ask(
        self, what: Callable[Concatenate[FigureCounter, P], Answer], /, *args: P.args, **kwargs: P.kwargs
    ) -> Answer: ...


class FigureCounter:
    """Counts with sessions of its own, one thing after the other."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()

    @classmethod
    def of(cls, database: str | Path) -> Self:
        """One for this database: a URL, or the data folder."""
        return cls(open_engine(database))

    def ask(
        self, what: Callable[Concatenate[FigureCounter, P], Answer], /, *args: P.args, **kwargs: P.kwargs
    ) -> Answer:
        """What the method gives."""
        with self._lock:
            return what(self, *args, **kwargs)

    def figures(self, from_ms: int, to_ms: int, window: str, profile: Profile, now_ms: int) -> tuple[Figure, ...]:
        """Every figure of ``[from_ms, to_ms)`` (UTC ms), counted now; ``window``: only its calls and their cases."""
        with Session(reading(self._engine)) as session:
            return figures(session, from_ms, to_ms, profile, now_ms, window or None)

    def counted(self, from_ms: int, to_ms: int, window: str, profile: Profile, now_ms: int) -> PeriodFigures:
        """Return every figure with the rows behind it; rows are given for all windows together only."""
        period, known = Period(from_ms, to_ms, now_ms), limits(profile)
        with Session(reading(self._engine)) as session:
            rows = material(session, from_ms, to_ms, known, window or None, now_ms)
            found = figures(session, from_ms, to_ms, profile, now_ms, window or None, rows)
            if window:
                return PeriodFigures(found, {}, (0, 0))
            rated = ratings.listed(session, from_ms, to_ms)
            behind = {figure.id: ids(session, figure.id, period, known, rows, rated) for figure in found}
            worst = worst_day(session, period)
        return PeriodFigures(found, {id_: each for id_, each in behind.items() if each is not None}, worst)

    def charts(self, span: Span, language: str, profile: Profile, now_ms: int) -> list[Drawn]:
        """The charts of the period."""
        with Session(reading(self._engine)) as session:
            return draw(curves(session, span, profile, now_ms), language)
