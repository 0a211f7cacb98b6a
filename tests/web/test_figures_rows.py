"""From a figure to the calls and cases it is made of; charts with a table beside them; one vector told alike by all."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from click.testing import CliRunner

from hotline.cli import main
from tests.web.demo import at, morning
from tests.web.test_figures import _vector

# requirements B9, to the last digit: id -> (numerator, denominator, value)
VECTOR = {
    "K1": (8, 12, 8 / 12), "K1n": (8, 10, 0.8),
    "K2a-15": (4, 12, 4 / 12), "K2b-15": (4, 10, 0.4), "K2c-15": (4, 8, 0.5), "K2d-15": (7, 12, 7 / 12),
    "K2a-20": (6, 12, 0.5), "K2b-20": (6, 10, 0.6), "K2c-20": (6, 8, 0.75), "K2d-20": (9, 12, 0.75),
    "K3": (135.0, 8, 16.875), "K4": (4, 12, 4 / 12), "K4n": (2, 12, 2 / 12), "K4-time": (45.0, 4, 11.25),
}  # fmt: skip


def test_2_the_vector_of_b9_from_journal_rows_through_panel_csv_command_and_api_alike(
    world, as_role, token, client, monkeypatch
):
    """Acceptance 2: one set of journal rows, four ways to the figures, every one to the last digit."""
    _vector(world)
    api = client.get("/api/v1/figures", headers=token("figures:read")).get_json()["items"]
    monkeypatch.chdir(world.folder)
    monkeypatch.setattr("time.time_ns", lambda: world.clock() * 1_000_000)  # the command's clock is that on the wall
    day = ["--from", "2026-11-26", "--to", "2026-11-26", "--data", str(world.folder)]
    command = CliRunner().invoke(main, ["figures", "--json", *day])
    assert command.exit_code == 0, command.output
    told = json.loads(command.output)
    told = told if isinstance(told, list) else told.get("items") or told["parts"][0]["figures"]
    page = as_role("operator").get("/figures").text
    exported = as_role("lead").get("/figures.csv").get_data(as_text=True).removeprefix("\ufeff")
    lines = {row["编号"]: row for row in csv.DictReader(io.StringIO(exported))}
    ways = {
        "api": {f["id"]: (f["numerator"], f["denominator"], f["value"]) for f in api},
        "command": {f["id"]: (f["numerator"], f["denominator"], f["value"]) for f in told},
        "csv": {k: (_number(r["分子"]), int(r["分母"]), _number(r["数值"])) for k, r in lines.items()},
    }
    for id_, expected in VECTOR.items():
        for way, found in ways.items():
            assert found[id_] == expected, (way, id_)
        shown = f"{expected[0]} / {expected[1]}" if expected[2] <= 1 else f"{expected[2]:.1f} 秒"
        assert re.search(
            rf'class="value">{re.escape(shown)}</span>(?:(?!class="value").)*<summary>{id_} ', page, re.S
        ), id_
    assert ways["api"] == ways["command"]
    assert {k: v[1] for k, v in ways["csv"].items()} == {k: v[1] for k, v in ways["api"].items()}


def _number(text):
    return float(text) if text else None


@pytest.fixture
def lead(world, as_role):
    morning(world)
    return as_role("lead")


def test_from_a_figure_to_its_rows(lead):
    page = lead.get("/figures").text
    for id_ in (
        "K1",
        "K2a-15",
        "K3",
        "K4",
        "K6",
        "K12",
        "K13-complaint",
        "K14",
        "K15",
        "K16",
        "K18",
        "K20",
        "K21",
        "K22",
    ):
        assert f'href="/figures/{id_}/rows' in page, id_
    rows = lead.get("/figures/K4/rows").text
    assert "(3)" in re.search(r'aria-current="true">([^<]+)', rows)[1]
    assert rows.count("等候中放弃</span>") == 3
    assert lead.get("/figures/K4/rows?part=short_abandons").status_code == 200
    late = lead.get("/figures/K13-complaint/rows?from=2026-11-01&to=2026-12-31&part=rest").text
    assert "/cases/" in late or "这一部分没有记录" in late
    assert lead.get("/figures/K99/rows").status_code == 404


def test_the_rows_behind_a_figure_are_a_file_with_masked_numbers(lead, audit):
    rows = list(csv.reader(io.StringIO(lead.get("/figures/K1/rows.csv?part=rest").get_data(as_text=True))))
    assert len(rows) == 1 + 3
    assert all(row[1].startswith("••••") for row in rows[1:])
    assert audit("export")[-1][2] == "K1-calls.csv"
    assert lead.get("/figures/K14/rows.xlsx?from=2026-11-01&to=2026-12-31").data[:2] == b"PK"


def test_operators_see_the_rows_of_today_only(world, as_role):
    from datetime import date

    old = world.answered(at("09:00", date(2026, 11, 25)), "13800000001")
    assert old not in as_role("operator").get("/figures/K1/rows?from=2026-11-25&to=2026-11-25").text
    assert old in as_role("lead").get("/figures/K1/rows?from=2026-11-25&to=2026-11-25").text


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_chart_has_a_name_a_description_and_a_table(lead, lang):
    for period in ("", "&from=2026-11-01&to=2026-11-26", "&from=2026-01-01&to=2026-11-26"):
        page = lead.get(f"/figures?lang={lang}{period}").text
        assert page.count('role="img"') == page.count("<desc ") == page.count('<table class="plain-table">') == 7
        assert "<script>" not in page
    assert ("今后 14 天到期的承诺" in page) == (lang == "zh")


def test_the_charts_numbers_are_the_figures(lead):
    page = lead.get("/figures").text
    table = re.search(r"请求人工的来电，每小时</title>.*?<tbody>(.*?)</tbody>", page, re.S)[1]
    rows = [[int(n) for n in re.findall(r'class="n">(\d+)', row)] for row in re.findall(r"<tr>.*?</tr>", table)]
    assert [sum(column) for column in zip(*rows, strict=True)][:2] == [35, 3], "K1 35 / 38, K4 3 / 38"


def test_figures_can_be_those_of_one_window(lead):
    whole = lead.get("/figures.csv").get_data(as_text=True)
    repair = lead.get("/figures.csv?window=repair").get_data(as_text=True)
    parts = [int(next(r for r in csv.DictReader(io.StringIO(t.removeprefix("\ufeff"))) if r["编号"] == "K1")["分母"])
             for t in (whole, repair)]  # fmt: skip
    assert 0 < parts[1] < parts[0] == 38


def test_the_cases_behind_a_figure_are_pages_in_any_order(world, as_role):
    """Fifty on a page, every one of them on one page, the latest due first."""
    stored = [world.complaint(at("06:00") + n * 60_000, f"138{n:08}")[1] for n in range(60)]
    lead = as_role("lead")
    path, seen = "/figures/K13-complaint/rows?from=2026-11-01&to=2026-12-31&part=not_yet_due&sort=-due", []
    while path:
        page = lead.get(path).text
        seen += re.findall(r'href="/cases/[^"]+">(\d[^<]+)</a>', page)
        following = re.search(r'<a href="([^"]+before=[^"]+)">下一页', page)
        path = following and following[1].replace("&amp;", "&")
    assert len(seen) == 60 and set(seen) == {case.number for case in stored}
