"""Work on cases in the panel: what can be done now, by whom, with which words; nothing by accident, nothing unseen."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from store.schema import Callback, Case
from tests.web.demo import at


def token(client, page):
    return re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)[1]


def send(client, page, to, /, **fields):
    """Fill in a form of ``page`` and look at where it leads."""
    return client.post(to, data={"csrf_token": token(client, page), **fields}, follow_redirects=True)


def do(client, case, action, **fields):
    return send(client, f"/cases/{case.id}", f"/cases/{case.id}/do", action=action, **fields)


def row(world, case):
    with Session(world.engine) as session:
        return session.get_one(Case, case.id)


@pytest.fixture
def case(world):
    _call, case = world.complaint(at("10:40"), "13812345678")
    return case


def test_a_case_is_handled_from_its_page_step_by_step(world, as_role, case, audit):
    client = as_role("operator")
    do(client, case, "classify", urgency="urgent", window="complaint", category="attitude")
    do(client, case, "accept")
    page = do(client, case, "reply", text="已核实，向来电人致歉", evidence="来电回复").text
    assert "已完成：答复" in page
    assert row(world, case).status == "replied" and row(world, case).owner == "operator"
    assert [entry[1] for entry in audit() if entry[1].startswith("case.")] == [
        "case.classify", "case.accept", "case.reply",
    ]  # fmt: skip
    assert "凭据：来电回复" in page and "已核实" not in page  # the text is shown only when asked for


def test_the_audit_log_names_what_was_done_on_a_case(world, as_role, case, audit):
    test_a_case_is_handled_from_its_page_step_by_step(world, as_role, case, audit)
    page = as_role("supervisor").get("/audit").text
    codes = {entry[1] for entry in audit() if entry[1].startswith("case.")}
    assert codes and not [code for code in codes if f">{code}<" in page]


def test_only_what_can_be_done_now_is_offered(as_role, case):
    page = as_role("operator").get(f"/cases/{case.id}").text
    offered = re.findall(r'name="action" value="(\w+)"', page)
    assert "accept" in offered and "close" not in offered and "supervise" not in offered
    assert "supervise" in as_role("supervisor").get(f"/cases/{case.id}").text
    assert 'name="action"' not in as_role("admin").get(f"/cases/{case.id}").text


def test_a_refusal_says_why_in_the_pages_language(world, as_role, case):
    client = as_role("operator")
    assert "只能用于" in do(client, case, "close").text
    client.get("/?lang=en")
    assert "the case is received; to close it must be replied" in do(client, case, "close").text
    assert row(world, case).status == "received"


def test_who_looked_at_an_older_page_is_told(world, as_role, case):
    one, two = as_role("operator"), as_role("lead")
    seen = str(row(world, case).version)
    do(one, case, "accept", version=seen)
    assert "其他人刚刚改动了这个工单" in do(two, case, "accept", version=seen).text
    assert row(world, case).owner == "operator"


def test_texts_are_shown_on_demand_and_the_look_is_audited(as_role, case, audit):
    client = as_role("operator")
    do(client, case, "note", text="<b>张三</b>补充：共三人")
    shown = send(client, f"/cases/{case.id}", f"/cases/{case.id}/texts").text
    assert "&lt;b&gt;张三&lt;/b&gt;补充" in shown
    assert len(audit("case.texts")) == 1


def test_every_due_date_is_on_the_page_with_who_and_why(as_role, case):
    do(as_role("operator"), case, "ask_extension", n="3", reason="需现场勘查")
    page = do(as_role("lead"), case, "approve_extension", reason="情况属实").text
    assert "期限的变动" in page and "情况属实" in page and "原期限" in page


def test_a_letter_is_taken_and_the_same_number_is_proposed_first(world, as_role, case, audit):
    client = as_role("operator")
    letter = {
        "kind": "complaint",
        "channel": "letter",
        "text": "来信再次反映",
        "number": "13812345678",
        "command_id": "f1",
    }
    page = send(client, "/cases/new", "/cases/new", **letter).text
    assert (
        "同一号码已有工单" in page
        and case.number in page
        and "13812345678" not in page.replace('value="13812345678"', "")
    )
    for _twice in range(2):
        taken = send(client, "/cases/new", "/cases/new", **letter, seen="1").text
    assert "同一号码的其他工单" in taken and case.number in taken
    with Session(world.engine) as session:
        assert len(session.scalars(select(Case).where(Case.channel == "letter")).all()) == 1
    assert len(audit("case.new")) == 2


def test_a_letter_without_key_points_is_refused(as_role):
    answer = send(as_role("operator"), "/cases/new", "/cases/new", kind="complaint", channel="letter", text=" ")
    assert answer.status_code == 400 and "请填写来信来访的要点" in answer.text


def test_the_inbox_shows_ones_own_and_ones_roles_notices(as_role, case):
    do(as_role("operator"), case, "flag", flag="major", reason="涉及多人")
    lead = as_role("lead")
    page = lead.get("/inbox").text
    assert "重大事项" in page and case.number in page
    found = re.findall(r'name="id" value="([^"]+)"', page)
    assert len(found) == 2 and "新投诉，请立即办理" in page  # of the case itself the leads were told at once
    other = as_role("operator")
    assert "没有通知" in other.get("/inbox").text
    for notice in found:
        send(lead, "/inbox", "/inbox/read", id=notice)
    assert "没有通知" in lead.get("/inbox").text and "lead 已读" in lead.get("/inbox?all=1").text


def test_missed_calls_are_one_entry_with_a_masked_number(world, as_role, audit):
    world.abandoned(at("09:05"), "13500001111", wait=31)
    world.abandoned(at("09:35"), "13500001111", wait=12)
    client = as_role("operator")
    page = client.get("/worklists/missed").text
    assert page.count("记录结果") == 1 and "13500001111" not in page and "1111" in page
    action = re.search(r'action="(/worklists/missed/[^"/]+)"', page)[1]
    assert "稍后再拨" in send(client, "/worklists/missed", action, result="busy", reason="占线").text
    assert "占线" in client.get("/worklists/missed").text
    assert "本条已完成" in send(client, "/worklists/missed", action, result="reached").text
    assert "没有要回的电话" in client.get("/worklists/missed").text
    assert [entry[3] for entry in audit("callback.attempt")] == ["busy", "reached"]


def test_the_whole_number_of_an_entry_needs_a_lead_and_a_reason(world, as_role, audit):
    world.abandoned(at("09:05"), "13500001111", wait=31)
    lead = as_role("lead")
    action = re.search(r'action="(/worklists/missed/[^"]+/number)"', lead.get("/worklists/missed").text)[1]
    assert "13500001111" in send(lead, "/worklists/missed", action, reason="回电核实").text
    assert [entry[3] for entry in audit("number.show")] == ["回电核实"]
    assert send(as_role("operator"), "/worklists/missed", action, reason="回电核实").status_code == 403


def test_a_follow_up_that_says_unsolved_reopens_the_case(world, as_role, case):
    client = as_role("operator")
    do(client, case, "reply", text="已改正", evidence="来电")
    do(client, case, "close")
    page = client.get("/worklists/followup").text
    action = re.search(r'action="(/worklists/followup/[^"/]+)"', page)[1]
    assert "请记录来电人认为是否解决" in send(client, "/worklists/followup", action, result="reached").text
    send(client, "/worklists/followup", action, result="reached", solved="no", rating="5", reason="仍未解决")
    assert (row(world, case).status, row(world, case).reopened) == ("handling", 1)
    assert "已重开" in client.get("/worklists").text


def test_an_agreed_time_is_local_time(world, as_role, case):
    client = as_role("operator")
    action = re.search(r'action="(/worklists/answer/[^"/]+)"', client.get("/worklists").text)[1]
    send(client, "/worklists", action, result="no_answer", agreed="2026-11-27T21:30")
    with Session(world.engine) as session:
        assert session.scalars(select(Callback)).one().next_at == at("21:30") + 86_400_000


def test_an_anonymous_report_is_on_no_worklist_and_shows_no_number(world, as_role):
    _call, case = world.complaint(at("11:41"), "13987654321", kind="report", category="", anonymous=True)
    client = as_role("supervisor")
    assert case.number not in client.get("/worklists").text
    assert "13987654321" not in client.get(f"/cases/{case.id}").text
