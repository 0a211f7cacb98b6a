"""Who gets in, who does not, and what a log-in is worth afterwards."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from ivr.store import users
from tests.web.demo import PASSWORD


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
    from tests.web.conftest import Auth

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
        (PASSWORD, "aaaaaaaaaaaa", "aaaaaaaaaaaa", "密码过于简单"),
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
        users.set_active(session, users.find_user(session, "operator"), False)
    assert browser.get("/board").status_code == 302
    assert auth.login("operator").status_code == 401


def test_a_forged_or_broken_session_is_nobody(client):
    client.set_cookie("hotline", "eyJfdXNlcl9pZCI6ImFkbWluIn0.forged.signature")
    assert client.get("/users").status_code == 302


def test_passwords_are_stored_as_argon2id(world):
    with Session(world.engine) as session:
        assert users.find_user(session, "lead").password.startswith("$argon2id$")
