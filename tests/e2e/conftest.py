"""One hotline for the tests of a module; every test dials a number of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.books import Books, books_of
from tests.support.hotline import Hotline


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """A running hotline with the shipped settings, and its books."""
    hotline = Hotline(Path(tmp_path_factory.mktemp("house")) / "hotline", "calls")
    try:
        hotline.start()
        with books_of(hotline) as books:
            yield books
    finally:
        hotline.close()
