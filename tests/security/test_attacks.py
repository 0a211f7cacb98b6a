"""Every attack of this folder fails (README.md): each one's ``main()``, in the process that has loaded the hotline."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ATTACKS = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith(("_", "test_")))


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_attack_fails(attack: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = import_module(f"tests.security.{attack}").main()
    told = capsys.readouterr()
    assert code == 0, told.out + told.err
    assert told.out, "it says what it saw"


@pytest.mark.parametrize("attack", ATTACKS)
def test_its_reader_can_run_it(attack: str) -> None:
    assert (HERE / f"{attack}.py").read_text(encoding="utf-8").endswith("sys.exit(main())\n")


def test_the_list_of_attacks_is_complete() -> None:
    listed = (HERE / "README.md").read_text(encoding="utf-8")
    assert [attack for attack in ATTACKS if f"| `{attack}` |" not in listed] == []
