"""A pytest plugin: a story of real calls that failed while the machine paused is told once more. Nothing else is.

Sound that must leave every 20 ms cannot be told on a machine that stands still for 100. Where a test marked
``network`` fails and a :class:`~tests.support.pauses.Witness` saw a pause meanwhile, its error becomes
:class:`MachinePaused`, and that one error is no failure the first time. More than :data:`MOST` in a run are: then
the machine is unfit, or something of ours makes it so. They are listed at the very end, as ``TOLD AGAIN``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from tests.support.pauses import Pause, Witness, lost

MOST = 2  # stories of a run that may be told again
PAUSED = "paused"  # a report's outcome


class MachinePaused(Exception):
    """The story failed while the machine stood still; the cause is how it failed."""


class ToldAgain:
    """``pauses``: those that ended after a moment of ``now``'s clock."""

    def __init__(self, now: Callable[[], float], pauses: Callable[[float], list[Pause]]) -> None:
        self._now, self.pauses = now, pauses
        self._told: list[pytest.TestReport] = []  # of all workers, in the process that gathers them

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Iterator[None]:
        if pyfuncitem.get_closest_marker("network") is None:
            return (yield)
        began = self._now()
        try:
            return (yield)
        except Exception as error:
            if pauses := self.pauses(began):
                raise MachinePaused(f"the machine paused for {', '.join(map(str, pauses))}") from error
            raise

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[Any]) -> Iterator[None]:
        report: Any = yield
        if call.excinfo is not None and call.excinfo.errisinstance(MachinePaused):
            report.why = str(call.excinfo.value)
            if not item.stash.get(_AGAIN, False) and len(self._told) < MOST:
                report.outcome = PAUSED
        return report  # type: ignore[no-any-return]

    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        if item.get_closest_marker("network") is None:
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        if any(report.outcome == PAUSED for report in reports):
            for report in reports:
                if not report.passed:
                    item.ihook.pytest_runtest_logreport(report=report)
            item.stash[_AGAIN] = True
            item._initrequest()  # type: ignore[attr-defined]  # its fixtures anew
            reports = runtestprotocol(item, nextitem=nextitem, log=False)
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.outcome == PAUSED:  # type: ignore[comparison-overlap]
            self._told.append(report)

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        return ("told again", "P", "PAUSED") if report.outcome == PAUSED else None  # type: ignore[comparison-overlap]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if len(self._told) > MOST:  # two workers with two each
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._told:
            terminalreporter.section(f"told again, because the machine paused: {len(self._told)}, at most {MOST}")
        for report in self._told:
            terminalreporter.line(f"TOLD AGAIN {report.nodeid}: {report.why}")  # type: ignore[attr-defined]


@pytest.fixture
def paused(request: pytest.FixtureRequest) -> Callable[[float], float]:
    """``paused(moment)``: how long the machine stood still since that ``time.monotonic()``, in a ``network`` test."""
    plugin: Any = request.config.pluginmanager.get_plugin("told-again")
    return lambda moment: lost(plugin.pauses(moment), moment)


_AGAIN = pytest.StashKey[bool]()


class _Lazy:
    """A witness that begins with the first story."""

    def __init__(self) -> None:
        self._witness: Witness | None = None

    def now(self) -> float:
        self._witness = self._witness or Witness.begin()
        return self._witness.now()

    def since(self, moment: float) -> list[Pause]:
        return self._witness.since(moment) if self._witness else []

    def end(self) -> None:
        if self._witness:
            self._witness.end()


def pytest_configure(config: pytest.Config) -> None:
    lazy = _Lazy()
    config.add_cleanup(lazy.end)
    config.pluginmanager.register(ToldAgain(lazy.now, lazy.since), "told-again")
