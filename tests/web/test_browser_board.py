"""The live board in a real browser: it updates by itself, keeps the focus, and says when it cannot."""

from __future__ import annotations

import logging

import pytest
from playwright.sync_api import expect

from tests.web.browser import WAIT_MS, log_in, new_page

pytestmark = pytest.mark.browser
expect.set_options(timeout=WAIT_MS)


def test_log_in_and_see_the_board(browser, address):
    page = new_page(browser, address)
    log_in(page, "operator")
    expect(page).to_have_url(f"{address}/board")
    expect(page.locator("h1")).to_have_text("看板")


def test_a_caller_appears_and_goes_without_a_reload(browser, address, world):
    page = new_page(browser, address)
    log_in(page, "operator")
    page.evaluate("window.stillTheSamePage = true")
    expect(page.locator("[data-region=calls]")).to_contain_text("现在没有来电")
    call_id = world.waiting(20, window="repair")
    row = page.locator("tr.waiting")
    expect(row).to_contain_text("故障报修")
    expect(row).to_contain_text("正在等候人工")
    world.turn(call_id, [])
    expect(page.locator("[data-region=calls]")).to_contain_text("现在没有来电")
    assert page.evaluate("window.stillTheSamePage") is True


def test_running_times_run_between_two_answers(browser, address, world):
    world.waiting(20)
    page = new_page(browser, address)
    log_in(page, "operator")
    page.route("**/board/live", lambda route: route.abort())
    tick = page.locator("tr.waiting .tick").first
    before = tick.text_content()
    page.wait_for_function("before => document.querySelector('tr.waiting .tick').textContent !== before", arg=before)


def test_the_keyboard_focus_stays_where_it_was(browser, address, world):
    stays = world.waiting(40)
    page = new_page(browser, address)
    log_in(page, "operator")
    page.locator(f"#call-{stays}").focus()
    world.waiting(5)
    expect(page.locator("tr.waiting")).to_have_count(2)
    assert page.evaluate("document.activeElement.id") == f"call-{stays}"


def test_an_explanation_that_is_open_stays_open(browser, address, world):
    from tests.web.demo import at

    world.answered(at("09:00"), "13800000001")
    page = new_page(browser, address)
    log_in(page, "operator")
    page.locator(".figure summary").first.click()
    # Told first: figures are kept for 4 s of this clock, which stands still once it was put forward.
    world.answered(at("09:10"), "13800000002")
    world.clock.advance(5)
    world.alive()
    expect(page.locator(".figure .value").first).to_have_text("2 / 2")
    assert page.locator(".figure details").first.evaluate("d => d.open")


def test_a_lost_connection_is_said_and_heals(browser, address, world):
    page = new_page(browser, address)
    log_in(page, "operator")
    page.route("**/board/live", lambda route: route.abort())
    expect(page.locator("#fresh-text")).to_have_text("与服务器的连接中断，正在重试")
    page.unroute("**/board/live")
    expect(page.locator("#fresh-text")).to_have_text("实时更新")


def test_an_ended_session_leads_to_the_log_in_page(browser, address, world):
    page = new_page(browser, address)
    log_in(page, "operator")
    world.clock.advance(31 * 60)
    expect(page.locator("#password")).to_be_visible()
    expect(page.locator(".flash")).to_contain_text("已自动退出")


def test_nobody_looks_so_it_asks_less_often(browser, address, world):
    """Told or every 3 s while somebody looks, every 60 s otherwise: while hidden there is no request."""
    page = new_page(browser, address)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/board/live" in request.url else None)
    log_in(page, "operator")
    page.wait_for_event("request", lambda request: "/board/live" in request.url)
    page.evaluate(
        """() => {
          Object.defineProperty(document, 'hidden', {configurable: true, get: () => true});
          document.dispatchEvent(new Event('visibilitychange'));
        }"""
    )
    page.wait_for_timeout(500)  # what is under way comes; the stream of news stays open
    before = len(asked)
    page.wait_for_timeout(7000)
    assert len(asked) == before
    page.evaluate(
        """() => {
          Object.defineProperty(document, 'hidden', {configurable: true, get: () => false});
          document.dispatchEvent(new Event('visibilitychange'));
        }"""
    )
    page.wait_for_function("() => performance.getEntriesByType('resource').some(e => e.name.includes('/board/live'))")
    expect(page.locator("#fresh-text")).to_have_text("实时更新")
    assert len(asked) > before


def test_a_browser_has_one_stream_however_many_tabs(browser, address, world, caplog):
    caplog.set_level(logging.DEBUG, "web.access")
    page = new_page(browser, address)
    log_in(page, "operator")
    tabs = [page, page.context.new_page(), page.context.new_page()]
    for tab in tabs[1:]:
        tab.goto("/board")
    world.waiting(20, window="repair")
    for tab in tabs:
        expect(tab.locator("tr.waiting")).to_have_count(1)
    streams = [record for record in caplog.messages if "/board/events" in record]
    assert len(streams) == 1, streams
    tabs[0].close()
    world.waiting(10, window="repair")
    expect(tabs[1].locator("tr.waiting")).to_have_count(2)
