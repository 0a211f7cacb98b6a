"""A pytest plugin: a statement is compiled once in a test process, not once for each database.

SQLAlchemy keeps compiled statements for each engine, and a test has an engine of its own; a sixth of what the tests of
pages and of the store computed was SQL that had been compiled a test before. Here engines of the same kind find what
another one compiled, by SQLAlchemy's own key of a statement. A hotline has one engine, so it has always done this.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.util import LRUCache

import store.engine

KEPT = 20_000  # statements; the whole program has a few hundred, in several shapes


def _remembering(*arguments: Any, **options: Any) -> Engine:
    engine = create_engine(*arguments, **options)
    _alike(type(engine.dialect))
    engine._compiled_cache = _compiled(engine.dialect.name)
    return engine


@cache
def _compiled(_name: str) -> LRUCache[Any, Any]:
    return LRUCache(KEPT)


@cache
def _alike(dialect: type[Any]) -> None:
    """The dialect is part of the key: those of one class are one, as there is one SQLite and one server here."""
    dialect.__eq__ = lambda self, other: type(self) is type(other)
    dialect.__hash__ = lambda self: hash(dialect)


def pytest_configure(config: pytest.Config) -> None:
    store.engine.create_engine = _remembering  # type: ignore[attr-defined]
