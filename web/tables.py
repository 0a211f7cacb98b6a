"""Every table of the panel: its columns, said once for the page and for the file; sorted by links, filtered, exported.

    TABLE = Table("users", (Column("name", _l("账号名"), lambda row: row.name, sort=True), …), default="name")

    rows = TABLE.sorted(rows)                      # short lists; long ones ask the store for TABLE.sort()
    {{ heads(table) }} {{ exports(table) }}        # the template (_tables.html)
    return TABLE.file(form, rows)                  # the export, with its row in the audit log

The sort stands in the address (``?sort=-due``: the largest first), so it works without a script, survives the pager
and the filters, and is what an export is sorted by.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from flask import Response
from flask_babel import LazyString
from flask_babel import gettext as _
from markupsafe import Markup

from ivr.report.sheet import Cell, Sheet, write_csv, write_xlsx
from store.read.paging import PAGE, PAGE_MAX, Page
from web.access import may
from web.db import record, writing
from web.format import local
from web.forms import hint, whole, with_args

ROWS_MAX = 10_000  # of one file; more is exported in parts, or by `hotline export`
TYPES = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


@dataclass(frozen=True)
class Column:
    """``title``: on the page (None: not there). ``cell``: in the file (None: not there), under ``head`` or the title.

    ``sort``: can the table be sorted by it? Short lists are sorted by ``by(row)``, or by the cell.
    """

    key: str
    title: Any
    cell: Callable[[Any], Cell | LazyString] | None = None
    sort: bool = False
    head: Any = None
    by: Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class Table:
    """``name``: of the file. ``endpoint``: who exports it. ``default``: how it is sorted when nobody says.

    ``param``: the sort's name in the address; tables that share a page have different ones.
    """

    name: str
    columns: tuple[Column, ...]
    default: str
    endpoint: str
    needs: str = "export"
    param: str = "sort"

    @property
    def shown(self) -> list[Column]:
        """The columns of the page."""
        return [column for column in self.columns if column.title is not None]

    def sort(self) -> str:
        """The order that was asked for; an unknown one counts as not asked."""
        known = [column.key for column in self.columns if column.sort]
        return hint(self.param, {*known, *(f"-{key}" for key in known)}) or self.default

    def state(self, column: Column) -> str:
        """``ascending``, ``descending`` or ``none``: what ``aria-sort`` says."""
        key, down = self.sort().removeprefix("-"), self.sort().startswith("-")
        return "none" if key != column.key else "descending" if down else "ascending"

    def address(self, column: Column) -> str:
        """The page sorted by this column; sorted already, the other way round."""
        turned = f"-{column.key}" if self.state(column) == "ascending" else column.key
        return with_args(None, None, **{self.param: turned, "before": None})

    def sorted(self, rows: Iterable[Any]) -> list[Any]:
        """A short list in order; what has no value comes last."""
        key, down = self.sort().removeprefix("-"), self.sort().startswith("-")
        column = next((one for one in self.columns if one.key == key), None)
        if column is None or (by := column.by or column.cell) is None:
            return list(rows)
        valued: list[tuple[Any, Any]] = [(by(row), row) for row in rows]
        known = [pair for pair in valued if pair[0] not in (None, "")]
        known.sort(key=lambda pair: pair[0].casefold() if isinstance(pair[0], str) else pair[0], reverse=down)
        return [row for _value, row in known] + [row for value, row in valued if value in (None, "")]

    def may_export(self) -> bool:
        return may(self.needs)

    def link(self, form: str, **values: Any) -> str:
        """Where the file of what is shown now is."""
        return with_args(self.endpoint, {"form": form, **values}, before=None)

    def file(self, form: str, rows: Iterable[Any], detail: str = "") -> Response:
        """The rows as CSV that opens in a Chinese Excel, or as XLSX; who exported what stands in the audit log."""
        columns = [column for column in self.columns if column.cell is not None]
        head = [str(column.title if column.head is None else column.head) for column in columns]
        taken = list(islice(rows, ROWS_MAX + 1))
        lines = [[_text(column.cell(row)) for column in columns if column.cell] for row in taken[:ROWS_MAX]]
        if len(taken) > ROWS_MAX:
            lines.append([_("只导出了前 %(n)s 行，请缩短时段后分次导出。", n=ROWS_MAX)])
        with writing() as db:
            record(db, "export", target=f"{self.name}.{form}"[:120], detail=detail or with_args())
        return answer(f"{self.name}.{form}", form, Sheet(self.name, head, lines))


def every(page: Callable[[str | None, int], Page[Any]]) -> Iterator[Any]:
    """All rows of a long list, page after page."""
    for rows in parts(page):
        yield from rows


def parts(page: Callable[[str | None, int], Page[Any]]) -> Iterator[Sequence[Any]]:
    """The pages of a long list, one after the other."""
    cursor: str | None = None
    while True:
        part = page(cursor, PAGE_MAX)
        yield part.rows
        cursor = part.next
        if cursor is None:
            return


def answer(name: str, form: str, sheet: Sheet) -> Response:
    """A file to be saved."""
    if form == "xlsx":
        book = io.BytesIO()
        write_xlsx(sheet, book)
        body = book.getvalue()
    else:
        text = io.StringIO(newline="")
        write_csv(sheet, text)
        body = text.getvalue().encode()
    found = Response(body, mimetype=TYPES[form])
    found.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    found.cache_control.no_store = True
    return found


def cell(body: Markup, name: Markup, kind: str = "") -> Markup:
    """A cell for ``{% filter cell(_('座席')) %}…{% endfilter %}``; a list has hundreds, too many for a macro."""
    bare = str.strip(body)
    blank = bare == "—" or ("—" in bare and body.striptags() == "—")
    shown = (
        f' class="{kind} blank"'
        if blank and kind
        else ' class="blank"'
        if blank
        else f' class="{kind}"'
        if kind
        else ""
    )
    return Markup(f'<td role="cell" data-label="{name}"{shown}><span>{body}</span></td>')  # noqa: S704 - our own words


def wall(ms: int | None) -> datetime | None:
    """Local time without a zone, to the second: what spreadsheets know."""
    return None if ms is None else local(ms).replace(tzinfo=None, microsecond=0)


def seconds(ms: int | None) -> float | None:
    """Milliseconds as seconds."""
    return None if ms is None else ms / 1000


def _text(cell: Cell | LazyString) -> Cell:
    """Words that are translated late are words now."""
    return cell if cell is None or isinstance(cell, bool | int | float | str | datetime) else str(cell)


def piece(rows: Sequence[Any], around: Callable[[Any], bool] | None = None, size: int = PAGE) -> Page[Any]:
    """``size`` of a list that is short enough to be put in order here; ``before`` in the address: how many came before.

    ``around``: the piece that holds this row.
    """
    first = whole("before", 0, 999_999, 0)
    if around is not None:
        first = next((n for n, row in enumerate(rows) if around(row)), 0) // size * size
    return Page(rows[first : first + size], str(first + size) if len(rows) > first + size else None)


def of_kind(rows: Sequence[Any], **wanted: str) -> list[Any]:
    """Those of the rows (objects or mappings) whose attributes are as wanted; an empty wish is none."""

    def value(row: Any, name: str) -> Any:
        return row.get(name) if hasattr(row, "get") else getattr(row, name)

    return [row for row in rows if all(not wish or str(value(row, name)) == wish for name, wish in wanted.items())]
