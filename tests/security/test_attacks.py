"""Every attack of this folder fails (README.md); each runs as its reader would run it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ATTACKS = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith(("_", "test_")))


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_attack_fails(attack: str) -> None:
    command = [sys.executable, "-m", f"tests.security.{attack}"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=HERE.parent.parent)
    assert told.returncode == 0, told.stdout + told.stderr


def test_the_list_of_attacks_is_complete() -> None:
    listed = (HERE / "README.md").read_text(encoding="utf-8")
    assert [attack for attack in ATTACKS if f"| `{attack}` |" not in listed] == []
