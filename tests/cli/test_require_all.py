"""What cannot be had is skipped by name; where everything must be there, a skip is a failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.need import ROOT, TOOLS

SKIPPING = """
import pytest
from tests.support import need as needs

def test_that_needs_a_tool(monkeypatch):
    monkeypatch.setitem(needs.TOOLS, "ghost", (lambda: None, "apt-get install ghost"))
    needs.need("ghost")

def test_that_needs_nothing():
    pass
"""


def run(folder: Path, text: str, **environ: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "tests.conftest", "-p", "no:cacheprovider", str(folder)],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k != "HOTLINE_REQUIRE_ALL"} | environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_missing_tool_skips_by_name_with_the_remedy(tmp_path: Path) -> None:
    done = run(tmp_path, SKIPPING)
    assert done.returncode == 0, done.stdout
    assert "1 passed, 1 skipped" in done.stdout and "ghost is not installed: apt-get install ghost" in done.stdout


def test_with_require_all_a_skip_is_a_failure(tmp_path: Path) -> None:
    done = run(tmp_path, SKIPPING, HOTLINE_REQUIRE_ALL="1")
    assert done.returncode == 1
    assert "1 failed, 1 passed" in done.stdout and "ghost is not installed" in done.stdout


def test_with_require_all_a_skipped_module_is_a_failure_too(tmp_path: Path) -> None:
    done = run(tmp_path, "import pytest\npytest.importorskip('no_such_module')\n", HOTLINE_REQUIRE_ALL="1")
    assert done.returncode != 0 and "no_such_module" in done.stdout


@pytest.mark.parametrize("tool", sorted(TOOLS))
def test_every_tool_has_a_remedy(tool: str) -> None:
    _, remedy = TOOLS[tool]
    assert "install" in remedy or "npm ci" in remedy
