"""Sealed identities (B10): a lead asks with a reason, the custodian opens; two audit rows, seen by nobody else."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from store.schema import Case, IdentityRequest, Journal, SealedIdentity
from tests.web.demo import at
from tests.web.test_casework import send

WHO = "王小明，第二供电所职工"


@pytest.fixture
def report(world, as_role):
    """An anonymous letter whose writer said who they are."""
    letter = {"kind": "report", "channel": "letter", "text": "反映物资被盗卖", "anonymous": "1", "command_id": "r1"}
    send(as_role("operator"), "/cases/new", "/cases/new", **letter, identity=WHO)
    with Session(world.engine) as session:
        return session.scalars(select(Case).where(Case.channel == "letter")).one()


def asked(world, as_role, report, role="supervisor"):
    send(as_role(role), f"/cases/{report.id}", f"/cases/{report.id}/identity/ask", reason="纪委来函核实")
    with Session(world.engine) as session:
        return session.scalars(select(IdentityRequest.id).order_by(IdentityRequest.id.desc())).first()


def test_opening_needs_the_custodian_and_leaves_two_audit_rows(world, as_role, report, audit):
    request = asked(world, as_role, report)
    custodian = as_role("custodian")
    inbox = custodian.get("/inbox").text
    assert "申请开启密封身份" in inbox and report.number in inbox
    page = custodian.get("/identities").text
    assert "纪委来函核实" in page and WHO not in page
    shown = send(custodian, "/identities", f"/identities/{request}", decision="open", reason="函号核对无误")
    assert shown.status_code == 200 and WHO in shown.text and shown.headers["Cache-Control"] == "no-store"
    assert [row for row in audit() if row[1] in ("identity.ask", "identity.open")] == [
        ("supervisor", "identity.ask", report.number, "纪委来函核实"),
        ("custodian", "identity.open", report.number, "函号核对无误"),
    ]
    assert WHO not in custodian.get("/identities").text
    again = send(custodian, "/identities", f"/identities/{request}", decision="open", reason="再看一次")
    assert WHO not in again.text
    assert "密封身份已开启" in as_role("supervisor").get("/inbox").text


def test_the_custodian_may_leave_it_sealed(world, as_role, report, audit):
    request = asked(world, as_role, report, "lead")
    custodian = as_role("custodian")
    page = send(custodian, "/identities", f"/identities/{request}", decision="decline", reason="理由不足").text
    assert "未予开启" in page and WHO not in page
    assert [row[1] for row in audit() if row[1].startswith("identity.")] == [
        "identity.ask", "identity.decline",
    ]  # fmt: skip
    assert "理由不足" in as_role("lead").get(f"/cases/{report.id}").text


@pytest.mark.parametrize("role", ["operator", "lead", "supervisor", "admin"])
def test_nobody_else_opens_it_not_even_by_sending_the_form(world, as_role, report, role):
    request = asked(world, as_role, report)
    client = as_role(role)
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/password").text)[1]
    answer = client.post(f"/identities/{request}", data={"csrf_token": token, "decision": "open", "reason": "好奇"})
    assert answer.status_code == 403 and WHO not in answer.text
    assert client.get("/identities").status_code == 403


def test_only_leads_and_supervisors_may_ask_and_a_reason_is_needed(world, as_role, report):
    operator = as_role("operator")
    page = operator.get(f"/cases/{report.id}").text
    assert "已密封" in page and "申请开启" not in page
    supervisor = as_role("supervisor")
    assert "请写明原因" in send(supervisor, f"/cases/{report.id}", f"/cases/{report.id}/identity/ask", reason="x").text
    assert asked(world, as_role, report) is not None
    again = send(supervisor, f"/cases/{report.id}", f"/cases/{report.id}/identity/ask", reason="再次申请")
    assert "已有一个申请" in again.text


def test_an_identity_told_to_an_operator_is_sealed_and_never_shown_to_them(world, as_role, audit):
    _call, case = world.complaint(at("10:40"), "13812345678", kind="report", anonymous=True)
    operator = as_role("operator")
    page = f"/cases/{case.id}"
    assert "身份已密封" in send(operator, page, f"{page}/identity/seal", identity=WHO).text
    assert WHO not in operator.get(page).text
    assert "登记举报人身份" not in operator.get(page).text  # once sealed it cannot be changed
    assert [row[1] for row in audit() if row[1].startswith("identity.")] == ["identity.seal"]


def test_a_case_with_a_name_has_no_sealed_identity(world, as_role):
    _call, case = world.complaint(at("10:40"), "13812345678")
    page = f"/cases/{case.id}"
    operator = as_role("operator")
    assert "举报人身份" not in operator.get(page).text
    assert "只有匿名举报" in send(operator, page, f"{page}/identity/seal", identity=WHO).text


def test_it_is_encrypted_under_a_key_of_its_own_and_in_no_journal_row(world, as_role, report):
    asked(world, as_role, report)
    with Session(world.engine) as session:
        (row,) = session.scalars(select(SealedIdentity)).all()
        assert WHO.encode() not in row.sealed and world.keys.unwrap(row.wrapped)
        told = [
            (r.name, r.data, r.reason) for r in session.scalars(select(Journal).where(Journal.case_id == report.id))
        ]
    assert {"identity_sealed", "identity_asked"} <= {name for name, _, _ in told}
    assert not any("王小明" in data + reason for _, data, reason in told)


def test_an_anonymous_visitor_is_told_the_query_code_once(world, as_role):
    visit = {"kind": "report", "channel": "visit", "text": "当面反映", "anonymous": "1", "command_id": "v1"}
    page = send(as_role("operator"), "/cases/new", "/cases/new", **visit).text
    assert re.search(r"匿名举报的查询码：[1-9]\d{7}。", page)


def test_a_second_letter_about_the_same_matter_is_added_to_the_case(world, as_role, audit):
    _call, case = world.complaint(at("10:40"), "13812345678")
    letter = {
        "kind": "complaint",
        "channel": "letter",
        "text": "补充两张照片",
        "number": "13812345678",
        "command_id": "f9",
    }
    operator = as_role("operator")
    proposed = send(operator, "/cases/new", "/cases/new", **letter).text
    assert f"是同一事项，补充到 {case.number}" in proposed
    page = send(operator, "/cases/new", "/cases/new", **letter, seen="1", append_to=case.id).text
    assert f"已补充到工单 {case.number}" in page and "同一事项补充" in page
    with Session(world.engine) as session:
        assert len(session.scalars(select(Case)).all()) == 1
        rows = session.scalars(select(Journal).where(Journal.name == "case_appended")).all()
        assert len(rows) == 1 and "letter" in rows[0].data and "补充" not in rows[0].data
    assert audit("case.append") == [("operator", "case.append", case.number, "letter")]
    assert "补充两张照片" in send(operator, f"/cases/{case.id}", f"/cases/{case.id}/texts").text
