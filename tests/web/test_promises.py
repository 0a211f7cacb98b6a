"""The public page of promises: only when it is set, totals of whole months, no person."""

from __future__ import annotations

import re
from datetime import date

from tests.web.demo import at
from web import create_app


def test_the_page_is_there_only_when_it_is_set(client):
    assert client.get("/promises").status_code == 404


def test_k14_whole_months_in_totals_without_log_in_and_without_any_person(world):
    client = create_app(world.config(public_promises=True)).test_client()
    _call, case = world.complaint(at("09:00", date(2026, 10, 12)), "13812345678")
    world.replied(case, at("10:00", date(2026, 10, 13)))
    answer = client.get("/promises")
    assert answer.status_code == 200, answer.text
    page = answer.text
    assert "2026-10" in page
    assert re.search(r"承诺兑现率.*?1 / 1", page, re.S), "fewer than 30: counts"
    assert "5678" not in page
    assert case.number not in page
    english = client.get("/promises?lang=en&month=2026-09").text
    assert "Our promises" in english
    assert client.get("/promises?month=2026-11").status_code == 400, "the month is not over"
    assert client.get("/promises?month=nonsense").status_code == 400
