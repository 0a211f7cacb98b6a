"""Orders that went to the right desk at once (K25 工单首派准确率; pure): 1 − returned / dispatched; 退单率 is the rest.

A case counts in the period in which it was closed.
"""

from __future__ import annotations

from ivr.kpi.records import Dispatched, KpiLimits, Period


def dispatch_fate(case: Dispatched, _period: Period, _limits: KpiLimits) -> str:
    """What a dispatched case is to K25: ``good``, ``failed``, or why it is left out."""
    return "test_calls" if case.test else "failed" if case.returned else "good"
