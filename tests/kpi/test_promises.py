"""Promises and what comes after them: K12, K13 by the stricter date, K14, K15, K16, K18, K20."""

from __future__ import annotations

from ivr.kpi.formulas import figures
from ivr.kpi.records import DueCase, Figure, FollowUp, KpiLimits, MissedCaller, Period, RatingCount

HOUR = 3_600_000
PERIOD = Period(1000, 2000, 1800)
LIMITS = KpiLimits("p", "human_wait", 12_000)


def of(
    cases: list[DueCase] | None = None,
    follow_ups: list[FollowUp] | None = None,
    missed: list[MissedCaller] | None = None,
    period: Period = PERIOD,
    ratings: list[RatingCount] | None = None,
) -> dict[str, Figure]:
    found = figures([], cases or [], period, LIMITS, follow_ups or [], missed or [], ratings or [])
    return {figure.id: figure for figure in found}


def counts(figure: Figure) -> tuple[object, int]:
    return figure.numerator, figure.denominator


def test_k13_strict_counts_by_the_date_before_it_moved_to_a_working_day() -> None:
    cases = [
        DueCase("complaint", due=1900, unrolled=1500, replied=1600),  # in time, but not by the stricter date
        DueCase("complaint", due=2500, unrolled=1500, replied=1400),  # due later: strict only
        DueCase("complaint", due=1200, unrolled=None, replied=1100),  # did not move
    ]
    found = of(cases)
    assert counts(found["K13-complaint"]) == (2, 2)
    assert counts(found["K13-complaint-strict"]) == (2, 3)


def test_k14_takes_the_first_fulfilment_of_any_kind_of_promise() -> None:
    cases = [
        DueCase("repair", due=1500, arrived=1400, closed=1700),
        DueCase("enquiry", due=1500, closed=1500),
        DueCase("complaint", due=1500, replied=1501, closed=1600),
        DueCase("message", due=1700),
        DueCase("message", due=1900),
    ]
    k14 = of(cases)["K14"]
    assert counts(k14) == (2, 4)
    assert dict(k14.exclusions)["not_yet_due"] == 1
    assert counts(of(cases)["K12"]) == (1, 4)


def test_a_paused_case_is_not_late_while_its_clock_stands() -> None:
    k14 = of([DueCase("complaint", due=1500, paused=True), DueCase("complaint", due=1500)])["K14"]
    assert counts(k14) == (0, 1)
    assert dict(k14.exclusions)["paused"] == 1


def test_k18_repairs_are_reached_in_time_and_in_the_mean() -> None:
    cases = [
        DueCase("repair", due=1500, received=1000, arrived=1500),
        DueCase("repair", due=1500, received=1000, arrived=1501),
        DueCase("repair", due=1500, received=1000),
        DueCase("repair", due=1500, received=1000, arrived=1100, test=True),
    ]
    found = of(cases)
    assert counts(found["K18"]) == (1, 3)
    assert (found["K18-time"].value, found["K18-time"].denominator) == (0.5005, 2)


def test_cbk_5_k15_leaves_out_the_anonymous_and_says_so() -> None:
    follow_ups = [
        FollowUp(reached=True, rating=1), FollowUp(reached=True, rating=4), FollowUp(reached=True), FollowUp(),
        FollowUp(left_out="anonymous"), FollowUp(left_out="anonymous"), FollowUp(left_out="no_consent"),
        FollowUp(reached=True, rating=1, test=True),
    ]  # fmt: skip
    found = of(follow_ups=follow_ups)
    assert counts(found["K15"]) == (3, 4)
    assert dict(found["K15"].exclusions) == {"anonymous": 2, "no_consent": 1, "test_calls": 1}


def test_sat_1_k16_no_answer_is_not_satisfied_and_stands_with_the_share_who_rated() -> None:
    ratings = [1, 2, 3, 4, 5, None, None]
    found = of(follow_ups=[FollowUp(reached=True, rating=rating) for rating in ratings])
    assert counts(found["K16"]) == (3, 5)
    assert dict(found["K16"].exclusions)["no_answer"] == 2
    assert counts(found["K16-rated"]) == (5, 7)


def test_sat_1_k16_counts_keys_after_talks_and_answers_in_follow_ups_together() -> None:
    ratings = [
        RatingCount("call", 1, n=3), RatingCount("call", 5), RatingCount("call", None, n=4),
        RatingCount("call", 1, test=True, n=2),
        RatingCount("followup", 5),  # told by its follow-up below
    ]  # fmt: skip
    found = of(follow_ups=[FollowUp(reached=True, rating=5), FollowUp(reached=True)], ratings=ratings)
    assert (counts(found["K16"]), counts(found["K16-rated"])) == ((3, 5), (5, 10))
    assert dict(found["K16"].exclusions) == {"test_calls": 2, "no_answer": 5}


def test_k17_every_bad_rating_is_to_be_followed_up() -> None:
    ratings = [
        RatingCount("call", 4, handled=True, n=2), RatingCount("followup", 5, handled=True), RatingCount("call", 5),
        RatingCount("call", 3), RatingCount("call", 5, left_out="no_number"), 
        RatingCount("call", 5, handled=True, test=True), RatingCount("call", None),
    ]  # fmt: skip
    k17 = of(ratings=ratings)["K17"]
    assert counts(k17) == (3, 4)
    assert dict(k17.exclusions) == {"test_calls": 1, "no_number": 1}


def test_k20_a_missed_caller_is_to_be_reached_within_a_day() -> None:
    period = Period(0, 50 * HOUR, 40 * HOUR)
    missed = [
        MissedCaller(0, reached=24 * HOUR),
        MissedCaller(0, reached=24 * HOUR + 1),
        MissedCaller(HOUR),
        MissedCaller(30 * HOUR),  # there is still time
        MissedCaller(0, left_out="case"),
        MissedCaller(0, reached=1, test=True),
    ]
    k20 = of(missed=missed, period=period)["K20"]
    assert counts(k20) == (1, 3)
    assert dict(k20.exclusions) == {"case": 1, "test_calls": 1, "not_yet_due": 1}
