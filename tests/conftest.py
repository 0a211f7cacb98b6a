"""What all tests share: nothing is skipped silently, and nothing is left running."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from hotline.config.values import Address
from tests.support import need as needs
from tests.support import ports
from tests.support.hotline import Hotline
from tests.support.waiting import wait_until as wait_until_

pytest_plugins = ["tests.support.told_again", "tests.support.stores", "tests.support.compiled_once"]
# Files that take longest, in seconds of computing: begun first, for whoever begins one last is waited for.
DEAREST = (
    "sip/core/test_spoiled.py", "bench/test_synthetic.py", "sweeper/test_killed.py", "ivr/test_flow_files.py",
    "ivr/test_reach.py", "ivr/test_memory.py", "store/test_hourly.py", "store/test_random_life.py",
    "store/test_rebuild.py", "report/test_monthly.py",
)  # fmt: skip
COLLECT_AFTER = (10_000, 10, 10)  # new objects; after each 700, as is usual, it took a ninth of all computing


def _end_properly(number: int, frame: object) -> None:
    raise KeyboardInterrupt(f"signal {number}")


def pytest_configure(config: pytest.Config) -> None:
    """A build server's time-out ends the run like Ctrl-C: fixtures stop what they started."""
    signal.signal(signal.SIGTERM, _end_properly)
    gc.set_threshold(*COLLECT_AFTER)
    settings.register_profile("any machine", deadline=None)  # how long an example takes says how busy the machine is
    settings.load_profile("any machine")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The dearest files first; all others as they were found.

    Pages come last, those in a browser before the others: it has a session of its own, which Linux treats at normal
    priority, whatever ours is. By then the stories of real sound are told.
    """
    places = {f"tests/{name}": place for place, name in enumerate(DEAREST)}

    def place(item: pytest.Item) -> tuple[int, bool]:
        file = item.location[0]
        if file.startswith("tests/web/"):
            return len(places) + 1, not file.startswith("tests/web/test_browser_")
        return places.get(file, len(places)), False

    items.sort(key=place)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:  # type: ignore[misc]
    """What is read and collected stays: looking through it for what may go took two fifths of the reading."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings of whoever runs it."""
    for name in list(os.environ):
        if name.startswith("HOTLINE_") and name != "HOTLINE_REQUIRE_ALL":
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def need() -> Callable[..., str]:
    """``need("sipp")``: the tool's path; without it the test is skipped by name."""
    return needs.need


@pytest.fixture
def wait_until() -> Callable[..., object]:
    """``wait_until(condition)``: its first true value; fails after a generous time."""
    return wait_until_


@pytest.fixture
def free_address() -> Callable[[], Address]:
    """A loopback address nobody listens on."""
    return ports.free_address


@pytest.fixture
def start_hotline(tmp_path: Path) -> Iterator[Callable[..., Hotline]]:
    """``start_hotline("calls")`` or ``("serve")``: a real one on free ports, stopped after the test."""
    started: list[Hotline] = []

    def start(part: str = "calls", **options: object) -> Hotline:
        hotline = Hotline(tmp_path / f"hotline{len(started)}", part, **options)  # type: ignore[arg-type]
        started.append(hotline)
        return hotline.start()

    yield start
    for hotline in reversed(started):
        hotline.close()


# --- HOTLINE_REQUIRE_ALL: where everything must be there, a skip is a failure -----------------------


def _forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get("HOTLINE_REQUIRE_ALL") and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: {reason}; HOTLINE_REQUIRE_ALL is set, so this is a failure"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:  # type: ignore[misc]
    report = yield
    _forbid_skip(report)  # type: ignore[arg-type]
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:  # type: ignore[misc]
    report = yield
    _forbid_skip(report)  # type: ignore[arg-type]
    return report
