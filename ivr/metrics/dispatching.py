"""Orders that went to the right desk at once (K25; pure). A case counts in the period in which it was closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ivr.metrics.making import Maker
from ivr.metrics.records import Dispatched, Figure


def dispatch_fate(case: Dispatched) -> str:
    """What a dispatched case is to K25: ``good``, ``failed``, or why it is left out."""
    return "test_calls" if case.test else "failed" if case.returned else "good"


def dispatching(make: Maker, cases: Sequence[Dispatched]) -> Figure:
    """K25 工单首派准确率 1 − returned / dispatched (退单率 is the rest)."""
    fates = Counter(map(dispatch_fate, cases))
    return make.ratio(
        "K25", "工单首派准确率", "orders never sent back", fates["good"], fates["good"] + fates["failed"],
        (("test_calls", fates["test_calls"]),), "dispatched and never sent back / dispatched, of the cases closed",
    )  # fmt: skip
