"""Outage notices in the panel (PWR-2): announced in time or confirmed, key customers told, explained on the board."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from store.journal.rebuild import verify
from store.schema import Outage
from tests.web.demo import TODAY, at
from tests.web.pages import announced
from tests.web.test_casework import send

FORM = {
    "kind": "planned", "line": "10千伏城东线", "area": "人民路 1—99 号", "starts": "2026-12-05T08:00",
    "ends": "2026-12-05T17:00", "reason": "更换变压器", "announced": "", "customers": "市第一医院\r\n城东水厂\r\n",
}  # fmt: skip
NEW, LATE = "/outages/new", {"starts": "2026-12-02T12:00", "ends": "2026-12-02T17:00"}  # six days after the noon it is


def published(client, **changes):
    """Fill in the form as the page gives it; the notice's id."""
    given = re.search(r'name="outage_id" value="([^"]+)"', client.get(NEW).text)[1]
    page = send(client, NEW, NEW, **{**FORM, **changes}, outage_id=given)
    assert "停电公告已发布" in page.text, page.text
    return given


def row(world, outage_id):
    with Session(world.engine) as session:
        return session.get_one(Outage, outage_id)


def test_pwr_2_a_notice_is_published_its_key_customers_told_and_power_comes_back(world, as_role, audit):
    lead = as_role("lead")
    outage_id = published(lead)
    assert send(lead, NEW, NEW, **FORM, outage_id=outage_id).status_code == 200, "sent twice, kept once"
    page = f"/outages/{outage_id}"
    assert "提前 8 天 20 小时" in lead.get(page).text and "尚未通知" in lead.get(page).text
    send(lead, page, page, action="tell", n="1", how="phone", result="no_answer")
    told = send(lead, page, page, action="tell", n="1", how="visit", result="told", told="2026-11-26T11:30").text
    assert "已通知 1 / 2 户" in told and "市第一医院 · 上门 · 已通知" in told and "市第一医院 · 电话 · 无人接听" in told
    assert "已通知 1 / 3 户" in send(lead, page, page, action="name", names="地铁二号线").text
    file = lead.get(f"{page}/customers.csv?sort=-told").text
    assert "市第一医院" in file.splitlines()[1] and "上门" in file and audit("export")[-1][2] == "outage-customers.csv"
    future = send(lead, page, page, action="tell", n="2", how="sms", result="failed", told="2026-11-27T11:30")
    assert future.status_code == 400 and 'value="failed" selected' in future.text and "不能晚于现在" in future.text
    assert 'value="restore"' not in lead.get(page).text, "power has not gone yet"
    world.clock.ms = at("18:00", date(2026, 12, 5))
    assert "停电中，已过预计恢复时间" in as_role("lead").get(page).text
    restored = send(as_role("lead"), page, page, action="restore", restored="2026-12-05T16:40")
    assert "已结束" in restored.text
    assert row(world, outage_id).restored == at("16:40", date(2026, 12, 5))
    assert [each[:3] for each in audit() if each[1].startswith("outage.")] == [
        ("lead", f"outage.{what}", "10千伏城东线 2026-12-05 08:00")
        for what in ("add", "tell", "tell", "name", "restore")
    ]
    assert verify(world.engine) == []


def test_acceptance_9_six_days_are_refused_with_the_form_kept_and_flagged_once_the_supervisor_confirms(as_role, world):
    refused = send(as_role("lead"), NEW, NEW, **FORM | LATE)
    assert refused.status_code == 400 and "只提前 6 天 0 小时 0 分公告" in refused.text
    assert 'name="confirmed"' not in refused.text, "a lead cannot confirm it"
    for kept in ("10千伏城东线", "人民路 1—99 号", "2026-12-02T12:00", "更换变压器", "城东水厂"):
        assert kept in refused.text
    supervisor = as_role("supervisor")
    asked = send(supervisor, NEW, NEW, **FORM | LATE)
    assert asked.status_code == 400 and 'name="confirmed"' in asked.text
    outage_id = published(supervisor, **LATE, confirmed="设备隐患，不能再等")
    assert row(world, outage_id).short
    assert "提前不足 7 天，已由督导确认：设备隐患，不能再等" in as_role("operator").get(f"/outages/{outage_id}").text
    assert "10千伏城东线" in supervisor.get("/outages?state=short").text
    assert "10千伏城东线" not in supervisor.get("/outages?state=now").text
    period = f"from={TODAY}&to={TODAY + timedelta(days=10)}"
    published(supervisor)
    rows = supervisor.get(f"/figures/K19/rows?{period}&part=rest").text
    assert "停电提前7天公告率" in rows and outage_id in rows and rows.count('href="/outages/') == 1
    file = supervisor.get(f"/figures/K19/rows.csv?{period}&part=denominator").text
    assert file.count("10千伏城东线") == 2 and "设备隐患，不能再等" in file


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"starts": "tomorrow"}, "时间应写成"),
        ({"ends": "2026-12-05T07:00"}, "结束时间须晚于"),
        ({"area": "路" * 900}, "最多 500 字"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(as_role, change, said):
    answer = send(as_role("supervisor"), NEW, NEW, **FORM | change)
    assert answer.status_code == 400 and said in answer.text
    assert all(str(value) in answer.text for value in change.values()) and "城东水厂" in answer.text
    english = as_role("supervisor").get("/outages/new?lang=en").text
    assert "Publish an outage notice" in english


def test_pwr_2_the_operator_sees_on_the_board_what_to_explain_and_only_then(as_role, world):
    operator = as_role("operator")
    assert 'id="outages"' not in operator.get("/board").text
    announced(world)
    summary = operator.get("/board/live").get_json()["regions"]["summary"]
    assert re.findall(r'id="outage-(\w+-\w+)"', summary) == ["outage-emergency", "outage-temporary"]
    assert "停电中" in summary and "电缆被挖断" in summary and "城东线" not in summary
    page = operator.get("/outages/outage-emergency").text
    assert "建设路以东" in page and "可以进行的操作" not in page and "发布停电公告" not in operator.get("/outages").text
    refused = as_role("lead")
    answer = send(refused, "/outages/outage-emergency", "/outages/outage-emergency", action="withdraw", reason="写错")
    assert answer.status_code == 400 and "只有督导可以撤回" in answer.text
    boss, page = as_role("supervisor"), "/outages/outage-emergency"
    assert "已由 supervisor 撤回：线路写错" in send(boss, page, page, action="withdraw", reason="线路写错").text
    assert "10千伏城南线" not in operator.get("/board/live").get_json()["regions"]["summary"]
