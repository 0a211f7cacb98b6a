"""B10: the administrator alone opens no sealed identity, and whoever could be passed over is told at once."""

from __future__ import annotations

import re

import pytest
from sqlalchemy.orm import Session

from store.people import accounts
from store.schema import InboxRow
from tests.web.conftest import Auth
from tests.web.demo import PASSWORD, at

DAY_S = 86_400
NEW = "another horse, another battery"


@pytest.fixture
def request_id(world, as_role):
    """A sealed identity a supervisor asks for; the request's id."""
    _call, case = world.complaint(at("11:41"), "13987654321", kind="report", category="", anonymous=True)
    Auth(as_role("operator")).send(
        f"/cases/{case.id}", f"/cases/{case.id}/identity/seal", identity="王某，电力公司职工"
    )
    supervisor = Auth(as_role("supervisor"))
    supervisor.send(f"/cases/{case.id}", f"/cases/{case.id}/identity/ask", reason="纪委来函核实")
    page = as_role("custodian").get("/identities").text
    return re.search(r'action="/identities/([^"]+)"', page)[1]


def reset(browser: Auth, world, name: str) -> str:
    """The administrator resets a password; what is shown."""
    with Session(world.engine) as session:
        ident = accounts.find_user(session, name).id
    return re.search(r'class="secret">([^<]+)<', browser.send("/users", f"/users/{ident}/password").text)[1]


def enter(app, name: str, password: str, new: str = NEW) -> Auth:
    """Log in with a password somebody else knows, and change it."""
    browser = Auth(app.test_client())
    browser.login(name, password)
    browser.send("/password", old=password, new=new, again=new)
    return browser


def opened(browser: Auth, request_id: str) -> str:
    return browser.send("/identities", f"/identities/{request_id}", decision="open", reason="函号核对无误").text


def test_the_administrator_who_resets_the_custodian_opens_nothing_and_is_told_on(app, auth, world, request_id):
    auth.login("admin")
    custodian = enter(app, "custodian", reset(auth, world, "custodian"))
    assert "24 小时内" in (page := opened(custodian, request_id)) and "王某" not in page
    with Session(world.engine) as session:
        told = {(row.recipient, row.kind) for row in session.query(InboxRow) if row.kind == "account_reset"}
    assert told == {("role:custodian", "account_reset"), ("role:supervisor", "account_reset")}
    world.clock.advance(DAY_S)
    later = Auth(app.test_client())
    later.login("custodian", NEW)
    assert "王某" in opened(later, request_id), "after a day in which nobody objected"


def test_a_custodian_the_administrator_makes_opens_nothing_until_a_supervisor_confirms_it(app, auth, world, request_id):
    auth.login("admin")
    shown = auth.send("/users", name="second", role="custodian").text
    enter(app, "second", re.search(r'class="secret">([^<]+)<', shown)[1])
    world.clock.advance(2 * DAY_S)
    second = Auth(app.test_client())
    second.login("second", NEW)
    assert "尚未经督导确认" in opened(second, request_id)
    supervisor = Auth(app.test_client())
    supervisor.login("supervisor")
    page = supervisor.client.get("/custodians").text
    assert "second" in page and "待确认" in page
    action = re.search(r'action="(/custodians/[^"]+)"', page)[1]
    assert supervisor.send("/custodians", action).status_code == 303
    assert "王某" in opened(second, request_id)


def test_a_supervisor_the_administrator_has_just_reset_confirms_nobody(app, auth, world):
    auth.login("admin")
    auth.send("/users", name="second", role="custodian")
    supervisor = enter(app, "supervisor", reset(auth, world, "supervisor"))
    action = re.search(r'action="(/custodians/[^"]+)"', supervisor.client.get("/custodians").text)[1]
    answer = supervisor.send("/custodians", action)
    assert answer.status_code == 400 and "24 小时内" in answer.text


def test_an_account_that_is_made_custodian_starts_anew(app, auth, world, request_id):
    auth.login("admin")
    with Session(world.engine) as session:
        ident = accounts.find_user(session, "lead").id
    auth.send("/users", f"/users/{ident}", role="custodian", seat="")
    lead = Auth(app.test_client())
    lead.login("lead")
    assert "尚未经督导确认" in opened(lead, request_id)
    with Session(world.engine) as session:
        assert {row.kind for row in session.query(InboxRow) if "account" in row.data} >= {"account_raised"}


def test_a_first_password_leads_nowhere_but_to_ones_own(app, auth):
    auth.login("admin")
    shown = auth.send("/users", name="neu", role="operator").text
    password = re.search(r'class="secret">([^<]+)<', shown)[1]
    browser = Auth(app.test_client())
    browser.login("neu", password)
    for page in ("/board", "/calls", "/cases", "/help"):
        assert browser.client.get(page).headers["Location"] == "/password", page
    assert "初始密码" in browser.client.get("/password").text
    browser.send("/password", old=password, new=NEW, again=NEW)
    assert browser.client.get("/board").status_code == 200


def test_who_set_a_password_of_their_own_is_not_asked_again(auth, client):
    auth.login("lead")
    assert client.get("/board").status_code == 200
    auth.send("/password", old=PASSWORD, new=NEW, again=NEW)
    assert client.get("/board").status_code == 200
