"""Figures for Prometheus: the same ids as everywhere, as labels; no percentage of fewer than 30."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from ivr.kpi.records import Figure
from ivr.telephony import TURNED_AWAY

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LABELS = ("figure", "profile", "period")


def exposition(figures: Iterable[Figure], period: str, turned_away: Mapping[str, int] | None = None) -> bytes:
    """The figures of ``period`` (``today``) in the text format, to be served as ``CONTENT_TYPE``.

    ``turned_away``: calls of the period that got 503, by why (``ivr.telephony.TURNED_AWAY``); None: not asked for.
    """
    registry = CollectorRegistry()
    registry.register(_Figures(list(figures), period))
    if turned_away is not None:
        registry.register(_TurnedAway(turned_away, period))
    return generate_latest(registry)


class _Figures:
    """What prometheus_client collects from."""

    def __init__(self, figures: list[Figure], period: str) -> None:
        self._figures, self._period = figures, period

    def collect(self) -> Iterator[Metric]:
        value = GaugeMetricFamily(
            "hotline_figure",
            "A figure by its formula id (docs/figures.md): a share from 0 to 1, or seconds. "
            "Shares of fewer than 30 are left out; their counts are here.",
            labels=(*LABELS, "unit"),
        )
        numerator = GaugeMetricFamily("hotline_figure_numerator", "The numerator of the figure.", labels=LABELS)
        denominator = GaugeMetricFamily("hotline_figure_denominator", "The denominator, or how many n.", labels=LABELS)
        excluded = GaugeMetricFamily(
            "hotline_figure_excluded", "What was left out of the figure, and how many.", labels=(*LABELS, "reason")
        )
        for figure in self._figures:
            labels = [figure.id, figure.profile, self._period]
            if figure.value is not None and (figure.unit == "s" or figure.show_percent):
                value.add_metric([*labels, figure.unit], figure.value)
            if figure.numerator is not None:
                numerator.add_metric(labels, figure.numerator)
            denominator.add_metric(labels, figure.denominator)
            for reason, count in figure.exclusions:
                excluded.add_metric([*labels, reason], count)
        yield from (value, numerator, denominator, excluded)


class _TurnedAway:
    def __init__(self, counts: Mapping[str, int], period: str) -> None:
        self._counts, self._period = counts, period

    def collect(self) -> Iterator[Metric]:
        calls = GaugeMetricFamily(
            "hotline_calls_turned_away", "Calls that got 503 for lack of room.", labels=("period", "reason")
        )
        for kind in TURNED_AWAY:
            calls.add_metric([self._period, kind], self._counts.get(kind, 0))
        yield calls
