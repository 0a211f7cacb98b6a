"""docs/settings.md names no setting there is not, and every setting is read by something (see also tests/cli)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.cli.test_settings import every_setting

ROOT = Path(__file__).parents[2]
PAGE = ROOT.joinpath("docs", "settings.md").read_text(encoding="utf-8")
SETTINGS = every_setting()


def documented() -> set[tuple[str, ...]]:
    """Every setting of the tables, by the heading above it."""
    found: set[tuple[str, ...]] = set()
    table: tuple[str, ...] | None = None
    for line in PAGE.splitlines():
        if line.startswith("## "):
            heading = re.match(r"## \[([\w.]+)\]", line)
            table = tuple(heading[1].split(".")) if heading else () if line == "## At the top" else None
        elif table is not None and (row := re.match(r"\| ((?:`\w+`(?:, )?)+) \|", line)):
            found |= {(*table, name) for name in re.findall(r"`(\w+)`", row[1])}
    return found


def read() -> set[str]:
    """The names that product code reads from anything; checking a setting where it is declared is not reading it."""
    names: set[str] = set()
    for package in ("hotline", "ivr", "services", "store", "sip", "web", "recordings"):
        for path in (ROOT / package).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            checks = {
                inner
                for node in ast.walk(tree)
                if isinstance(node, ast.FunctionDef) and any("validator" in ast.unparse(d) for d in node.decorator_list)
                for inner in ast.walk(node)
            }
            names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node not in checks}
    return names


def test_every_documented_setting_exists() -> None:
    assert documented() <= set(SETTINGS)


@pytest.fixture(scope="module")
def names() -> set[str]:
    return read()


@pytest.mark.parametrize("setting", SETTINGS, ids=".".join)
def test_every_setting_is_read(names: set[str], setting: tuple[str, ...]) -> None:
    key = setting[0] if setting[0] == "hours" or setting[-1] == "NAME" else setting[-1]
    assert key in names, f"nothing reads {'.'.join(setting)}"
