"""K25: orders that went to the right desk at once."""

from __future__ import annotations

from ivr.kpi.formulas import figures
from ivr.kpi.records import Dispatched, Figure, KpiLimits, Period


def k25(cases: list[Dispatched]) -> Figure:
    found = figures([], [], Period(0, 1000, 1000), KpiLimits("p", "human_wait", 12_000), dispatched=cases)
    return next(figure for figure in found if figure.id == "K25")


def test_k25_counts_each_dispatched_case_once_and_leaves_tests_out() -> None:
    cases = [Dispatched(returned=False), Dispatched(returned=True), Dispatched(False), Dispatched(True, test=True)]
    figure = k25(cases)
    assert (figure.numerator, figure.denominator, figure.exclusions) == (2, 3, (("test_calls", 1),))


def test_k25_of_nothing_has_no_value() -> None:
    assert k25([]).value is None
