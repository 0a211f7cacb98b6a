"""Every page in a real browser: axe-core finds nothing, nothing scrolls sideways, the keyboard is enough."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy.orm import Session

from ivr.cases.actions import Do
from ivr.store import users
from ivr.store.casework import Entry
from tests.web.browser import WAIT_MS, chromium, log_in, new_page, served
from tests.web.demo import World, at, morning
from web import create_app

pytestmark = pytest.mark.browser
expect.set_options(timeout=WAIT_MS)

SUPERVISOR = (
    "/board", "/calls", "/calls/{call}", "/cases", "/cases/{case}", "/cases/{provisional}", "/cases/new",
    "/cases/{report}", "/worklists", "/worklists/missed", "/worklists/followup", "/inbox", "/inbox?all=1",
    "/figures", "/audit",
    "/call-back/{command}", "/help", "/password", "/nothing", "/calls?day=2020-01-01", "/cases?kind=praise",
)  # fmt: skip
ADMIN = ("/users", "/tokens", "/calls/{call}")
CUSTODIAN = ("/identities", "/inbox")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def browser(need):
    with chromium(need("chromium")) as browser:
        yield browser


@pytest.fixture(scope="module")
def axe(need) -> str:
    return Path(need("axe")).read_text("utf-8")


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """A lively hotline that all tests of this module only look at."""
    from datetime import date

    world = World(tmp_path_factory.mktemp("busy"))
    world.people()
    morning(world)
    call, case = world.complaint(at("10:40"), "13812349999")
    _call, provisional = world.complaint(at("10:40", date(2026, 12, 29)), "13812349999")
    with Session(world.engine) as session, session.begin():
        users.create_token(session, name="12345 平台", scopes=["cases:read"], now=world.clock(), expires=None)
    world.abandoned(at("09:05"), "13500001111", wait=31)
    _handle(world, case.id)
    command = world.called_back(at("09:05"), "13500003333")
    ids = {"call": call, "case": case.id, "provisional": provisional.id, "command": command, "report": _report(world)}
    with served(create_app(world.config())) as address:
        yield address, ids
    world.close()


def _report(world):
    """An anonymous report whose identity was sealed, and asked for twice."""
    now, supervisor = world.clock(), ("supervisor", "supervisor")
    with world.engine.begin() as connection:
        told = Entry("report", "visit", "operator", now, "当面反映", anonymous=True, identity="王某，职工")
        case_id = world.casework.open(connection, told).id
        case, identities = world.casework.case(connection, case_id), world.casework.identities
        first = identities.ask(connection, case, *supervisor, "纪委来函核实", now)
        identities.decline(connection, first, "custodian", "custodian", "理由不足", now)
        identities.ask(connection, case, *supervisor, "补充了函件", now)
    return case_id


def _handle(world, case_id):
    """A case with a history: extended, replied to, closed and reopened; notices for the supervisor."""
    story = [
        ("flag", "operator", {"flag": "major", "reason": "涉及多人"}), ("accept", "operator", {}),
        ("ask_extension", "operator", {"n": "3", "reason": "需现场勘查"}), ("approve_extension", "supervisor", {}),
        ("note", "operator", {"text": "来电人补充：共三人在场"}),
    ]  # fmt: skip
    with world.engine.begin() as connection:
        for action, who, fields in story:
            world.casework.do(connection, case_id, Do(action, who, who, world.clock(), fields))
        letter = Entry("enquiry", "letter", "operator", world.clock(), "来信咨询", number="13812349999")
        other = world.casework.open(connection, letter).id
        for action, fields in (("reply", {"text": "已答复", "evidence": "复函 3 号"}), ("close", {})):
            world.casework.do(connection, other, Do(action, "operator", "operator", world.clock(), fields))


def _pages(page, ids):
    """Every page there is: logged out, as supervisor, as administrator, as custodian."""
    page.goto("/log-in")
    yield "/log-in"
    for role, paths in (("supervisor", SUPERVISOR), ("admin", ADMIN), ("custodian", CUSTODIAN)):
        log_in(page, role)
        for path in paths:
            page.goto(path.format(**ids))
            yield path
        page.click("details.me summary")
        page.click("details.me button")
        page.wait_for_selector("#password")


@pytest.mark.parametrize(
    ("width", "lang", "scheme"),
    [(1280, "zh", "light"), (390, "zh", "light"), (1280, "en", "light"), (390, "en", "light"), (1280, "zh", "dark")],
)
def test_axe_finds_no_violation(browser, busy, axe, width, lang, scheme):
    address, ids = busy
    page = new_page(browser, address, width=width, lang=lang, color_scheme=scheme)
    found = {}
    for name in _pages(page, ids):
        for details in page.locator("main details").all():
            details.evaluate("d => { d.open = true; }")
        page.evaluate(axe)
        result = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
        assert result["passes"], name
        if result["violations"]:
            found[name] = [
                (v["id"], v["help"], [n["html"][:160] for n in v["nodes"][:3]]) for v in result["violations"]
            ]
    page.context.close()
    assert found == {}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_scrolls_sideways_on_a_telephone(browser, busy, lang):
    address, ids = busy
    page = new_page(browser, address, width=390, lang=lang)
    wide = {}
    for name in _pages(page, ids):
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 390:
            wide[name] = width
    page.context.close()
    assert wide == {}


def test_the_browser_reports_no_error_on_any_page(browser, busy):
    """A script or style that the content security policy refuses would show here."""
    address, ids = busy
    page = new_page(browser, address)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    for _name in _pages(page, ids):
        page.wait_for_load_state("networkidle") if "/board" not in page.url else page.wait_for_load_state()
    page.context.close()
    assert [p for p in problems if "404" not in p] == []  # /nothing is there on purpose


def test_one_click_changes_the_language(browser, busy):
    page = new_page(browser, busy[0])
    log_in(page, "supervisor")
    page.goto("/cases?kind=report")
    page.click("a.language")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("h1")).to_have_text("Cases")
    expect(page.locator("#kind")).to_have_value("report")
    page.click("a.language")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.context.close()


def test_the_keyboard_alone_is_enough(browser, busy):
    """Log in, skip to the content, open a call, ask for its number, log out: without a mouse."""
    page = new_page(browser, busy[0])
    page.goto("/log-in")
    expect(page.locator("#name")).to_be_focused()
    page.keyboard.type("supervisor")
    page.keyboard.press("Tab")
    page.keyboard.type("correct-horse-battery")
    page.keyboard.press("Enter")
    page.wait_for_selector("details.me")
    page.goto("/calls")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    _tab_to(page, "td.go a")
    page.keyboard.press("Enter")
    page.wait_for_selector(".story")
    _tab_to(page, "details.reveal summary")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#reason")).to_be_focused()
    page.keyboard.type("来电人要求回电")
    page.keyboard.press("Enter")
    expect(page.locator(".clear")).to_be_visible()
    _tab_to(page, "details.me summary")
    page.keyboard.press("Enter")
    _tab_to(page, "details.me button")
    page.keyboard.press("Enter")
    expect(page.locator("#password")).to_be_visible()
    page.context.close()


def test_what_has_the_focus_can_be_seen(browser, busy):
    page = new_page(browser, busy[0])
    log_in(page, "supervisor")
    page.goto("/cases")
    for _ in range(20):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")
    page.context.close()


def test_the_recording_plays(browser, busy):
    page = new_page(browser, busy[0])
    log_in(page, "supervisor")
    page.goto(f"/cases/{busy[1]['case']}")
    page.evaluate("document.querySelector('audio').muted = true; document.querySelector('audio').play()")
    expect(page.locator("audio")).to_have_js_property("paused", False)
    page.wait_for_function("() => document.querySelector('audio').currentTime > 0.1")
    assert round(page.evaluate("document.querySelector('audio').duration"), 1) == 21.5
    page.context.close()


def test_an_account_is_closed_only_after_a_question(browser, busy):
    page = new_page(browser, busy[0])
    log_in(page, "admin")
    page.goto("/users")
    asked: list[str] = []

    def no(dialog):
        asked.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", no)
    page.get_by_role("button", name="停用 operator").click()
    assert asked == ["停用 operator？该账号会立即退出。"]
    expect(page.get_by_role("button", name="停用 operator")).to_be_visible()
    page.context.close()


def _tab_to(page, selector: str) -> None:
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"{selector} is not reached with the Tab key")
