"""What a row of a derived table is in memory: a frozen record; another one takes its place when a fact changes it.

    call = replace(call, answered=fact.at)      # its fields and their types are checked by mypy

Each table's record says its columns, their types and defaults, and nothing else does: ``ivr/cases/case.py``
(cases, callbacks) and ``ivr/projections/rows.py`` (all others). The store reads and writes them (``store/derived.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from dataclasses import replace as replace


class DerivedRow:
    """A row of the derived table ``TABLE``: a frozen, slotted dataclass; its columns are ``__match_args__``."""

    __slots__ = ()
    TABLE: ClassVar[str]
    __match_args__: ClassVar[tuple[str, ...]]
    id: str


@cache
def values(columns: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what takes these columns' values out of a row, in their order."""
    return attrgetter(*columns)


if not TYPE_CHECKING:

    def replace(row, /, **changes):
        """Return ``row`` with these columns changed. Raises :class:`TypeError` for a column it has not.

        As ``dataclasses.replace`` in half its time: the ledger's thread does it for every fact of every call.
        """
        kind = type(row)
        columns = kind.__match_args__
        given = dict(zip(columns, values(columns)(row), strict=True))
        given.update(changes)
        return kind(**given)
