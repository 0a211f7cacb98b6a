"""Planned outages announced early enough (K19; pure). A notice counts in the period in which the outage begins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ivr.metrics.making import Maker
from ivr.metrics.records import Announced, Figure

WITHDRAWN = "withdrawn"


def announced_fate(each: Announced) -> str:
    """What a planned outage is to K19: ``good``, ``failed``, or why it is left out."""
    return WITHDRAWN if each.withdrawn else "good" if each.in_time else "failed"


def announcing(make: Maker, notices: Sequence[Announced]) -> Figure:
    """K19 停电提前7天公告率: announced in time / planned outages (S2-1 §10(二)10)."""
    fates = Counter(map(announced_fate, notices))
    return make.ratio(
        "K19", "停电提前7天公告率", "planned outages announced in time", fates["good"], fates["good"] + fates["failed"],
        ((WITHDRAWN, fates[WITHDRAWN]),), "announced the profile's days ahead (7) / planned outages (S2-1 §10(二)10)",
    )  # fmt: skip
