"""What the tests cost: ``python -m pytest -p tests.support.cost tests/web`` ends with processor seconds per file.

A process that a test started counts when it has ended and was waited for, in the file whose test did that; what lives
until the end of the run (the common PostgreSQL server, the process that has loaded the program) stands in a line of
its own. ``waits``: the part of a file's time in which nothing of its own was computed, so that others can compute.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

LONGEST = 60  # lines
_costs: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0])
_before = [0.0, 0.0]


def _computed() -> float:
    """Seconds this process and its ended children have computed."""
    return sum(os.times()[:4])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:  # type: ignore[misc]
    """Measure a test with its fixtures."""
    computed, began = _computed(), time.monotonic()
    result = yield
    cost = _costs[item.location[0]]
    cost[0] += _computed() - computed
    cost[1] += time.monotonic() - began
    cost[2] += 1
    return result  # type: ignore[return-value]


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    _before[:] = [_computed(), time.monotonic()]


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    _costs["(collection)"] = [_computed() - _before[0], time.monotonic() - _before[1], len(session.items)]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist hands over what it counted, as its last words."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["costs"] = dict(_costs)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Add up what a worker counted."""
    for name, cost in getattr(node, "workeroutput", {}).get("costs", {}).items():
        _costs[name] = [mine + its for mine, its in zip(_costs[name], cost, strict=True)]


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell, the dearest first."""
    total = _computed()
    told = sum(cost[0] for cost in _costs.values())
    terminalreporter.write_sep("=", "processor time: seconds, waits, tests")
    for name, (computed, took, tests) in sorted(_costs.items(), key=lambda entry: -entry[1][0])[:LONGEST]:
        terminalreporter.write_line(f"COST {computed:8.2f} {max(took - computed, 0):8.2f} {tests:5d}  {name}")
    terminalreporter.write_line(f"COST {total - told:8.2f} {0:8.2f} {0:5d}  (beside the tests)")
    terminalreporter.write_line(f"COST {total:8.2f} {0:8.2f} {0:5d}  (all)")
