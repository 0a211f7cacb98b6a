"""``hotline outage`` (PWR-2): the rules of the panel in the terminal, refusals with a reason and a code."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from hotline.cli import main

Run = Callable[..., Result]
PLACE = ("--line", "10千伏城东线", "--area", "人民路 1—99 号", "--reason", "更换变压器")


@pytest.fixture
def hotline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A hotline in an empty folder with an operator, a lead and a supervisor."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, list(arguments))

    assert run("db", "upgrade").exit_code == 0
    for name, role in (("li", "operator"), ("wang", "lead"), ("chen", "supervisor")):
        assert run("user", "add", name, "--role", role).exit_code == 0
    return run


def times(days: int, hours: int = 2) -> tuple[str, ...]:
    """An outage that begins in so many days, as typed; a minute later, for the test takes some."""
    begins = datetime.now(ZoneInfo("Asia/Shanghai")) + timedelta(days=days, minutes=2)
    ends = begins + timedelta(hours=hours)
    return "--from", f"{begins:%Y-%m-%dT%H:%M}", "--to", f"{ends:%Y-%m-%dT%H:%M}"


def test_pwr_2_a_notice_is_added_told_restored_and_listed(hotline: Run) -> None:
    begun = ("--kind", "emergency", *times(days=-1))
    added = hotline("outage", "add", *PLACE, *begun, "--customer", "市第一医院", "--customer", "水厂", "--as", "wang")
    assert added.exit_code == 0, added.output
    notice = added.stdout.strip()
    assert hotline("outage", "record", notice, "市第一医院", "phone", "told", "--as", "wang").exit_code == 0
    unknown = hotline("outage", "record", notice, "煤矿", "phone", "told", "--as", "wang")
    assert unknown.exit_code == 2 and "市第一医院, 水厂" in unknown.output
    (shown,) = json.loads(hotline("outage", "list", "--state", "now", "--json").output)
    assert (shown["id"], shown["line"], shown["state"]) == (notice, "10千伏城东线", "now")
    assert [(one["name"], one["result"]) for one in shown["customers"]] == [("市第一医院", "told"), ("水厂", "")]
    assert "1/2" in hotline("outage", "list").output
    assert "power is back" in hotline("outage", "restore", notice, "--as", "wang").output
    again = hotline("outage", "restore", notice, "--as", "wang")
    assert again.exit_code == 1 and "already" in again.output
    assert "no such outage notices" in hotline("outage", "list", "--state", "now").output


def test_acceptance_9_too_late_is_refused_until_a_supervisor_confirms_it(hotline: Run) -> None:
    late = ("outage", "add", *PLACE, *times(days=6))
    refused = hotline(*late, "--as", "wang")
    assert refused.exit_code == 1 and "announced only 6 d" in refused.output and "计划检修须提前 7 天" in refused.output
    assert hotline("outage", "add", *PLACE, *times(days=7), "--as", "li").exit_code == 1, "operators do not write"
    assert "提前不足" in hotline(*late, "--confirmed", "设备隐患", "--as", "chen").output
    notice = hotline("outage", "add", *PLACE, *times(days=7), "--as", "wang").stdout.strip()
    assert hotline("outage", "withdraw", notice, "--reason", "改期", "--as", "wang").output == "withdrawn\n"
    assert [one["short"] for one in json.loads(hotline("outage", "list", "--state", "short", "--json").output)] == [
        True
    ]
    for wrong in (("--from", "tomorrow", "--to", "2026-12-05T17:00"), ("--from", "2026-12-05", "--to", "x")):
        answer = hotline("outage", "add", *PLACE, *wrong, "--as", "wang")
        assert answer.exit_code == 2 and "2026-12-05T08:00" in answer.output
    found = hotline("figures", "--json", "--from", "2026-01-01", "--to", "2026-01-02")
    assert found.exit_code == 0 and "K19" in found.output
