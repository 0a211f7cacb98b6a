"""What a row of a derived table is in memory: a frozen record; another one takes its place when a fact changes it.

    call = replace(call, answered=fact.at)      # its fields and their types are checked by mypy

Each table's record says its columns, their types and defaults, and nothing else does: ``ivr/cases/case.py``
(cases, callbacks) and ``ivr/projections/rows.py`` (all others). The store reads and writes them (``store/derived.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import make_dataclass
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

if TYPE_CHECKING:
    from dataclasses import replace as replace


class DerivedRow:
    """A row of the derived table ``TABLE``: a frozen, slotted dataclass; its columns are ``__match_args__``."""

    __slots__ = ()
    TABLE: ClassVar[str]
    __match_args__: ClassVar[tuple[str, ...]]
    id: str


R = TypeVar("R", bound=DerivedRow)


@cache
def values(columns: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what takes these columns' values out of a row, in their order."""
    return attrgetter(*columns)


def made(kind: type[R], given: Iterable[Any]) -> R:
    """Return the row of these values, one for each column in their order."""
    draft = _draft(cast(Any, kind))(*given)
    draft.__class__ = kind
    return cast(R, draft)


if not TYPE_CHECKING:

    def replace(row, /, **changes):
        """Return ``row`` with these columns changed. Raises :class:`AttributeError` for a column it has not.

        As ``dataclasses.replace`` in a seventh of its time: the ledger's thread does it for every fact of every call.
        """
        kind = type(row)
        draft = _draft(kind)(*values(kind.__match_args__)(row))
        for name, value in changes.items():
            setattr(draft, name, value)
        draft.__class__ = kind
        return draft


@cache
def _draft(kind: Any) -> type[Any]:
    """A class of the same columns that is not frozen; what it makes becomes a row by its class.

    A frozen dataclass sets each of its fields by a call: that takes nine times as long.
    """
    return make_dataclass(f"{kind.__name__}Draft", kind.__match_args__, bases=(DerivedRow,), slots=True)
