"""What pages take from the code is as the code has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.docs import renewed, written

PAGES = sorted(Path(__file__).parents[2].joinpath("docs").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_a_page_is_written_as_the_code_has_it(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert renewed(text) == text, "run: python scripts/docs.py"


def test_every_part_that_is_written_stands_on_a_page() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert all(f"<!-- {name}: written by" in pages for name in written())
