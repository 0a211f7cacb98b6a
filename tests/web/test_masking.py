"""SUP-6, B10: numbers are masked everywhere by one function; anonymous reports show a number to nobody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.masking import HIDDEN, mask
from tests.web.conftest import Auth
from tests.web.demo import ROLES, at, morning

NUMBER = "13812345678"


@given(number=st.text("0123456789", min_size=1, max_size=20), role=st.sampled_from([*ROLES, "api"]))
def test_sup_6_no_role_sees_more_than_four_digits(number, role):
    shown = mask(number, role)
    digits = shown.removeprefix(HIDDEN)
    assert shown.startswith(HIDDEN)
    assert digits in ("", number[-4:])
    assert len(digits) <= len(number) // 2
    assert not (role in ("admin", "custodian") and digits)


@given(number=st.text("0123456789+", max_size=20), role=st.sampled_from([*ROLES, "api"]))
def test_an_anonymous_report_shows_no_number_to_any_role(number, role):
    assert mask(number, role, anonymous=True) == ""


def _pages(call_id, case):
    return [
        "/board", "/board/live", "/calls", "/calls?day=2026-11-26", f"/calls/{call_id}", "/cases", f"/cases/{case.id}",
        f"/cases/{case.number}", "/calls.csv", "/cases.csv", "/worklists/missed.csv",
        f"/cases/{case.number}/history.csv", "/figures", "/audit", "/users", "/help",
    ]  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
def test_sup_6_the_clear_number_is_on_no_page(as_role, world, role):
    call_id, case = world.complaint(at("10:00"), NUMBER)
    world.waiting(20, number=NUMBER)
    client = as_role(role)
    seen = ""
    for page in _pages(call_id, case):
        answer = client.get(page)
        assert NUMBER not in answer.text, f"{role} sees the number at {page}"
        seen += answer.text
    assert ("5678" in seen) == (role in ("operator", "lead", "supervisor"))


def test_sup_6_the_clear_number_is_in_no_api_answer(client, world, token):
    world.complaint(at("10:00"), NUMBER)
    headers = token("calls:read", "cases:read", "figures:read")
    for path in ("calls", "cases", "figures"):
        text = client.get(f"/api/v1/{path}", headers=headers).text
        assert NUMBER not in text
    assert "••••5678" in client.get("/api/v1/cases", headers=headers).text


@pytest.mark.parametrize("role", ROLES)
def test_cmp_report_anonymous_shows_no_number_to_anybody(as_role, world, client, token, role):
    """C no. 7: report anonymous → no number visible."""
    call_id, case = world.complaint(at("10:00"), NUMBER, kind="report", anonymous=True)
    browser = as_role(role)
    for page in _pages(call_id, case):
        assert "5678" not in browser.get(page).text, page
    headers = token("calls:read", "cases:read")
    assert "5678" not in client.get("/api/v1/calls", headers=headers).text
    assert "5678" not in client.get("/api/v1/cases", headers=headers).text


def test_an_anonymous_case_hides_the_number_even_while_its_call_still_has_one(as_role, world):
    """Between opening the case and sealing the party nobody may see the number either."""
    from ivr.ledger import CaseRequest

    call_id = world.call(at("11:00"), NUMBER, [(0.4, "answered", {})])
    assert world.party_of(call_id) is not None
    request = CaseRequest(f"{call_id}/1", call_id, "report", at("11:01"), "2026-11-26", anonymous=True)
    world.ledger.open_case(request, lambda stored: None)
    lead = as_role("lead")
    assert "5678" not in lead.get("/calls").text
    assert "5678" not in lead.get(f"/calls/{call_id}").text
    shown = Auth(lead).send("/help", f"/calls/{call_id}/number", reason="核实情况")
    assert shown.status_code == 400
    assert NUMBER not in shown.text


def test_a_lead_sees_the_whole_number_for_a_reason_that_is_written_down(as_role, world, audit):
    call_id = world.answered(at("10:00"), NUMBER)
    lead = as_role("lead")
    shown = Auth(lead).send(f"/calls/{call_id}", f"/calls/{call_id}/number", reason="来电人要求回电")
    assert shown.status_code == 200
    assert NUMBER in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    assert audit("number.show") == [("lead", "number.show", f"call {call_id}", "来电人要求回电")]
    assert NUMBER not in lead.get(f"/calls/{call_id}").text, "the next look needs its own reason"


def test_without_a_reason_the_number_stays_masked(as_role, world, audit):
    _call, case = world.complaint(at("10:00"), NUMBER)
    lead = as_role("lead")
    for reason in ("", "   ", "ab", "x" * 300):
        answer = Auth(lead).send(f"/cases/{case.id}", f"/cases/{case.id}/number", reason=reason)
        assert answer.status_code == 400
        assert NUMBER not in answer.text
        assert "请写明查看号码的原因" in answer.text
    assert audit("number.show") == []


def test_a_number_is_found_by_its_keyed_hash_and_never_stands_in_an_address(as_role, world, audit):
    mine = world.answered(at("09:00"), NUMBER)
    other = world.answered(at("09:10"), "13700000000")
    lead = as_role("lead")
    found = Auth(lead).send("/calls", "/calls/find", number="138-1234-5678")
    assert NUMBER not in found.headers["Location"]
    page = lead.get(found.headers["Location"]).text
    assert mine in page
    assert other not in page
    assert audit("number.search")[0][0] == "lead"
    assert NUMBER not in str(audit())


def test_searching_by_the_last_digits_explains_why_that_cannot_work(as_role):
    lead = as_role("lead")
    answer = Auth(lead).send("/calls", "/calls/find", number="5678")
    assert answer.status_code == 400
    assert "加密保存" in answer.text


def test_the_administrator_sees_dots_and_cannot_search_by_hash(as_role, world):
    world.answered(at("09:00"), NUMBER)
    other = world.answered(at("09:10"), "13700000000")
    admin = as_role("admin")
    page = admin.get("/calls?caller=" + world.parties.number_hmac(NUMBER)).text
    assert other in page, "the filter is not honoured without the right to numbers"
    assert "号码已隐藏" in page


def test_exports_are_masked_and_safe_in_a_spreadsheet(as_role, world, audit):
    morning(world)
    lead = as_role("lead")
    text = lead.get("/calls.csv?day=2026-11-26").text
    assert text.startswith("\ufeff到达时间"), "Excel needs the mark to read Chinese"
    assert "13812345678" not in text
    assert "••••5678" in text
    assert len(text.splitlines()) == 1 + 45
    assert audit("export")[0][:3] == ("lead", "export", "calls.csv")
