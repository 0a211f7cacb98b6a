"""The second factor as people meet it: set up, asked for at log-in, used once, lost and reset by somebody else."""

from __future__ import annotations

import re

import pyotp
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from services import users
from store.people import accounts
from store.schema import InboxRow, User
from tests.web.conftest import Auth
from tests.web.demo import PASSWORD
from web import create_app


def _ident(world, name):
    with Session(world.engine) as session:
        return accounts.find_user(session, name).id


class Phone:
    """An authenticator app that shows what the panel's page told it."""

    def __init__(self, world, secret):
        self.world, self.app = world, pyotp.TOTP(secret)

    def code(self, off_s=0):
        return self.app.at(self.world.clock() // 1000 + off_s)


def _set_up(world, client):
    """The phone and the recovery codes of whoever is logged in there."""
    page = Auth(client)
    page.send("/second-factor", do="begin")
    secret = re.search(r'<code class="secret">([A-Z2-7]{32})</code>', client.get("/second-factor").text)[1]
    phone = Phone(world, secret)
    done = page.send("/second-factor", do="confirm", password=PASSWORD, code=phone.code())
    world.clock.advance(30)  # the code that set it up is used
    return phone, re.findall(r'class="secret">((?:[a-z0-9]{4}-){3}[a-z0-9]{4})<', done.text)


def _log_in(app, name, code):
    client = app.test_client()
    page = Auth(client)
    first = page.login(name)
    assert first.headers["Location"].startswith("/log-in/code")
    assert client.get("/help").status_code == 302, "the password alone opens nothing"
    return client, page.send("/log-in/code", code=code)


def test_after_setting_it_up_log_in_asks_for_a_code(app, world, as_role, audit):
    phone, codes = _set_up(world, as_role("lead"))
    assert len(set(codes)) == 10
    client, answer = _log_in(app, "lead", phone.code())
    assert answer.headers["Location"] == "/board"
    assert client.get("/board").status_code == 200
    assert audit("factor.on") == [("lead", "factor.on", "lead", "")]
    with Session(world.engine) as session:
        assert phone.app.secret.encode() not in accounts.find_user(session, "lead").totp


def test_the_picture_and_the_key_come_from_this_machine(as_role):
    client = as_role("lead")
    Auth(client).send("/second-factor", do="begin")
    page = client.get("/second-factor")
    assert 'src="data:image/svg+xml' in page.text
    assert "http" not in re.sub(r"data:image[^\"]+|http://www.w3.org[^\"']*", "", page.text).replace("https://", "")
    assert page.headers["Cache-Control"] == "no-store"


def test_a_code_counts_once(app, world, as_role, audit):
    phone, _codes = _set_up(world, as_role("lead"))
    code = phone.code()
    assert _log_in(app, "lead", code)[1].status_code == 302
    again = _log_in(app, "lead", code)[1]
    assert again.status_code == 401 and "已经用过" in again.text
    assert audit("code.failed") == [("", "code.failed", "lead", "")]


@pytest.mark.parametrize(("off_s", "status"), [(-30, 302), (30, 302), (-90, 401), (90, 401)])
def test_a_clock_may_be_off_by_one_step(app, world, as_role, off_s, status):
    phone, _codes = _set_up(world, as_role("lead"))
    world.clock.advance(60)
    assert _log_in(app, "lead", phone.code(off_s))[1].status_code == status


def test_a_recovery_code_stands_in_once(app, world, as_role):
    _phone, codes = _set_up(world, as_role("lead"))
    assert _log_in(app, "lead", codes[3].upper())[1].status_code == 302
    assert _log_in(app, "lead", codes[3])[1].status_code == 401
    client, _answer = _log_in(app, "lead", codes[4])
    assert "还有 8 个恢复码" in client.get("/second-factor").text


def test_codes_are_not_guessed(app, world, as_role):
    phone, _codes = _set_up(world, as_role("lead"))
    wrong = "000000" if phone.code() != "000000" else "111111"
    for _ in range(5):
        assert _log_in(app, "lead", wrong)[1].status_code == 401
    assert _log_in(app, "lead", phone.code())[1].status_code == 429


def test_the_second_step_cannot_wait_nor_outlive_the_password(app, world, as_role):
    phone, _codes = _set_up(world, as_role("lead"))
    late, reset = app.test_client(), app.test_client()
    Auth(late).login("lead")
    token = Auth(late).token("/log-in/code")
    world.clock.advance(301)
    answer = late.post("/log-in/code", data={"csrf_token": token, "code": phone.code()})
    assert answer.headers["Location"].startswith("/log-in") and late.get("/board").status_code == 302
    Auth(reset).login("lead")
    token = Auth(reset).token("/log-in/code")
    with Session(world.engine) as session, session.begin():
        users.log_out(session, accounts.find_user(session, "lead"))
    reset.post("/log-in/code", data={"csrf_token": token, "code": phone.code()})
    assert reset.get("/board").status_code == 302


def test_who_must_have_one_is_led_to_it_and_can_do_nothing_else(world):
    app = create_app(world.config(second_factor=("admin", "custodian")))
    admin, lead = app.test_client(), app.test_client()
    Auth(admin).login("admin")
    Auth(lead).login("lead")
    for path in ("/users", "/board", "/tokens", "/audit"):
        assert admin.get(path).headers["Location"] == "/second-factor"
    assert lead.get("/board").status_code == 200
    _set_up(world, admin)
    assert admin.get("/users").status_code == 200
    refused = Auth(admin).send("/second-factor", do="remove", code="123456")
    assert refused.status_code == 400, "who must have one cannot switch it off"


def test_setting_up_takes_the_password_and_a_right_code(world, as_role):
    client = as_role("lead")
    page = Auth(client)
    page.send("/second-factor", do="begin")
    for password, code, problem in ((PASSWORD, "000000", "验证码不正确"), ("wrong", "000000", "当前密码不正确")):
        assert problem in page.send("/second-factor", do="confirm", password=password, code=code).text
    with Session(world.engine) as session:
        assert accounts.find_user(session, "lead").totp is None


def test_somebody_elses_is_reset_by_the_administrator_and_those_concerned_are_told_at_once(app, world, as_role):
    custodian, admin = as_role("custodian"), as_role("admin")
    _set_up(world, custodian)
    ident = _ident(world, "custodian")
    assert Auth(admin).send("/users", f"/users/{ident}/factor").status_code == 302
    assert custodian.get("/help").status_code == 302, "logged out everywhere"
    with Session(world.engine) as session:
        told = {row.recipient for row in session.scalars(select(InboxRow)) if row.kind == "account_factor"}
        assert told == {"role:custodian", "role:supervisor"}
        assert users.may_open(session, "custodian", world.clock()) == "fresh"
    assert Auth(app.test_client()).login("custodian").headers["Location"] == "/help"


def test_nobody_resets_the_own_one_as_administrator(world, as_role):
    admin = as_role("admin")
    _set_up(world, admin)
    assert Auth(admin).send("/users", f"/users/{_ident(world, 'admin')}/factor").status_code == 400
    with Session(world.engine) as session:
        assert session.scalar(select(User.totp).where(User.name == "admin")) is not None


def test_it_is_switched_off_and_codes_are_renewed_with_a_code_only(world, as_role, audit):
    client = as_role("lead")
    phone, old = _set_up(world, client)
    page = Auth(client)
    assert page.send("/second-factor", do="remove", code="").status_code == 400
    fresh = page.send("/second-factor", do="codes", code=old[0])
    assert old[1] not in fresh.text and fresh.text.count('<code class="secret">') == 10
    assert page.send("/second-factor", do="remove", code=phone.code()).status_code == 303
    with Session(world.engine) as session:
        assert accounts.find_user(session, "lead").totp is None
    assert [row[1] for row in audit() if row[1].startswith("factor.")] == ["factor.on", "factor.codes", "factor.off"]
