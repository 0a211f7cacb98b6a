"""Who gets in, who does not, and what a log-in is worth afterwards."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from services import users
from store.people import accounts
from store.read import health
from tests.web.conftest import Auth
from tests.web.demo import PASSWORD, quick_hasher
from web import create_app
from web.passwords import Argon2


def test_the_first_page_asks_who_is_there(client):
    answer = client.get("/")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/log-in")
    assert "登录" in client.get("/log-in").text


def test_an_operator_logs_in_and_sees_the_board(client, auth):
    assert auth.login("operator").headers["Location"] == "/board"
    assert "正在进行的来电" in client.get("/board").text


def test_the_custodian_starts_at_the_help_page(auth):
    assert auth.login("custodian").headers["Location"] == "/help"


def test_after_log_in_one_lands_on_the_page_one_wanted(client, auth):
    wanted = client.get("/cases?kind=report").headers["Location"]
    assert wanted == "/log-in?next=/cases?kind%3Dreport"
    assert auth.login("lead", next="/cases?kind=report").headers["Location"] == "/cases?kind=report"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\r\nX: y"]
)
def test_a_log_in_never_leads_to_another_site(auth, target):
    assert auth.login("lead", next=target).headers["Location"] == "/board"


def test_a_wrong_password_says_what_to_do_and_keeps_the_name(auth, audit):
    answer = auth.login("lead", "wrong-password")
    assert answer.status_code == 401
    assert "账号或密码不正确" in answer.text
    assert 'value="lead"' in answer.text
    assert audit("log.failed") == [("", "log.failed", "lead", "")]


def test_a_password_typed_as_a_name_is_not_kept(auth, audit):
    assert auth.login("my-secret-password", "x").status_code == 401
    assert audit("log.failed") == [("", "log.failed", "", "")]


def test_five_wrong_passwords_lock_that_name_and_say_for_how_long(auth):
    for _ in range(5):
        assert auth.login("lead", "wrong-password").status_code == 401
    locked = auth.login("lead", PASSWORD)
    assert locked.status_code == 429
    assert "15 分钟后再试" in locked.text
    assert locked.headers["Retry-After"] == "900"
    assert auth.login("operator").status_code == 302, "others at the same address may still log in"


def test_who_was_logged_in_at_this_browser_before_is_let_in_whatever_others_type(app, auth, as_role):
    mine = as_role("lead")
    Auth(mine).logout()
    for _ in range(6):
        auth.login("lead", "wrong-password")  # somebody else, at the same address
    assert auth.login("lead", PASSWORD).status_code == 429
    assert Auth(mine).login("lead").status_code == 302


def test_a_browser_that_is_known_may_guess_no_more_than_others(as_role):
    mine = as_role("lead")
    Auth(mine).logout()
    answers = [Auth(mine).login("lead", "wrong-password").status_code for _ in range(11)]
    assert answers == [401] * 10 + [429]


def test_a_cookie_of_another_account_makes_no_browser_known(as_role, auth):
    mine = as_role("operator")
    Auth(mine).logout()
    for _ in range(5):
        auth.login("lead", "wrong-password")
    assert Auth(mine).login("lead", PASSWORD).status_code == 429


def test_thirty_clerks_behind_one_proxy_do_not_lock_each_other_out(auth):
    for n in range(31):
        last = auth.login(f"clerk{n}", "wrong-password")
    assert last.status_code == 429, "an address that guesses is told so"
    assert auth.login("lead", "wrong-password").status_code == 429, "known names are not told from unknown ones"
    assert auth.login("lead").status_code == 302


def test_wrong_current_passwords_are_counted_too(auth):
    auth.login("lead")
    fields = {"new": "a long new password", "again": "a long new password"}
    answers = [auth.send("/password", old="wrong", **fields).status_code for _ in range(6)]
    assert answers == [400] * 5 + [429]
    assert "15 分钟后再试" in auth.send("/password", old=PASSWORD, **fields).text


class Watched:
    """A hasher that looks whether somebody else could write while it works."""

    def __init__(self, engine) -> None:
        self.inner, self.engine, self.seen = quick_hasher(), engine, []

    def _look(self) -> None:
        with self.engine.connect() as connection:
            connection.connection.dbapi_connection.execute("PRAGMA busy_timeout=0").fetchall()
            connection.begin()  # BEGIN IMMEDIATE: fails at once when somebody holds the lock
            self.seen.append("free")

    def hash(self, password):
        self._look()
        return self.inner.hash(password)

    def verify(self, hashed, password):
        self._look()
        return self.inner.verify(hashed, password)

    def outdated(self, hashed):
        return True


def test_no_password_is_looked_at_while_the_journal_is_kept_waiting(world):
    hasher = Watched(world.engine)
    browser = Auth(create_app(world.config(hasher=hasher)).test_client())
    browser.login("lead", "wrong-password")
    browser.login("nobody", "wrong-password")
    assert browser.login("admin").status_code == 302
    assert browser.send("/users", name="neu", role="operator").status_code == 200
    new = "another horse, another battery"
    assert browser.send("/password", old=PASSWORD, new=new, again=new).status_code == 302
    assert len(hasher.seen) == 7


def test_more_passwords_than_the_machine_bears_are_told_to_wait(world):
    busy = Argon2(at_once=1, wait_s=0.01)
    browser = Auth(create_app(world.config(hasher=busy)).test_client())
    with busy._turn():
        answer = browser.login("lead")
    assert answer.status_code == 503 and "稍等几秒" in answer.text and answer.headers["Retry-After"] == "5"


def test_a_proxy_the_panel_was_not_told_of_is_told_to_the_administrator_and_by_the_doctor(client, auth, world):
    client.get("/log-in", headers={"X-Forwarded-For": "203.0.113.9"})
    auth.login("admin")
    assert "X-Forwarded-For" in client.get("/board").text
    with Session(world.engine) as session:
        assert health.forwarded(session, world.clock()) and not health.forwarded(
            session, world.clock() + 2 * 86_400_000
        )
    auth.logout()
    auth.login("operator")
    assert "X-Forwarded-For" not in client.get("/board").text


def test_a_proxy_that_is_trusted_is_nothing_to_be_told(world):
    client = create_app(world.config(proxies=1)).test_client()
    client.get("/log-in", headers={"X-Forwarded-For": "203.0.113.9"})
    with Session(world.engine) as session:
        assert not health.forwarded(session, world.clock())


def test_right_passwords_are_never_counted(auth):
    for _ in range(8):
        assert auth.login("lead").status_code == 302
        auth.logout()


def test_a_log_in_begins_a_new_session(client, auth):
    client.get("/log-in")
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
        before = session["csrf_token"]
    auth.login("lead")
    with client.session_transaction() as session:
        assert "planted" not in session
        assert session.get("csrf_token") != before


def test_log_in_and_log_out_are_audited(client, auth, audit):
    auth.login("lead")
    auth.logout()
    assert client.get("/board").status_code == 302
    assert [(user, action) for user, action, _target, _detail in audit()] == [("lead", "log.in"), ("lead", "log.out")]


def test_half_an_hour_away_ends_the_session_and_says_so(client, auth, world):
    auth.login("lead")
    world.clock.advance(29 * 60)
    assert client.get("/calls").status_code == 200
    world.clock.advance(31 * 60)
    assert client.get("/calls").status_code == 302
    assert "您离开超过 30 分钟" in client.get("/log-in").text


def test_a_board_left_open_does_not_keep_an_absent_person_logged_in(client, auth, world):
    auth.login("lead")
    for _ in range(31):
        world.clock.advance(60)
        last = client.get("/board/live")
    assert last.status_code == 401


def test_a_new_password_ends_every_other_log_in(as_role):
    here, elsewhere = as_role("lead"), as_role("lead")
    page = Auth(here).send(
        "/password", old=PASSWORD, new="another horse, another battery", again="another horse, another battery"
    )
    assert page.status_code == 302
    assert here.get("/board").status_code == 200
    assert elsewhere.get("/board").status_code == 302


@pytest.mark.parametrize(
    ("old", "new", "again", "problem"),
    [
        ("wrong", "a long new password", "a long new password", "当前密码不正确"),
        (PASSWORD, "a long new password", "another new password", "两次输入的新密码不一致"),
        (PASSWORD, "short", "short", "密码太短"),
        (PASSWORD, "aaaaaaaaaaaa", "aaaaaaaaaaaa", "太常见或已经泄露"),
    ],
)
def test_a_bad_new_password_is_refused_with_the_reason(auth, old, new, again, problem):
    auth.login("lead")
    answer = auth.send("/password", old=old, new=new, again=again)
    assert answer.status_code == 400
    assert problem in answer.text


def test_a_closed_account_is_out_at_once_and_cannot_come_back(as_role, auth, world):
    browser = as_role("operator")
    with Session(world.engine) as session, session.begin():
        users.set_active(session, accounts.find_user(session, "operator"), False, world.clock())
    assert browser.get("/board").status_code == 302
    assert auth.login("operator").status_code == 401


def test_a_forged_or_broken_session_is_nobody(client):
    client.set_cookie("hotline", "eyJfdXNlcl9pZCI6ImFkbWluIn0.forged.signature")
    assert client.get("/users").status_code == 302


def test_passwords_are_stored_as_argon2id(world):
    with Session(world.engine) as session:
        assert accounts.find_user(session, "lead").password.startswith("$argon2id$")
