"""What comes after: what follow-ups, ratings and missed callers are to K15, K16, K17 and K20 (pure)."""

from __future__ import annotations

from ivr.call.limits import BAD_RATING
from ivr.kpi.records import FollowUp, KpiLimits, MissedCaller, Period, RatingCount

SATISFIED = BAD_RATING - 1  # 1 very satisfied, 2 satisfied, 3 mostly satisfied
TEST, NOT_RATED, NOT_YET_DUE = "test_calls", "no_answer", "not_yet_due"


def follow_up_fate(each: FollowUp, _period: Period, _limits: KpiLimits) -> str:
    """What a closed case is to K15 回访率: ``good``, ``failed``, or why it is left out."""
    return _left_out(each) or ("good" if each.reached else "failed")


def satisfied_fate(each: FollowUp | RatingCount, _period: Period, _limits: KpiLimits) -> str:
    """What a follow-up, or an invitation after a talk, is to K16 满意率; empty: nobody was asked."""
    why, rating = _not_asked(each), each.rating
    if why is not None:
        return why
    return NOT_RATED if rating is None else "good" if rating <= SATISFIED else "failed"


def rated_fate(each: FollowUp | RatingCount, _period: Period, _limits: KpiLimits) -> str:
    """What it is to K16-rated 参评率."""
    why = _not_asked(each)
    return why if why is not None else "failed" if each.rating is None else "good"


def bad_fate(each: RatingCount, _period: Period, _limits: KpiLimits) -> str:
    """What a rating is to K17 差评回访率: a follow-up reached the person after a bad one; empty: it is none."""
    if each.rating is None or each.rating < BAD_RATING:
        return ""
    return _left_out(each) or ("good" if each.handled else "failed")


def missed_fate(each: MissedCaller, period: Period, limits: KpiLimits) -> str:
    """What a missed number is to K20 漏接回拨率; who can still be reached in time is ``not_yet_due``."""
    if why := _left_out(each):
        return why
    if each.reached is None and each.missed + limits.missed > period.now_ms:
        return NOT_YET_DUE
    return "good" if each.reached is not None and each.reached - each.missed <= limits.missed else "failed"


def _not_asked(each: FollowUp | RatingCount) -> str | None:
    """Why it is no invitation to rate: left out, or empty, nobody was asked; None: it is one."""
    if isinstance(each, RatingCount):  # whom nobody can call again was asked nevertheless
        return "" if each.source != "call" else TEST if each.test else None
    return _left_out(each) or (None if each.reached else "")


def _left_out(each: FollowUp | RatingCount | MissedCaller) -> str:
    return TEST if each.test else each.left_out
