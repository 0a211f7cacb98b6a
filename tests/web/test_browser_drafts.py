"""What an operator types survives a colleague, a closed window and an idle log-out, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from ivr.cases.actions import Do
from tests.web.browser import WAIT_MS, log_in, new_page
from tests.web.demo import at

pytestmark = pytest.mark.browser
expect.set_options(timeout=WAIT_MS)


def test_two_people_on_one_case_lose_nothing(browser, address, world):
    _call, case = world.complaint(at("10:58"), "13812345678")
    page = new_page(browser, address)
    log_in(page, "operator")
    page.goto(f"/cases/{case.id}")
    page.get_by_text("重大/热点标记", exact=True).first.click()
    page.select_option("#flag-flag", "major")
    page.fill("#flag-reason", "涉及安全，需要上报")
    with world.engine.begin() as connection:
        other = Do("flag", "supervisor", "supervisor", world.clock(), {"flag": "hot", "reason": "多人反映"})
        world.casework.do(connection, case.id, other)
    page.locator("#flag-reason").press("Enter")
    expect(page.locator(".both")).to_contain_text("多人反映")
    expect(page.locator("#flag-reason")).to_have_value("涉及安全，需要上报")
    page.locator("#flag-reason").press("Enter")
    expect(page.locator(".flash")).to_contain_text("已完成")


def test_a_closed_window_and_an_idle_log_out_lose_nothing(browser, address, world):
    _call, case = world.complaint(at("10:58"), "13812345678")
    page = new_page(browser, address)
    log_in(page, "operator")
    page.goto(f"/cases/{case.id}")
    page.get_by_text("补充记录", exact=True).first.click()
    with page.expect_response("**/drafts") as kept:
        page.fill("#note-text", "说了半小时的内容")
        page.locator("#note-text").blur()
    assert kept.value.request.method == "POST"
    again = page.context.new_page()
    page.close()
    world.clock.advance(31 * 60)
    again.goto(f"/cases/{case.id}")
    again.fill("#name", "operator")
    again.fill("#password", "correct-horse-battery")
    again.click("button.primary")
    expect(again.locator("#note-text")).to_have_value("说了半小时的内容")
