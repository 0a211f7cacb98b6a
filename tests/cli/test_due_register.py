"""``hotline due --csv``: a register from file to file, a city's rule known only by files."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from hotline.cli import main
from hotline.cli.registers import recompute
from ivr.calendar.tables import WorkCalendar
from ivr.cases.register import Register
from ivr.profile import Profile
from tests.rules import city


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def due(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["due", *map(str, arguments)], input=stdin)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_thousand_cases_of_a_city_given_only_by_files_come_out_at_the_right_minute(here: Path) -> None:
    profile, tables = city.write_files(here)
    cases = city.arrivals(1000, seed=2)
    lines = [f"{n},{kind},{at.isoformat()}" for n, (kind, at) in enumerate(cases)]
    Path("in.csv").write_text("\n".join(["number,kind,received", *lines]) + "\n", "utf-8")
    calendars = [part for table in tables for part in ("--calendar", str(table))]
    result = due("--csv", "in.csv", "out.csv", "--profile", str(profile), *calendars, "--zone", "America/Chicago")
    assert (result.exit_code, result.output) == (0, "1000 rows, 0 could not be computed\n")
    found = read(Path("out.csv"))
    assert list(found[0]) == ["number", "kind", "received", "due", "unrolled", "provisional", "explanation"]
    assert [row["due"] for row in found] == [city.due(*case).isoformat(timespec="minutes") for case in cases]
    assert [row["number"] for row in found] == [str(n) for n in range(1000)]


def test_a_byte_order_mark_is_read_over_and_kept(here: Path) -> None:
    Path("in.csv").write_bytes("\ufeffkind,received\r\n投诉,2026-09-24\r\n".encode())
    assert due("--csv", "in.csv", "out.csv").exit_code == 0
    written = Path("out.csv").read_bytes().decode()
    assert written.startswith("\ufeffkind,received,due,") and "\n投诉,2026-09-24,2026-09-29," in written


def test_wrong_rows_are_named_by_line_and_the_others_are_computed(here: Path) -> None:
    Path("in.csv").write_text("kind,received\ncomplaint,2026-09-24\ncomplaint,soon\nnothing,2026-09-24\n")
    result = due("--csv", "in.csv", "out.csv")
    assert result.exit_code == 1
    assert "line 3: cannot read the time 'soon'" in result.output and "line 4: there is no kind" in result.output
    assert "3 rows, 2 could not be computed" in result.output
    assert [row["due"] for row in read(Path("out.csv"))] == ["2026-09-29", "", ""]


def test_bytes_that_are_no_utf_8_pass_through_beside_what_is_computed(here: Path) -> None:
    Path("in.csv").write_bytes(b"kind,received,note\ncomplaint,2026-09-24,\xb2\xe2\n\xb2\xe2,2026-09-24,x\n")
    result = due("--csv", "in.csv", "out.csv")
    assert result.exit_code == 1 and "line 3:" in result.output
    lines = Path("out.csv").read_bytes().splitlines()
    assert lines[1].startswith(b"complaint,2026-09-24,\xb2\xe2,2026-09-29,")
    assert lines[2].startswith(b"\xb2\xe2,2026-09-24,x,,,,")


def test_a_register_may_come_and_go_through_pipes() -> None:
    command = [sys.executable, "-m", "hotline", "due", "--csv", "-", "-"]
    done = subprocess.run(command, input=b"kind,received\ncomplaint,2026-09-24\n", capture_output=True, check=True)
    assert done.stdout.decode().splitlines()[1].startswith("complaint,2026-09-24,2026-09-29,2026-09-29,false,")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--csv", "none.csv", "out.csv"], 3, "cannot read none.csv"),
        (["--csv", "in.csv", "no/out.csv"], 3, "cannot write no/out.csv"),
        (["--csv", "in.csv", "./in.csv"], 3, "is the input"),
        (["--csv", "other.csv", "out.csv"], 2, "missing: received"),
        (["--csv", "wide.csv", "out.csv"], 3, "CSV UTF-8"),
        (["complaint", "--csv", "in.csv", "out.csv"], 2, "leave out KIND"),
        (["complaint"], 2, "KIND RECEIVED, or --csv"),
        (["complaint", "now", "--zone", "Mars"], 2, "Asia/Shanghai"),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_no_file(here: Path, arguments: list[str], code: int, said: str) -> None:
    Path("in.csv").write_text("kind,received\ncomplaint,2026-09-24\n")
    Path("other.csv").write_text("kind,when\ncomplaint,2026-09-24\n")
    Path("wide.csv").write_text("kind,received\n", encoding="utf-16")
    result = due(*arguments)
    assert result.exit_code == code and said in result.output
    assert sorted(os.listdir()) == ["in.csv", "other.csv", "wide.csv"]
    assert Path("in.csv").read_text() == "kind,received\ncomplaint,2026-09-24\n"


def test_a_single_case_takes_chinese_kinds_and_refuses_years_a_number_cannot_carry(here: Path) -> None:
    assert due("投诉", "2026-09-24").stdout.strip() == "2026-09-29"
    assert "not between 2000 and 2099" in due("complaint", "1926-09-24").output


def test_memory_does_not_grow_with_the_register(here: Path) -> None:
    profile, calendar, zone = Profile.load(), WorkCalendar.load(), ZoneInfo("Asia/Shanghai")

    def peak(rows: int) -> int:
        with open("in.csv", "w") as file:
            file.write("kind,received\n")
            file.writelines(f"complaint,2026-0{1 + n % 9}-{1 + n % 28:02}\n" for n in range(rows))
        tracemalloc.start()
        assert recompute("in.csv", "out.csv", lambda h: Register(h, profile, calendar, zone)) == (rows, 0)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(1000)  # what is kept for each day is kept now
    assert peak(20_000) < peak(1000) + 500_000
