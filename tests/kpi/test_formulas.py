"""Requirements B9: one data set, four "15-second" figures from 33 % to 58 %."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.kpi.formulas import figures
from ivr.kpi.records import AgentRequest, DueCase, Figure, KpiLimits, Period

ANSWERED = (3, 8, 12, 15, 16, 20, 21, 40)  # seconds
ABANDONED = (2, 4, 9, 30)
VECTOR = [AgentRequest("answered", 1000 * w) for w in ANSWERED] + [
    AgentRequest("abandoned", 1000 * w) for w in ABANDONED
]
PERIOD = Period(0, 1_000_000, 1_000_000)
SGCC = KpiLimits("sgcc_window", "human_wait", 12_000)


def of(requests: list[AgentRequest], limits: KpiLimits = SGCC, cases: list[DueCase] | None = None) -> dict[str, Figure]:
    return {figure.id: figure for figure in figures(requests, cases or [], PERIOD, limits)}


@pytest.mark.parametrize(
    ("id_", "numerator", "denominator"),
    [
        ("K1", 8, 12),
        ("K1n", 8, 10),
        ("K2a-15", 4, 12),
        ("K2b-15", 4, 10),
        ("K2c-15", 4, 8),
        ("K2d-15", 7, 12),
        ("K2a-20", 6, 12),
        ("K2b-20", 6, 10),
        ("K2c-20", 6, 8),
        ("K2d-20", 9, 12),
        ("K2a-12", 3, 12),
        ("K4", 4, 12),
        ("K4n", 2, 12),
        ("K5", 3, 8),
        ("K5-offered", 3, 12),
    ],
)
def test_b9_the_acceptance_vector_to_the_last_digit(id_: str, numerator: int, denominator: int) -> None:
    figure = of(VECTOR)[id_]
    assert (figure.numerator, figure.denominator) == (numerator, denominator)
    assert figure.value == numerator / denominator


def test_b9_mean_answer_and_mean_abandon_are_exact() -> None:
    found = of(VECTOR)
    assert (found["K3"].value, found["K3"].unit) == (16.875, "s")
    assert found["K4-time"].value == 11.25


def test_b9_with_short_abandons_of_ten_seconds_k1n_is_eight_of_nine() -> None:
    k1n = of(VECTOR, KpiLimits("p", "human_wait", 12_000, short=10_000))["K1n"]
    assert (k1n.numerator, k1n.denominator) == (8, 9)
    assert dict(k1n.exclusions)["short_abandons"] == 3


def test_k3_gives_median_90th_percentile_and_maximum_too() -> None:
    found = of(VECTOR)
    assert (found["K3-median"].value, found["K3-p90"].value, found["K3-max"].value) == (15.5, 40.0, 40.0)


def test_k5_measures_the_clock_the_profile_names() -> None:
    requests = [
        AgentRequest("answered", 30_000, ring=5000),
        AgentRequest("answered", 4000, ring=5001),
        AgentRequest("answered", 1),
    ]
    k5 = of(requests, KpiLimits("zhumadian_2023", "agent_ring", 5000))["K5"]
    assert (k5.numerator, k5.denominator) == (1, 3)
    assert "agent_ring" in k5.note


def test_fewer_than_thirty_show_counts_and_no_percentage() -> None:
    assert not of([AgentRequest("answered", 1)] * 29)["K1"].show_percent
    assert of([AgentRequest("answered", 1)] * 30)["K1"].show_percent


def test_test_calls_are_left_out_and_counted_as_left_out() -> None:
    k1 = of([*VECTOR, AgentRequest("answered", 1, test=True), AgentRequest("failed", 1, test=True)])["K1"]
    assert (k1.numerator, k1.denominator) == (8, 12)
    assert dict(k1.exclusions)["test_calls"] == 2


def test_who_still_waits_is_of_no_class_yet() -> None:
    k1 = of([*VECTOR, AgentRequest("waiting", 0)])["K1"]
    assert k1.denominator == 12
    assert dict(k1.exclusions)["waiting_now"] == 1


def test_callbacks_and_failures_are_offered_but_neither_answered_nor_abandoned() -> None:
    found = of([*VECTOR, AgentRequest("callback", 9000), AgentRequest("failed", 9000)])
    assert (found["K1"].denominator, found["K4"].numerator) == (14, 4)


def test_nothing_offered_gives_no_value_rather_than_a_good_one() -> None:
    assert {figure.value for figure in of([]).values()} == {None}


def test_cmp_1_k13_counts_open_and_overdue_as_failed_and_leaves_out_what_is_not_due() -> None:
    cases = [
        DueCase("complaint", 500_000, replied=499_000),
        DueCase("complaint", 500_000, replied=500_001),
        DueCase("complaint", 500_000),
        DueCase("complaint", 999_999, replied=None, test=True),
        DueCase("complaint", 1_000_000, replied=1),  # due in the next period
        DueCase("report", 600_000, replied=600_000),
    ]
    found = of([], cases=cases)
    assert (found["K13-complaint"].numerator, found["K13-complaint"].denominator) == (1, 3)
    assert dict(found["K13-complaint"].exclusions) == {"test_calls": 1, "not_yet_due": 0}
    assert (found["K13-report"].numerator, found["K13-report"].denominator) == (1, 1)


def test_k13_of_today_does_not_blame_a_case_that_is_due_tonight() -> None:
    period = Period(0, 1_000_000, 400_000)
    [k13] = [f for f in figures([], [DueCase("complaint", 900_000)], period, SGCC) if f.id == "K13-complaint"]
    assert (k13.denominator, dict(k13.exclusions)["not_yet_due"]) == (0, 1)


OUTCOMES = st.sampled_from(["answered", "abandoned", "callback", "failed"])


@given(st.lists(st.builds(AgentRequest, OUTCOMES, st.integers(0, 60_000))))
def test_every_ratio_is_a_share_and_the_four_definitions_keep_their_order(requests: list[AgentRequest]) -> None:
    found = of(requests)
    for figure in found.values():
        if figure.unit == "ratio" and figure.value is not None:
            assert figure.numerator is not None
            assert 0 <= figure.numerator <= figure.denominator
            assert figure.value == float(Fraction(int(figure.numerator), figure.denominator))
    if found["K2a-15"].value is not None and found["K2b-15"].value is not None:
        assert found["K2a-15"].value <= found["K2b-15"].value
        assert found["K2a-15"].value <= (found["K2d-15"].value or 0)


@given(st.lists(st.builds(AgentRequest, OUTCOMES, st.integers(0, 60_000)), min_size=1))
def test_offered_is_answered_abandoned_callback_and_failed_together(requests: list[AgentRequest]) -> None:
    assert of(requests)["K1"].denominator == len(requests)
