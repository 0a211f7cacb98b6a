"""Figures of what comes after: follow-ups, ratings, missed callers (K15, K16, K20; pure)."""

from __future__ import annotations

from collections.abc import Sequence

from ivr.metrics.making import Maker, counted
from ivr.metrics.records import Figure, FollowUp, MissedCaller

SATISFIED = 3  # 1 very satisfied, 2 satisfied, 3 mostly satisfied
TEST = "test_calls"


def aftercare(
    make: Maker, follow_ups: Sequence[FollowUp], missed: Sequence[MissedCaller], limit_ms: int
) -> tuple[Figure, ...]:
    """K15, K16 and K20: of the cases closed, and the callers missed, in the period."""
    asked = [each for each in follow_ups if not each.left_out and not each.test]
    left_out = counted([TEST if each.test else each.left_out for each in follow_ups if each.test or each.left_out])
    reached = [each for each in asked if each.reached]
    rated = [each.rating for each in reached if each.rating is not None]
    return (
        make.ratio(
            "K15", "回访率", "closed cases followed up", len(reached), len(asked), left_out,
            "reached at least once / to be followed up (S2-1 §13(五): 90 %)",
        ),
        make.ratio(
            "K16", "满意率", "satisfied", sum(r <= SATISFIED for r in rated), len(rated),
            (*left_out, ("no_answer", len(reached) - len(rated))),
            "ratings 1 to 3 / ratings; no answer is not satisfied",
        ),
        make.ratio("K16-rated", "参评率", "rated", len(rated), len(reached), left_out, "ratings / reached"),
        called_back(make, missed, limit_ms),
    )  # fmt: skip


def called_back(make: Maker, missed: Sequence[MissedCaller], limit_ms: int) -> Figure:
    """K20 漏接回拨率: one entry per number; who can still be reached in time is left out."""
    real = [each for each in missed if not each.test and not each.left_out]
    settled = [each for each in real if each.reached is not None or each.missed + limit_ms <= make.period.now_ms]
    good = sum(each.reached is not None and each.reached - each.missed <= limit_ms for each in settled)
    left_out = counted([TEST if each.test else each.left_out for each in missed if each.test or each.left_out])
    return make.ratio(
        "K20", "漏接回拨率", "missed callers reached in time", good, len(settled),
        (*left_out, ("not_yet_due", len(real) - len(settled))),
        f"reached, or reached us, within {limit_ms / 3_600_000:g} h / missed numbers",
    )  # fmt: skip
