"""A table as a file: CSV that opens in a Chinese Excel, or XLSX. Rows are taken one by one."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

Cell = str | int | float | bool | datetime | None

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
WIDTH_MAX = 60  # characters of an XLSX column


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: its name, the names of its columns, and its rows. Moments are local and without a zone."""

    title: str
    head: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def write_csv(sheet: Sheet, file: IO[str]) -> int:
    """Write it with a byte order mark and CRLF; ``file`` is open with ``newline=""``. Returns how many rows."""
    file.write("\ufeff")
    writer = csv.writer(file)
    writer.writerow(map(_text, sheet.head))
    count = 0
    for row in sheet.rows:
        writer.writerow([_text(cell) for cell in row])
        count += 1
    return count


def write_xlsx(sheet: Sheet, path: Path | IO[bytes]) -> int:
    """Write it as a workbook of one sheet: a bold heading that stays in sight, with filters. Returns how many rows."""
    from openpyxl import Workbook  # only whoever makes a workbook waits for it
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    page = book.create_sheet(sheet.title[:31])
    page.freeze_panes = "A2"
    for number, name in enumerate(sheet.head, start=1):
        page.column_dimensions[get_column_letter(number)].width = min(WIDTH_MAX, 4 + 2 * len(name))
    head = [WriteOnlyCell(page, value=name) for name in sheet.head]
    for cell in head:
        cell.font = Font(bold=True)
    page.append(head)
    count = 0
    for row in sheet.rows:
        page.append([_typed(WriteOnlyCell, page, value) for value in row])
        count += 1
    page.auto_filter.ref = f"A1:{get_column_letter(len(sheet.head))}{count + 1}"
    book.save(path)
    return count


def _text(cell: Cell) -> str:
    """A CSV cell no spreadsheet takes for a formula; numbers stay numbers."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "seconds")
    text = str(cell)
    return "'" + text if isinstance(cell, str) and text.startswith(FORMULA_STARTS) else text


def _typed(make: Callable[..., Any], page: Any, value: Cell) -> Any:
    """An XLSX cell; text is text, even when it looks like a formula."""
    if not isinstance(value, str):
        return make(page, value=value)
    cell = make(page, value="".join(c for c in value if c >= " " or c in "\t\n"))
    cell.data_type = "s"
    return cell
