"""Planned outages announced early enough (K19 停电提前7天公告率, S2-1 §10(二)10; pure).

A notice counts in the period in which the outage begins.
"""

from __future__ import annotations

from ivr.kpi.records import Announced, KpiLimits, Period

WITHDRAWN = "withdrawn"


def announced_fate(each: Announced, _period: Period, _limits: KpiLimits) -> str:
    """What a planned outage is to K19: ``good``, ``failed``, or why it is left out."""
    return WITHDRAWN if each.withdrawn else "good" if each.in_time else "failed"
