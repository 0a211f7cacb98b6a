"""Every page in a real browser: axe-core finds nothing, nothing scrolls sideways, the keyboard is enough."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.need import ROOT
from tests.web import pages
from tests.web.browser import WAIT_MS, log_in, new_page, served
from tests.web.demo import World
from web import create_app

pytestmark = pytest.mark.browser
expect.set_options(timeout=WAIT_MS)

# Pages in other states than the first one: empty, filtered, provisional, refused, and as another role sees them.
STATES = (
    ("supervisor", "/cases/{provisional}"), ("supervisor", "/cases/{report}"), ("supervisor", "/calls/{account}"),
    ("supervisor", "/worklists/followup"), ("supervisor", "/inbox?all=1"), ("supervisor", "/nothing"),
    ("supervisor", "/calls?day=2020-01-01"), ("supervisor", "/cases?kind=praise"), ("supervisor", "/cases?sort=due"),
    ("supervisor", "/figures/K14/rows?from=2026-11-01"), ("operator", "/outages/outage-emergency"),
    ("supervisor", "/figures/K19/rows?from=2026-11-26&to=2026-12-05"), ("supervisor", "/outages?state=over"),
    ("admin", "/calls/{account}"), ("custodian", "/inbox"),
)  # fmt: skip
TELEPHONE = 390
VIEWS = {"zh": ((TELEPHONE, "light"), (1280, "light"), (1280, "dark")), "en": ((TELEPHONE, "light"), (1280, "light"))}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]  # more than half of what axe computes
AXE = {"runOnly": RULES, "resultTypes": ["violations"], "selectors": False}
# In the dark nothing but colours is another; English has those of Chinese.
DARK = {**AXE, "runOnly": {"type": "rule", "values": COLOURS}}
ENGLISH = {**AXE, "rules": {rule: {"enabled": False} for rule in COLOURS}}
# Of rows that differ in nothing but words, numbers and addresses two stay: axe computes for each thing on a page.
ALIKE = """() => {
    const told = /^(class|style|role|type|scope)$/;
    const text = node => node.nodeType === Node.TEXT_NODE && node.data.trim() ? "text" : "";
    const marks = row => [...row.attributes].map(one => told.test(one.name) ? one.name + one.value : one.name);
    const within = row => [...row.childNodes].map(node => node instanceof Element ? shape(node) : text(node));
    const shape = row => [row.tagName, ...marks(row), "(", ...within(row), ")"].join(" ");
    for (const list of document.querySelectorAll("main tbody, main ol, main ul")) {
        const seen = {};
        for (const row of [...list.children]) {
            const like = shape(row);
            seen[like] = (seen[like] || 0) + 1;
            if (seen[like] > 2) row.remove();
        }
    }
}"""
TWICE = """() => {
    const ids = [...document.querySelectorAll("[id]")].map(one => one.id);
    return ids.filter((id, n) => ids.indexOf(id) !== n);
}"""


@pytest.fixture(scope="module")
def axe(need) -> str:
    return Path(need("axe")).read_text("utf-8")


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """A lively hotline that all tests of this module only look at."""
    world = World(tmp_path_factory.mktemp("busy"))
    values = pages.everything(world)
    app = create_app(world.config(public_promises=True))
    with served(app) as address:
        yield address, {**values, "call": values["account"], "case": values["case_id"]}, pages.every(app, values), app
    world.close()


def test_8_every_page_there_is_can_be_opened_here(busy):
    """A page that is added is walked through by these tests, or this one fails."""
    _address, values, found, app = busy
    assert pages.unknown(app, values) == [], "say in tests/web/pages.py what stands in these addresses"
    assert len({page.name for page in found}) == len(found) >= 20


def _pages(page, busy):
    """Every page there is: logged out, then as each role that looks at some."""
    _address, values, found, _app = busy
    listed = [(one.role, one.address) for one in found] + [(role, path.format(**values)) for role, path in STATES]
    here = ""
    for role, path in sorted(listed, key=lambda pair: ("", *pages.ROLES).index(pair[0])):
        if role != here:
            page.context.clear_cookies(name="hotline")
            log_in(page, role)
            here = role
        page.goto(path)
        yield path


def _violations(page, name: str, lang: str, scheme: str) -> list:
    given = DARK if scheme == "dark" else ENGLISH if lang == "en" else AXE
    result = page.evaluate("given => axe.run(document, given)", given)
    assert result["passes"], name
    return [(v["id"], v["help"], [n["html"][:160] for n in v["nodes"][:3]]) for v in result["violations"]]


@dataclass
class Seen:
    """What was found on all pages in one language, by address."""

    violations: dict[tuple[int, str], dict[str, list]]  # by width and colours
    wide: dict[str, int]  # scrolls sideways on a telephone: how wide it is
    twice: dict[str, list[str]]  # names that two things on a page have
    problems: list[str]  # what the browser reported


def _look(browser, busy, axe: str, lang: str) -> Seen:
    """Open every page once, and look at it in each width and colours: loading it anew for each shows nothing else."""
    page = new_page(browser, busy[0], width=TELEPHONE, lang=lang)
    seen = Seen({view: {} for view in VIEWS[lang]}, {}, {}, [])
    page.on("pageerror", lambda error: seen.problems.append(str(error)))
    page.on("console", lambda line: seen.problems.append(line.text) if line.type == "error" else None)
    for name in _pages(page, busy):
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > TELEPHONE:
            seen.wide[name] = width
        if twice := page.evaluate(TWICE):
            seen.twice[name] = twice
        page.evaluate(ALIKE)
        page.evaluate("document.querySelectorAll('main details').forEach(d => { d.open = true; })")
        page.evaluate(axe)
        for view in VIEWS[lang]:
            page.set_viewport_size({"width": view[0], "height": 900})
            page.emulate_media(color_scheme=view[1], reduced_motion="reduce")  # no colour on its way
            if found := _violations(page, name, lang, view[1]):
                seen.violations[view][name] = found
        page.set_viewport_size({"width": TELEPHONE, "height": 900})
    page.context.close()
    return seen


@pytest.fixture(scope="module")
def seen(browser, busy, axe) -> Callable[[str], Seen]:
    """``seen("zh")``: what is to be seen on all pages, looked at once."""
    return cache(partial(_look, browser, busy, axe))


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("lang", "width", "scheme"), [(lang, *view) for lang in VIEWS for view in VIEWS[lang]])
def test_axe_finds_no_violation(seen, lang, width, scheme):
    assert seen(lang).violations[width, scheme] == {}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("lang", VIEWS)
def test_nothing_scrolls_sideways_on_a_telephone(seen, lang):
    assert seen(lang).wide == {}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("lang", VIEWS)
def test_no_two_things_on_a_page_have_one_name(seen, lang):
    """Said of whole pages: axe looks at two of all rows that are alike."""
    assert seen(lang).twice == {}


def test_colours_depend_on_no_language():
    style = "".join(path.read_text("utf-8") for path in (ROOT / "web" / "static").rglob("*.css"))
    assert "color" in style and not re.search(r":lang|\[lang", style)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("lang", VIEWS)
def test_the_browser_reports_no_error_on_any_page(seen, lang):
    """A script or style that the content security policy refuses would show here."""
    assert [p for p in seen(lang).problems if "404" not in p] == []  # /nothing is there on purpose


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
