"""Pages by key, in any order: the last of a million rows is as near as the first.

    order = Order(Case.due_ms, Case.id)                     # the earliest due first; cases without a due date last
    page = read(session, select(Case), order, before, 50)   # ``before``: ``next`` of the page before

A cursor is ``<value>.<id>`` of the last row seen: the id settles equal values, so no row is lost or shown twice.
Rows without a value come after all others, whichever way the list runs, by a query of their own: SQLite and
PostgreSQL put them at different ends, and an expression would walk past the index.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, or_
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.sqltypes import String

from store.errors import StoreError

PAGE = 50
PAGE_MAX = 200

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows in order, and the cursor of the next page (None: there is no more)."""

    rows: Sequence[Row]
    next: str | None


@dataclass(frozen=True, slots=True)
class SortOrder:
    """By this column, equal ones by ``ident``; ``descending``: the largest (newest) first.

    ``few``: other conditions leave few rows of a long table, so these are sorted; the column's own index is not walked.
    """

    column: InstrumentedAttribute[Any]
    ident: InstrumentedAttribute[Any]
    descending: bool = False
    few: bool = False

    @property
    def key(self) -> Any:
        """The column as it is compared and sorted by."""
        if not self.few:
            return self.column
        return self.column + "" if _is_text(self.column) else self.column + 0


class BadCursor(StoreError, ValueError):
    """``before`` is not a cursor of ours."""


def read(session: Session, query: Select[Any], order: SortOrder, before: str | None, limit: int) -> Page[Any]:
    """The page after the cursor. Raises :class:`BadCursor`."""
    limit = max(1, min(limit, PAGE_MAX))
    column, wanted = order.column, limit + 1
    rows: list[Any] = []
    at = None if before is None else _cursor(before, order)
    if at is None or at[0] is not None:
        known = _after(query.where(column.is_not(None)) if _nullable(column) else query, order, at)
        rows += session.scalars(known.limit(wanted)).all()
    if len(rows) < wanted and _nullable(column):
        rest = query.where(column.is_(None))
        if at is not None and at[0] is None:
            rest = rest.where(_beyond(order.ident, at[1], order.descending))
        rows += session.scalars(rest.order_by(_way(order.ident, order)).limit(wanted - len(rows))).all()
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(rows, _written(rows[-1], order) if more else None)


def bounds(order: SortOrder, before: str | None, low: int | None, high: int | None) -> tuple[int | None, int | None]:
    """``[low, high)`` of the column the list is ordered by, no wider than what comes after the cursor.

    Of several bounds of one column SQLite walks its index from one only; it is to be the nearest.
    """
    at = None if before is None else _cursor(before, order)
    if at is None or not isinstance(at[0], int):
        return low, high
    if order.descending:
        return low, at[0] + 1 if high is None else min(high, at[0] + 1)
    return at[0] if low is None else max(low, at[0]), high


def _after(query: Select[Any], order: SortOrder, at: tuple[Any, str] | None) -> Select[Any]:
    column, ident = order.key, order.ident
    if at is not None:
        value, last = at
        # The first bound walks the index.
        near = column <= value if order.descending else column >= value
        query = query.where(near, or_(_beyond(column, value, order.descending), _beyond(ident, last, order.descending)))
    return query.order_by(_way(column, order), _way(ident, order)) if order.column is not ident else query.order_by(
        _way(ident, order)
    )  # fmt: skip


def _beyond(column: Any, value: Any, descending: bool) -> Any:
    return column < value if descending else column > value


def _way(column: Any, order: SortOrder) -> Any:
    return column.desc() if order.descending else column.asc()


def _nullable(column: InstrumentedAttribute[Any]) -> bool:
    return bool(column.property.columns[0].nullable)


def _is_text(column: InstrumentedAttribute[Any]) -> bool:
    return isinstance(column.property.columns[0].type, String)


def _written(row: Any, order: SortOrder) -> str:
    value = getattr(row, order.column.key)
    return f"{'' if value is None else value}.{getattr(row, order.ident.key)}"


def _cursor(text: str, order: SortOrder) -> tuple[Any, Any]:
    value, dot, ident = text.rpartition(".")
    if not dot or not ident or len(ident) > 80 or len(value) > 120:
        raise BadCursor(text)
    if not _is_text(order.ident) and not re.fullmatch(r"\d{1,18}", ident):
        raise BadCursor(text)
    last = ident if _is_text(order.ident) else int(ident)
    if _is_text(order.column):
        return value, last
    if value == "" and _nullable(order.column):
        return None, last
    if not re.fullmatch(r"-?\d{1,18}", value):
        raise BadCursor(text)
    return int(value), last
