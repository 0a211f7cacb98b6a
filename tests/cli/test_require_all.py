"""What cannot be had is skipped by name; where everything must be there, a skip is a failure."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.need import TOOLS

pytest_plugins = "pytester"

Run = Callable[..., pytest.RunResult]

SKIPPING = """
import pytest
from tests.support import need as needs

def test_that_needs_a_tool(monkeypatch):
    monkeypatch.setitem(needs.TOOLS, "ghost", (lambda: None, "apt-get install ghost"))
    needs.need("ghost")

def test_that_needs_nothing():
    pass
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``run(text, "1")``: these tests under the project's own ``conftest.py``, with that HOTLINE_REQUIRE_ALL."""

    def tell(text: str, require_all: str = "") -> pytest.RunResult:
        monkeypatch.setenv("HOTLINE_REQUIRE_ALL", require_all)
        pytester.makepyfile(text)
        return pytester.runpytest_inprocess("-q", "-rs", "-p", "tests.conftest", "-p", "no:cacheprovider")

    return tell


def test_a_missing_tool_skips_by_name_with_the_remedy(run: Run) -> None:
    done = run(SKIPPING)
    assert done.ret == 0
    done.assert_outcomes(passed=1, skipped=1)
    assert "ghost is not installed: apt-get install ghost" in done.stdout.str()


def test_with_require_all_a_skip_is_a_failure(run: Run) -> None:
    done = run(SKIPPING, "1")
    assert done.ret == 1
    done.assert_outcomes(passed=1, failed=1)
    assert "ghost is not installed" in done.stdout.str()


def test_with_require_all_a_skipped_module_is_a_failure_too(run: Run) -> None:
    done = run("import pytest\npytest.importorskip('no_such_module')\n", "1")
    assert done.ret != 0 and "no_such_module" in done.stdout.str()


@pytest.mark.parametrize("tool", sorted(TOOLS))
def test_every_tool_has_a_remedy(tool: str) -> None:
    _, remedy = TOOLS[tool]
    assert "install" in remedy or "npm ci" in remedy
