"""Figures of what comes after: follow-ups, ratings, missed callers (K15, K16, K17, K20; pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ivr.call.limits import BAD_RATING
from ivr.kpi.making import Exclusions, Maker, counted
from ivr.kpi.records import Figure, FollowUp, MissedCaller, Period, RatingCount

SATISFIED = BAD_RATING - 1  # 1 very satisfied, 2 satisfied, 3 mostly satisfied
TEST, NOT_RATED = "test_calls", "no_answer"


def follow_up_fate(id_: str, each: FollowUp) -> str:
    """What a closed case is to K15, K16 or K16-rated: ``good``, ``failed``, or why it is left out; empty: nothing."""
    if each.test or each.left_out:
        return TEST if each.test else each.left_out
    if id_ == "K15":
        return "good" if each.reached else "failed"
    return _rating_fate(id_, each.rating) if each.reached else ""


def rated_fate(id_: str, each: RatingCount) -> str:
    """What an invitation to rate is to K16, K16-rated (those of calls) or K17 (every bad one)."""
    if id_ == "K17":
        if each.rating is None or each.rating < BAD_RATING:
            return ""
        return TEST if each.test else each.left_out or ("good" if each.handled else "failed")
    if each.source != "call":
        return ""
    return TEST if each.test else _rating_fate(id_, each.rating)


def _rating_fate(id_: str, rating: int | None) -> str:
    if id_ == "K16-rated":
        return "good" if rating is not None else "failed"
    return NOT_RATED if rating is None else "good" if rating <= SATISFIED else "failed"


def missed_fate(each: MissedCaller, period: Period, limit_ms: int) -> str:
    """What a missed number is to K20; who can still be reached in time is ``not_yet_due``."""
    if each.test or each.left_out:
        return TEST if each.test else each.left_out
    if each.reached is None and each.missed + limit_ms > period.now_ms:
        return "not_yet_due"
    return "good" if each.reached is not None and each.reached - each.missed <= limit_ms else "failed"


def aftercare(
    make: Maker, follow_ups: Sequence[FollowUp], missed: Sequence[MissedCaller], limit_ms: int,
    ratings: Sequence[RatingCount] = (),
) -> tuple[Figure, ...]:  # fmt: skip
    """K15, K16, K17 and K20: of the cases closed, the callers asked, and the callers missed, in the period."""
    left_out = counted([TEST if each.test else each.left_out for each in follow_ups if each.test or each.left_out])
    fates = Counter(follow_up_fate("K15", each) for each in follow_ups)
    reached = [each for each in follow_ups if follow_up_fate("K15", each) == "good"]
    return (
        make.ratio(
            "K15", "回访率", "closed cases followed up", fates["good"], fates["good"] + fates["failed"], left_out,
            "reached at least once / to be followed up (S2-1 §13(五): 90 %)",
        ),
        *satisfaction(make, [each.rating for each in reached], left_out, ratings),
        bad_ratings(make, ratings),
        called_back(make, missed, limit_ms),
    )  # fmt: skip


def satisfaction(
    make: Maker, followed_up: Sequence[int | None], left_out: Exclusions, ratings: Sequence[RatingCount]
) -> tuple[Figure, Figure]:
    """K16 满意率 with its 参评率: keys pressed after talks, and what citizens said when followed up."""
    calls = [each for each in ratings if each.source == "call" and not each.test]
    test = sum(each.n for each in ratings if each.source == "call" and each.test)
    answers = [(rating, 1) for rating in followed_up] + [(each.rating, each.n) for each in calls]
    invited = sum(n for _, n in answers)
    rated = sum(n for rating, n in answers if rating is not None)
    satisfied = sum(n for rating, n in answers if rating is not None and rating <= SATISFIED)
    out = _merged(left_out, ((TEST, test),) if test else ())
    return (
        make.ratio(
            "K16", "满意率", "satisfied", satisfied, rated, (*out, ("no_answer", invited - rated)),
            "ratings 1 to 3 / ratings, after talks and in follow-ups; no answer is not satisfied",
        ),
        make.ratio(
            "K16-rated", "参评率", "rated", rated, invited, out,
            "ratings / invited: asked by the hotline after a talk, or reached by a follow-up",
        ),
    )  # fmt: skip


def bad_ratings(make: Maker, ratings: Sequence[RatingCount]) -> Figure:
    """K17 差评回访率: of the bad ratings of the period, those whose follow-up reached the person; target all."""
    bad = [each for each in ratings if each.rating is not None and each.rating >= BAD_RATING]
    out = {TEST: sum(each.n for each in bad if each.test)}
    for each in bad:
        if each.left_out and not each.test:
            out[each.left_out] = out.get(each.left_out, 0) + each.n
    real = [each for each in bad if not each.test and not each.left_out]
    handled = sum(each.n for each in real if each.handled)
    return make.ratio(
        "K17", "差评回访率", "bad ratings followed up", handled, sum(each.n for each in real),
        tuple((reason, n) for reason, n in out.items() if n), "reached after a rating of 4 or 5 / such ratings (100 %)",
    )  # fmt: skip


def _merged(left_out: Exclusions, more: Exclusions) -> Exclusions:
    found = dict(left_out)
    for reason, n in more:
        found[reason] = found.get(reason, 0) + n
    return tuple(found.items())


def called_back(make: Maker, missed: Sequence[MissedCaller], limit_ms: int) -> Figure:
    """K20 漏接回拨率: one entry per number; who can still be reached in time is left out."""
    fates = Counter(missed_fate(each, make.period, limit_ms) for each in missed)
    left_out = counted([TEST if each.test else each.left_out for each in missed if each.test or each.left_out])
    return make.ratio(
        "K20", "漏接回拨率", "missed callers reached in time", fates["good"], fates["good"] + fates["failed"],
        (*left_out, ("not_yet_due", fates["not_yet_due"])),
        f"reached, or reached us, within {limit_ms / 3_600_000:g} h / missed numbers",
    )  # fmt: skip
