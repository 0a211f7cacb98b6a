"""A log-in ends on the server: by logging out, by another browser of the same person, by the administrator, by time."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from store.people import accounts
from tests.web.conftest import Auth
from web import create_app


def _cookie(client):
    return client.get_cookie("hotline").value


def _with(app, cookie):
    thief = app.test_client()
    thief.set_cookie("hotline", cookie)
    return thief


def test_a_cookie_kept_from_before_the_log_out_opens_nothing(app, as_role):
    lead = as_role("lead")
    kept = _cookie(lead)
    assert _with(app, kept).get("/board").status_code == 200
    Auth(lead).logout()
    assert _with(app, kept).get("/board").headers["Location"].startswith("/log-in")


def test_however_busy_one_logs_in_again_after_the_longest_life(world):
    app = create_app(world.config(session_hours=2))
    client = app.test_client()
    Auth(client).login("lead")
    for _ in range(5):
        world.clock.advance(20 * 60)
        assert client.get("/board").status_code == 200
    world.clock.advance(20 * 60)
    assert client.get("/board").status_code == 302


def test_the_stream_of_a_board_ends_with_its_session(app, as_role):
    lead = as_role("lead")
    kept = _cookie(lead)
    assert _with(app, kept).get("/board/events").status_code == 200
    Auth(lead).logout()
    assert _with(app, kept).get("/board/events").status_code == 401


def test_one_sees_where_one_is_logged_in_and_ends_the_others(app, as_role, audit):
    here, there = as_role("lead"), app.test_client()
    there.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko Firefox/130.0"
    Auth(there).login("lead")
    page = here.get("/sessions").text
    assert "Firefox · Linux" in page and page.count("本机") == 1
    assert Auth(here).send("/sessions", "/sessions/end").status_code == 303
    assert there.get("/board").status_code == 302
    assert here.get("/board").status_code == 200, "this one stays"
    assert audit("log.end") == [("lead", "log.end", "lead", "1")]


def test_nobody_ends_the_log_in_of_another_account(app, world, as_role):
    lead, operator = as_role("lead"), as_role("operator")
    with Session(world.engine) as session:
        from store.people import logins

        (row,) = logins.of(session, accounts.find_user(session, "lead").id, world.clock())
    Auth(operator).send("/sessions", "/sessions/end", id=row.id)
    assert lead.get("/board").status_code == 200


def test_the_administrator_ends_the_log_ins_of_another(as_role, world, audit):
    lead, admin = as_role("lead"), as_role("admin")
    with Session(world.engine) as session:
        ident = accounts.find_user(session, "lead").id
    assert Auth(admin).send("/users", f"/users/{ident}/log-out").status_code == 302
    assert lead.get("/board").status_code == 302
    assert audit("user.logout") == [("admin", "user.logout", "lead", "")]


def test_after_a_new_password_only_the_browser_that_set_it_is_in(app, as_role):
    here, there = as_role("lead"), as_role("lead")
    new = "梧桐树下三只猫咪睡觉"
    Auth(here).send("/password", old="correct-horse-battery", new=new, again=new)
    assert here.get("/board").status_code == 200
    assert there.get("/board").status_code == 302


@pytest.mark.parametrize(
    ("new", "problem"),
    [
        ("password123!", "别人会先猜这些"),
        ("1234567890ab", "别人会先猜这些"),
        ("shifangongdian1", "别人会先猜这些"),
        ("gongdian95598", "别人会先猜这些"),
        ("aaaaaaaaaaaaaaa", "太常见或已经泄露"),
        ("football2020", "太常见或已经泄露"),
        ("correct-horse-battery", "新密码与当前密码相同"),
    ],
)
def test_a_password_that_is_guessed_first_is_refused_and_says_what_to_do(as_role, new, problem):
    answer = Auth(as_role("lead")).send("/password", old="correct-horse-battery", new=new, again=new)
    assert answer.status_code == 400
    assert problem in answer.text


def test_what_is_refused_stands_in_the_audit_log_by_name(as_role, client, token, audit):
    assert as_role("operator").get("/users").status_code == 403
    assert client.get("/api/v1/calls", headers=token("figures:read")).status_code == 403
    assert audit("denied") == [
        ("operator", "denied", "GET /users", ""),
        ("token:test", "denied", "GET /api/v1/calls", ""),
    ]


def test_asking_again_and_again_does_not_fill_the_audit_log(as_role, audit):
    operator = as_role("operator")
    for _ in range(40):
        assert operator.get("/users").status_code == 403
    assert len(audit("denied")) == 30


def test_an_open_case_of_a_closed_account_is_marked_listed_and_told(as_role, world, audit):
    from store.schema import Case
    from tests.web.demo import at

    _call, case = world.complaint(at("11:00"), "13987654321")
    with Session(world.engine) as session, session.begin():
        session.get(Case, case.id).owner = "operator"
        ident = accounts.find_user(session, "operator").id
    admin, lead = as_role("admin"), as_role("lead")
    assert "账号已停用" not in lead.get("/cases").text
    closed = Auth(admin).send("/users", f"/users/{ident}/active", active="0")
    assert closed.status_code == 302
    assert "名下还有 1 件未办结的工单" in admin.get("/users").text
    listed = lead.get("/cases?due=left").text
    assert case.number in listed and "账号已停用" in listed and "责任人账号已停用 (1)" in listed
    assert "责任人 operator 的账号已停用" in lead.get(f"/cases/{case.id}").text
    assert "停用的账号名下还有未办结的工单" in lead.get("/inbox").text


def test_a_real_name_is_shown_changed_and_found_by_its_initials(as_role, world):
    from store.read.handlers import handlers, resolve

    admin = as_role("admin")
    with Session(world.engine) as session:
        ident = accounts.find_user(session, "operator").id
    Auth(admin).send("/users", f"/users/{ident}", role="operator", seat="101", full_name=" 王  芳 ")
    assert 'value="王 芳"' in admin.get("/users").text
    with Session(world.engine) as session:
        known = handlers(session.connection(), {})
    assert resolve(known, "wf").name == "operator"
    assert resolve(known, "王芳").name == "operator"
    assert "王 芳" in as_role("operator").get("/help").text


def test_a_new_key_for_cookies_throws_nobody_out_who_is_at_work(world):
    app = create_app(world.config(secrets=world.keys.cookie_secrets))
    busy = app.test_client()
    Auth(busy).login("lead")
    form = Auth(busy).token("/password")
    world.keys.begin_session()
    assert busy.get("/board").status_code == 200
    assert busy.post("/sessions/end", data={"csrf_token": form}).status_code == 303, "a form opened before is good"
    world.keys.end_session()
    assert busy.get("/board").status_code == 200


def test_a_cookie_signed_with_a_key_that_was_taken_away_is_nobodys(world):
    app = create_app(world.config(secrets=world.keys.cookie_secrets))
    client = app.test_client()
    Auth(client).login("lead")
    world.keys.begin_session()
    world.keys.end_session()
    assert client.get("/board").status_code == 302
