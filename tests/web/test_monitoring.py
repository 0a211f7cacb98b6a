"""``/metrics``: today's figures for Prometheus, by the same ids, for who has a token."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.facts import fact
from tests.web.demo import morning


def samples(text: str) -> dict[tuple[str, str], float]:
    """(metric, figure) -> value; of exclusions the test calls."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.labels.get("reason", "test_calls") == "test_calls":
                found[sample.name, sample.labels["figure"]] = sample.value
    return found


def test_prometheus_gets_the_figures_of_the_api(client, world, token):
    morning(world)
    headers = token("figures:read")
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200 and answer.content_type.startswith("text/plain; version=0.0.4")
    found = samples(answer.text)
    items = client.get("/api/v1/figures", headers=headers).get_json()["items"]
    assert len(items) > 30
    for item in items:
        assert found["hotline_figure_denominator", item["id"]] == item["denominator"]
        if item["numerator"] is not None:
            assert found["hotline_figure_numerator", item["id"]] == item["numerator"]
        published = item["value"] is not None and (item["unit"] == "s" or item["show_percent"])
        assert found.get(("hotline_figure", item["id"])) == (item["value"] if published else None)
    assert (
        found["hotline_figure_excluded", "K1"] == next(i for i in items if i["id"] == "K1")["exclusions"]["test_calls"]
    )


def test_prometheus_gets_the_callers_who_were_turned_away_today_by_why(client, world, token):
    morning(world)
    data = {"kind": "CallLimit", "service": "SIP", "account": "", "network": "", "count": 7}
    world.ledger.note(fact(world.clock(), "refused", data))
    text = client.get("/metrics", headers=token("figures:read")).text
    assert 'hotline_calls_turned_away{period="today",reason="CallLimit"} 7.0' in text
    assert 'hotline_calls_turned_away{period="today",reason="LoopLate"} 0.0' in text


@pytest.mark.parametrize(("scopes", "status"), [((), 401), (("calls:read",), 403)])
def test_without_the_right_token_there_is_nothing(client, token, scopes, status):
    answer = client.get("/metrics", headers=token(*scopes) if scopes else {})
    assert answer.status_code == status and "hotline_figure" not in answer.text
