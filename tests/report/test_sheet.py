"""Tables as files: Excel opens them, and takes no cell for a formula."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from openpyxl import load_workbook

from ivr.report.sheet import Sheet, write_csv, write_xlsx
from ivr.report.span import Span

SHEET = Sheet(
    "来电", ("号码", "秒", "时间", "测试"),
    [("••••4321", 16.875, datetime(2026, 11, 21, 8, 30, 1), True), ("=1+1", -3, None, False)],
)  # fmt: skip


def test_a_csv_opens_in_a_chinese_excel_and_runs_no_formula() -> None:
    out = io.StringIO(newline="")
    assert write_csv(SHEET, out) == 2
    text = out.getvalue()
    assert text.startswith("\ufeff号码,") and text.count("\r\n") == 3
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert rows[1:] == [["••••4321", "16.875", "2026-11-21 08:30:01", "1"], ["'=1+1", "-3", "", "0"]]


def test_a_workbook_keeps_numbers_and_moments_and_runs_no_formula(tmp_path: Path) -> None:
    assert write_xlsx(SHEET, tmp_path / "out.xlsx") == 2
    page = load_workbook(tmp_path / "out.xlsx")["来电"]
    assert [cell.value for cell in page[2]] == ["••••4321", 16.875, datetime(2026, 11, 21, 8, 30, 1), True]
    assert (page["A3"].value, page["A3"].data_type) == ("=1+1", "s")
    assert (page.freeze_panes, page.auto_filter.ref) == ("A2", "A1:D3")


def test_characters_a_workbook_cannot_hold_are_left_out(tmp_path: Path) -> None:
    write_xlsx(Sheet("x", ("a",), [("bell\x07",)]), tmp_path / "out.xlsx")
    assert load_workbook(tmp_path / "out.xlsx").active["A2"].value == "bell"


def test_a_month_is_whole_local_days_even_when_the_clocks_change() -> None:
    october = Span.month(2026, 10, ZoneInfo("Europe/Berlin"))
    assert (october.first, october.last, october.days) == (date(2026, 10, 1), date(2026, 10, 31), 31)
    assert october.to_ms - october.from_ms == (31 * 24 + 1) * 3_600_000
    assert len(list(october.by_hour())) == 31 * 24 + 1
    days = list(october.by_day())
    assert days[0][1] == october.from_ms and days[-1][2] == october.to_ms
    assert all(before[2] == after[1] for before, after in pairwise(days))
    assert Span.month(2026, 12, ZoneInfo("UTC")).last == date(2026, 12, 31)
