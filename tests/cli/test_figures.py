"""``hotline figures`` and ``hotline export``: the acceptance vector of B9 through every door, numbers masked."""

from __future__ import annotations

import csv
import io
import json
import shutil
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.cli import main
from recordings.keys import KeyRing
from store.engine import open_engine
from store.journal.sql_ledger import SqlLedger
from store.schema import Audit, Case
from tests.kpi.test_formulas import ABANDONED, ANSWERED
from tests.support.database import migrated
from tests.support.history import START, Caller, number_for, request_abandoned, request_answered

DAY = ("--from", "2026-11-21", "--to", "2026-11-21")
NUMBER = "13900004321"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the acceptance vector, a complaint and an anonymous report: told once, then copied."""
    folder = tmp_path_factory.mktemp("figures") / "data"
    folder.mkdir(mode=0o700)
    migrated(folder)
    engine = open_engine(folder)
    ledger = SqlLedger(
        engine, KeyRing.load(folder / "keys", {}), owner="test", spool=folder / "spool.jsonl", number_for=number_for,
        inline=True,
    )  # fmt: skip
    for wait in ANSWERED:
        request_answered(ledger, wait * 1000)
    for wait in ABANDONED:
        request_abandoned(ledger, wait * 1000)
    request_answered(ledger, 1000, test=True)
    Caller(ledger, number=NUMBER).arrives().opens_case("complaint")
    Caller(ledger, number="13700009876").arrives().opens_case("report", anonymous=True)
    ledger.close()
    engine.dispose()
    return folder


@pytest.fixture
def data(told: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Such a folder of one's own, in the present one."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(told, tmp_path / "data")
    return tmp_path / "data"


def hotline(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def table(content: bytes) -> list[dict[str, str]]:
    assert content.startswith("\ufeff".encode())
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


EXPECTED = {
    "K1": (8, 12), "K1n": (8, 10), "K2a-15": (4, 12), "K2b-15": (4, 10), "K2c-15": (4, 8), "K2d-15": (7, 12),
    "K2a-20": (6, 12), "K2b-20": (6, 10), "K2c-20": (6, 8), "K2d-20": (9, 12), "K4": (4, 12), "K4n": (2, 12),
}  # fmt: skip


def test_b9_the_acceptance_vector_as_json_and_as_csv_to_the_last_digit(data: Path) -> None:
    document = json.loads(hotline("figures", *DAY, "--json").output)
    items = {item["id"]: item for item in document["items"]}
    result = hotline("figures", *DAY, "--csv", "out.csv", "--lang", "en")
    assert result.exit_code == 0
    rows = {row["id"]: row for row in table(Path("out.csv").read_bytes())}
    for id_, (numerator, denominator) in EXPECTED.items():
        assert (items[id_]["numerator"], items[id_]["denominator"]) == (numerator, denominator)
        assert items[id_]["value"] == numerator / denominator == float(rows[id_]["value"])
        assert rows[id_]["shown"] == f"{numerator} / {denominator}"  # fewer than 30: no percentage
    assert items["K3"]["value"] == 16.875 == float(rows["K3"]["value"])
    assert items["K4-time"]["value"] == 11.25 == float(rows["K4-time"]["value"])
    assert items["K1"]["exclusions"]["test_calls"] == 1 and "test calls 1" in rows["K1"]["left out"]
    assert document["period"] == {"from": "2026-11-21", "to": "2026-11-21", "zone": "Asia/Shanghai"}


def test_figures_on_the_terminal_show_counts_for_few_calls_and_what_was_left_out(data: Path) -> None:
    lines = hotline("figures", *DAY, "--lang", "en").output.splitlines()
    [k1] = [line for line in lines if line.startswith("K1 ")]
    assert "8 / 12" in k1 and "%" not in k1 and "test calls 1" in k1


HOUR = f"{datetime.fromtimestamp(START / 1000, ZoneInfo('Asia/Shanghai')):%Y-%m-%d %H}:00"


@pytest.mark.parametrize(("by", "name"), [("hour", HOUR), ("day", "2026-11-21"), ("window", "general")])
def test_figures_of_each_part_add_up_to_the_whole(data: Path, by: str, name: str) -> None:
    parts = json.loads(hotline("figures", *DAY, "--by", by, "--json").output)["parts"]
    by_name = {part[by]: {item["id"]: item for item in part["items"]} for part in parts}
    assert by_name[name]["K1"]["denominator"] > 0
    assert sum(items["K1"]["denominator"] for items in by_name.values()) == 12
    assert name in hotline("figures", *DAY, "--by", by).output


def test_a_period_that_ends_before_it_begins_or_has_too_many_parts_is_refused(data: Path) -> None:
    assert "before --from" in hotline("figures", "--from", "2026-11-21", "--to", "2026-11-20").output
    refused = hotline("figures", "--from", "2026-01-01", "--to", "2026-03-01", "--by", "hour")
    assert refused.exit_code == 2 and "31 days" in refused.output
    assert "write 2026-11-21" in hotline("figures", "--from", "yesterday").output


def test_a_quiet_day_says_so(data: Path) -> None:
    assert "no calls" in hotline("figures", "--from", "2020-01-01", "--by", "day").output


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_sup_6_exported_calls_and_cases_mask_numbers_and_show_none_of_an_anonymous_report(
    data: Path, form: str
) -> None:
    found = {}
    for what in ("calls", "cases"):
        result = hotline("export", what, f"{what}.{form}", *DAY, "--lang", "en")
        assert result.exit_code == 0, result.output
        found[what] = _rows(Path(f"{what}.{form}"))
    numbers = [row["number"] for row in found["calls"]]
    assert len(numbers) == 15 and "••••4321" in numbers
    by_kind = {row["kind"]: row for row in found["cases"]}
    assert by_kind["complaint"]["caller"] == "••••4321"
    assert by_kind["report of misconduct"]["caller"] in ("", None)
    everything = json.dumps(found, default=str)
    assert NUMBER not in everything and "9876" not in everything


def _rows(path: Path) -> list[dict[str, str]]:
    if path.suffix == ".csv":
        return table(path.read_bytes())
    head, *rows = load_workbook(path).worksheets[0].iter_rows(values_only=True)
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


def test_exported_figures_are_the_figures(data: Path) -> None:
    assert hotline("export", "figures", "f.xlsx", *DAY, "--lang", "en").exit_code == 0
    rows = {row["id"]: row for row in _rows(Path("f.xlsx"))}
    assert rows["K3"]["value"] == 16.875
    assert (rows["K1n"]["numerator"], rows["K1n"]["denominator"]) == EXPECTED["K1n"]


def test_every_export_leaves_an_audit_row_and_an_unknown_form_is_refused(data: Path) -> None:
    assert hotline("export", "calls", "calls.pdf").exit_code == 2
    hotline("export", "calls", "calls.data", "--format", "csv", *DAY)
    assert Path("calls.data").exists()
    with Session(open_engine(data)) as session:
        [row] = session.scalars(select(Audit).where(Audit.action == "export"))
        assert (row.target, row.detail) == ("calls", "2026-11-21 to 2026-11-21, csv")
        assert session.scalar(select(Case.anonymous).where(Case.kind == "report"))


def test_an_export_that_cannot_be_written_says_so(data: Path) -> None:
    result = hotline("export", "calls", "no/calls.csv")
    assert result.exit_code == 3 and "cannot write" in result.output


def test_figures_for_prometheus_bear_the_same_ids(data: Path) -> None:
    output = hotline("figures", *DAY, "--prometheus").output
    labels = 'figure="K1n",period="2026-11-21/2026-11-21",profile="sgcc_window"'
    assert f"hotline_figure_numerator{{{labels}}} 8.0" in output
    assert f"hotline_figure_denominator{{{labels}}} 10.0" in output
    assert 'hotline_figure{figure="K1n"' not in output  # fewer than 30: counts only
    assert hotline("figures", "--prometheus", "--by", "day").exit_code == 2
