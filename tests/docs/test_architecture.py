"""docs/architecture.md names files and code that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT.joinpath("docs", "architecture.md").read_text(encoding="utf-8")
FILES = sorted(set(re.findall(r"`((?:[a-z_]+/)+[a-z_]*\*?\.?[a-z]*)`", PAGE)))


@pytest.mark.parametrize("name", FILES)
def test_a_file_or_folder_it_names_exists(name: str) -> None:
    assert list(ROOT.glob(name)), name


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\]\(([^)#]+\.md)", PAGE))))
def test_a_page_it_leads_to_exists(name: str) -> None:
    assert (ROOT / "docs" / name).is_file()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(_?[A-Z]+(?:_[A-Z]+)+|[A-Z]{4,})`", PAGE))))
def test_a_table_of_the_code_it_names_exists(name: str) -> None:
    sources = (
        path for package in ("ivr", "services", "store", "web", "hotline") for path in (ROOT / package).rglob("*.py")
    )
    assert any(re.search(rf"^{name}\b", path.read_text(encoding="utf-8"), re.MULTILINE) for path in sources), name


WALKS = PAGE.split("## Three walks")[1].split("\n## ")[0].split("\n**")[1:]


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.split("**")[0].strip("*"))
def test_a_walk_leads_through_six_files_at_most_and_each_has_its_function(walk: str) -> None:
    steps = re.findall(r"^\| `([^`]+)` \| `(\w+)` \|", walk, re.MULTILINE)
    assert 3 <= len(steps) <= 6
    for file, function in steps:
        source = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^ *(async )?def {function}\(", source, re.MULTILINE), file


def test_there_is_a_walk_for_a_call_a_due_date_and_a_figure() -> None:
    assert [walk.split("**")[0] for walk in WALKS] == ["A call", "A due date", "A figure"]
