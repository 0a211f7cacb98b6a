"""Figures as the panel shows them: formula id, numerator, denominator, and what was left out, in both languages.

The numbers come from ``store/figures/figures.py`` only, so board, page, export and API always agree.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from ivr.kpi import kpis
from ivr.kpi.records import MIN_FOR_PERCENT, Figure, Period
from ivr.report.charts import Drawn
from ivr.report.span import Span
from store.figures import drilldown
from store.figures.counting import FigureCounter, PeriodFigures
from store.figures.figures import figures, limits
from store.read import queries
from web.db import config, now_ms, reading
from web.labels import label
from web.language import chosen
from web.names import said
from web.swr_cache import SwrCache

KEPT_MS = 4000  # boards that ask within this time share one calculation
STALE_MS = 8000  # and while somebody looks, nobody waits for the next one
LONG_MS = 25 * 3_600_000  # figures of more than a day are computed once in so long, and are never older than so much
LONG_KEPT_MS, LONG_STALE_MS = 60_000, 120_000
OVER_KEPT_MS, OVER_STALE_MS = 3_600_000, 86_400_000  # of a month that is over hardly anything changes

LEFT_OUT = {
    "test_calls": _l("测试来电"),
    "waiting_now": _l("仍在等候"),
    "clock_errors": _l("时钟异常"),
    "short_abandons": _l("短时放弃"),
    "not_yet_due": _l("尚未到期"),
    "talking_now": _l("正在通话"),
    "paused": _l("计时暂停"),
    "anonymous": _l("匿名"),
    "no_consent": _l("不同意回访"),
    "no_number": _l("无号码"),
    "no_answer": _l("未评分"),
    "reopened": _l("已重开"),
    "sealed": _l("号码已销毁"),
    "case": _l("已留言"),
    "withdrawn": _l("已撤回"),
}


Behind = drilldown.CallRows | drilldown.IdRows


@dataclass(frozen=True)
class Shown:
    """A figure ready for a page."""

    figure: Figure
    name: str
    shown: str
    fraction: str
    formula: str
    excluded: str
    note: str

    @property
    def id(self) -> str:
        return self.figure.id

    @property
    def target(self) -> str:
        """The least share the profile promises, ``≥ 90 %``; empty: it promises none."""
        return "" if self.figure.target is None else f"≥ {self.figure.target * 100:g} %"

    @property
    def family(self) -> int:
        """The K number, by which figures stand together."""
        return int(re.match(r"K(\d+)", self.id)[1])  # type: ignore[index]  # every id begins so (B9)


def shared(from_ms: int, to_ms: int, window: str = "") -> list[Shown]:
    """Return the figures from a cache: seconds old, those of more than a day at most two minutes."""
    recent: Recent = current_app.extensions["panel.figures"]
    return [show(figure) for figure in recent.get(from_ms, to_ms, window)]


def outcomes(from_ms: int, to_ms: int) -> Mapping[str, int]:
    """How many calls of the day ended how, as old as its figures are."""
    recent: Recent = current_app.extensions["panel.figures"]
    return recent.outcomes(from_ms, to_ms)


def shown(from_ms: int, to_ms: int, window: str = "") -> list[Shown]:
    """Every figure of the calls that arrived, and the cases that were due, in ``[from_ms, to_ms)``."""
    return [show(figure) for figure in raw(from_ms, to_ms, window)]


def raw(from_ms: int, to_ms: int, window: str = "") -> tuple[Figure, ...]:
    """Return the figures as records, for the API; ``window``: only its calls and their cases."""
    panel = config()
    if _long(from_ms, to_ms):
        return panel.counter.ask(FigureCounter.figures, from_ms, to_ms, window, panel.profile, now_ms())
    return figures(reading(), from_ms, to_ms, panel.profile, now_ms(), window or None)


def _long(from_ms: int, to_ms: int) -> bool:
    return to_ms - from_ms > LONG_MS


def excluded(figure: Figure, why: str) -> int:
    """How many were left out for this reason."""
    return dict(figure.exclusions).get(why, 0)


class Recent:
    """The last calculations, for all boards and pages of figures that are open now."""

    def __init__(self) -> None:
        at_once, beside = threading.Lock(), threading.Lock()  # what the panel counts itself waits for no year
        self._short: SwrCache[tuple[int, int, str], tuple[Figure, ...]] = SwrCache(KEPT_MS, STALE_MS, at_once)
        self._outcomes: SwrCache[tuple[int, int], Mapping[str, int]] = SwrCache(KEPT_MS, STALE_MS, at_once)
        self._long: SwrCache[tuple[int, int, str], PeriodFigures] = SwrCache(LONG_KEPT_MS, LONG_STALE_MS, beside)
        self._over: SwrCache[Span, tuple[Figure, ...]] = SwrCache(OVER_KEPT_MS, OVER_STALE_MS, beside)
        self._charts: SwrCache[tuple[date, date, str], list[Drawn]] = SwrCache(LONG_KEPT_MS, LONG_STALE_MS, beside)

    def get(self, from_ms: int, to_ms: int, window: str = "") -> tuple[Figure, ...]:
        if _long(from_ms, to_ms):
            return self._counted(from_ms, to_ms, window).figures
        return self._short.get((from_ms, to_ms, window), lambda: raw(from_ms, to_ms, window))

    def outcomes(self, from_ms: int, to_ms: int) -> Mapping[str, int]:
        return self._outcomes.get((from_ms, to_ms), lambda: queries.outcomes(reading(), from_ms, to_ms))

    def month(self, span: Span) -> tuple[Figure, ...]:
        """Figures of a month that is over, for everybody who asks."""
        return self._over.get(span, lambda: raw(span.from_ms, span.to_ms))

    def rows(self, figure_id: str, from_ms: int, to_ms: int) -> Behind | None:
        """What is behind a figure, as it was counted; None: there is no figure of that name."""
        period, known = Period(from_ms, to_ms, now_ms()), limits(config().profile)
        if not _long(from_ms, to_ms):
            return drilldown.rows(reading(), figure_id, period, known)
        found = self._counted(from_ms, to_ms)
        return found.rows.get(figure_id) or drilldown.conditions(figure_id, period, known, found.worst_day)

    def charts(self, span: Span, language: str) -> list[Drawn]:
        """The charts of the period, in that language."""
        panel = config()
        return self._charts.get(
            (span.first, span.last, language),
            lambda: panel.counter.ask(FigureCounter.charts, span, language, panel.profile, now_ms()),
        )

    def _counted(self, from_ms: int, to_ms: int, window: str = "") -> PeriodFigures:
        panel, asked = config(), (from_ms, to_ms, window)
        return self._long.get(asked, lambda: panel.counter.ask(FigureCounter.counted, *asked, panel.profile, now_ms()))


def show(figure: Figure) -> Shown:
    """The figure in the words of the page."""
    known = kpis.of(figure.id)
    value, fraction = _value(figure)
    left_out = "、".join(f"{label(LEFT_OUT, code)} {n}" for code, n in figure.exclusions if n)
    return Shown(
        figure, figure.name_en.capitalize() if chosen() == "en" else figure.name_zh, value, fraction,
        said(known.formula) if known else figure.note, left_out.replace("、", ", ") if chosen() == "en" else left_out,
        said(known.remark) if known else "",
    )  # fmt: skip


def _value(figure: Figure) -> tuple[str, str]:
    counts = _("%(n)s 件", n=figure.denominator)
    if figure.value is None:
        return "—", ""
    if figure.unit == "s":
        return _("%(n)s 秒", n=f"{figure.value:.1f}"), counts
    fraction = f"{figure.numerator} / {figure.denominator}"
    if figure.show_percent:
        return f"{figure.value * 100:.1f} %", fraction
    return fraction, _("不足 %(n)s 件，不给百分比", n=MIN_FOR_PERCENT)
