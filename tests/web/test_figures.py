"""B9: the figures on the page and in the API are those of the store, to the last digit."""

from __future__ import annotations

import re

from hotline.process.worker import WorkerProcess
from store.figures.counting import FigureCounter
from tests.web.conftest import Auth
from tests.web.demo import at, morning
from web import create_app

ANSWERED = (3, 8, 12, 15, 16, 20, 21, 40)
ABANDONED = (2, 4, 9, 30)


def _vector(world):
    for n, wait in enumerate(ANSWERED):
        world.answered(at("09:00") + n * 300_000, f"1380000000{n}", wait=wait)
    for n, wait in enumerate(ABANDONED):
        world.abandoned(at("10:00") + n * 300_000, f"1390000000{n}", wait=wait)


def test_c_12_the_acceptance_vector_through_the_api(client, world, token):
    _vector(world)
    answer = client.get("/api/v1/figures", headers=token("figures:read")).get_json()
    value = {item["id"]: (item["numerator"], item["denominator"], item["value"]) for item in answer["items"]}
    assert value["K1"] == (8, 12, 8 / 12)
    assert value["K1n"] == (8, 10, 0.8)
    assert value["K2a-15"] == (4, 12, 4 / 12)
    assert value["K2b-15"] == (4, 10, 0.4)
    assert value["K2c-15"] == (4, 8, 0.5)
    assert value["K2d-15"] == (7, 12, 7 / 12)
    assert [value[f"K2{x}-20"][2] for x in "abcd"] == [6 / 12, 0.6, 0.75, 0.75]
    assert value["K3"][2] == 16.875
    assert value["K4"] == (4, 12, 4 / 12)
    assert value["K4n"] == (2, 12, 2 / 12)
    assert value["K4-time"][2] == 11.25


def test_c_12_the_acceptance_vector_on_the_page(as_role, world):
    _vector(world)
    page = as_role("operator").get("/figures").text
    shown = dict(re.findall(r'<span class="value">([^<]+)</span>.*?<summary>(K[\w-]+)', page, re.DOTALL))
    by_id = {ident: value for value, ident in re.findall(r'class="value">([^<]+)<.*?<summary>(K\S+)', page, re.DOTALL)}
    assert shown
    assert by_id["K1"] == "8 / 12"
    assert by_id["K1n"] == "8 / 10"
    assert by_id["K2a-15"] == "4 / 12"
    assert by_id["K2d-15"] == "7 / 12"
    assert by_id["K3"] == "16.9 秒"
    assert "不足 30 件，不给百分比" in page, "fewer than 30: counts, no percentage"


def test_with_thirty_or_more_a_percentage_stands_beside_its_counts(as_role, world):
    morning(world)
    page = as_role("operator").get("/figures").text
    assert re.search(r'class="value">92\.1 %</span>\s*<span class="fraction">35 / 38', page)


def test_each_figure_tells_its_formula_and_what_was_left_out(as_role, world):
    morning(world)
    page = as_role("lead").get("/figures").text
    assert "A / (O − S)" in page
    assert "测试来电 1" in page
    assert "短时放弃 1" in page
    assert page.count("<details>") >= page.count('class="figure"')


def test_the_board_and_the_figures_page_say_the_same(as_role, world):
    morning(world)
    lead = as_role("lead")
    board, page = lead.get("/board").text, lead.get("/figures").text
    for figure in re.findall(r'<div class="figure">.*?</details>', board, re.DOTALL):
        assert re.sub(r"\s+", " ", figure) in re.sub(r"\s+", " ", page)


def test_a_period_the_wrong_way_round_or_too_long_is_put_right(as_role, world):
    lead = as_role("lead")
    assert 'value="2026-11-01"' in lead.get("/figures?from=2026-11-26&to=2026-11-01").text
    assert "一次最多统计一年" in lead.get("/figures?from=2020-01-01&to=2026-11-01").text


def test_a_process_of_its_own_counts_what_the_panel_would_count_itself(as_role, world):
    morning(world)
    month = "from=2026-11-01&to=2026-11-30"
    paths = [
        f"/figures?{month}",
        *(f"/figures/{id_}/rows?{month}" for id_ in ("K1g", "K4", "K14", "K15", "K16", "K20")),
    ]
    here = [as_role("lead").get(path) for path in paths]
    with WorkerProcess(FigureCounter.of, world.folder) as counter:
        there = create_app(world.config(counter=counter)).test_client()
        Auth(there).login("lead")
        assert [page.status_code for page in here] == [200] * len(paths)
        assert [_body(there.get(path).text) for path in paths] == [_body(page.text) for page in here]
        assert there.get(f"/figures/K99/rows?{month}").status_code == 404
        assert counter.pid is not None, "it was asked"


def _body(page: str) -> str:
    return re.sub(r"\?v=\w+", "", page[page.index("<main") :])
