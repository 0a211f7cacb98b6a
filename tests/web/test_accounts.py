"""Accounts, tokens and the audit log, as the administrator meets them."""

from __future__ import annotations

import re

import pytest
from sqlalchemy.orm import Session

from services import users
from store.digests import digest
from store.people import accounts
from tests.web.conftest import Auth


def _user(world, name):
    with Session(world.engine) as session:
        return accounts.find_user(session, name)


def test_a_new_account_gets_a_password_that_is_shown_once(as_role, app, world, audit):
    admin = as_role("admin")
    page = Auth(admin).send("/users", name="王芳", role="operator", seat="102")
    password = re.search(r'<code class="secret">([^<]+)</code>', page.text)[1]
    assert password not in admin.get("/users").text
    assert Auth(app.test_client()).login("王芳", password).status_code == 302
    assert audit("user.add") == [("admin", "user.add", "王芳", "operator")]
    assert password not in str(audit())


@pytest.mark.parametrize(
    ("name", "role", "problem"),
    [
        ("lead", "operator", "已被使用"),
        ("two words", "operator", "不含空格"),
        ("", "lead", "账号名应为"),
        ("x", "king", "请选择列表中的角色"),
    ],
)
def test_an_account_that_cannot_be_made_says_why(as_role, audit, name, role, problem):
    answer = Auth(as_role("admin")).send("/users", name=name, role=role)
    assert answer.status_code == 400
    assert problem in answer.text
    assert audit("user.add") == []


def test_another_role_takes_hold_at_once(as_role, world, audit):
    operator, admin = as_role("operator"), as_role("admin")
    ident = _user(world, "operator").id
    assert Auth(admin).send("/users", f"/users/{ident}", role="lead", seat="103").status_code == 302
    assert operator.get("/board").status_code == 302, "the old session had the old role"
    assert _user(world, "operator").role == "lead"
    assert audit("user.change") == [("admin", "user.change", "operator", "operator 101 → lead 103")]


def test_the_last_administrator_stays(as_role, world):
    admin = as_role("admin")
    ident = _user(world, "admin").id
    for path, fields in ((f"/users/{ident}/active", {"active": "0"}), (f"/users/{ident}", {"role": "lead"})):
        answer = Auth(admin).send("/users", path, **fields)
        assert answer.status_code == 400
        assert "最后一个在用的管理员" in answer.text
    assert _user(world, "admin").active


def test_closing_and_reopening_an_account(as_role, world, audit):
    lead, admin = as_role("lead"), as_role("admin")
    ident = _user(world, "lead").id
    Auth(admin).send("/users", f"/users/{ident}/active", active="0")
    assert lead.get("/board").status_code == 302
    assert "已停用" in admin.get("/users").text
    Auth(admin).send("/users", f"/users/{ident}/active", active="1")
    assert _user(world, "lead").active
    assert [row[1] for row in audit() if row[1].startswith("user.")] == ["user.close", "user.open"]


def test_a_reset_password_is_new_and_ends_log_ins(as_role, app, world):
    lead, admin = as_role("lead"), as_role("admin")
    page = Auth(admin).send("/users", f"/users/{_user(world, 'lead').id}/password")
    password = re.search(r'<code class="secret">([^<]+)</code>', page.text)[1]
    assert lead.get("/board").status_code == 302
    assert Auth(app.test_client()).login("lead", password).status_code == 302


def test_an_administrator_who_resets_the_own_password_stays_logged_in(as_role, world):
    admin = as_role("admin")
    Auth(admin).send("/users", f"/users/{_user(world, 'admin').id}/password")
    assert admin.get("/password").status_code == 200, "where the shown password is to be replaced by one's own"


def test_a_token_is_shown_once_and_stored_as_a_hash(as_role, client, world, audit):
    admin = as_role("admin")
    page = Auth(admin).send("/tokens", name="12345 平台", scope=["cases:read", "figures:read"], days="30")
    clear = re.search(r'<code class="secret">([^<]+)</code>', page.text)[1]
    assert clear.startswith("hl_")
    assert clear not in admin.get("/tokens").text
    with Session(world.engine) as session:
        (row,) = accounts.list_tokens(session)
    assert row.hash == digest(clear)
    assert row.expires == world.clock() + 30 * 86_400_000
    assert client.get("/api/v1/cases", headers={"Authorization": f"Bearer {clear}"}).status_code == 200
    Auth(admin).send("/tokens", f"/tokens/{row.id}/revoke")
    assert client.get("/api/v1/cases", headers={"Authorization": f"Bearer {clear}"}).status_code == 401
    assert [row[:3] for row in audit() if row[1].startswith("token.")] == [
        ("admin", "token.add", "12345 平台"),
        ("admin", "token.revoke", "12345 平台"),
    ]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": "", "scope": "cases:read"}, "请写明令牌的用途"),
        ({"name": "x"}, "至少选择一项权限"),
        ({"name": "x", "scope": "all"}, "列表中的权限"),
    ],
)
def test_a_token_that_cannot_be_made_says_why(as_role, fields, problem):
    answer = Auth(as_role("admin")).send("/tokens", days="90", **fields)
    assert answer.status_code == 400
    assert problem in answer.text


def test_the_audit_log_shows_who_did_what_and_can_be_filtered(as_role, world):
    as_role("lead")
    supervisor = as_role("supervisor")
    everything = supervisor.get("/audit").text
    assert "lead" in everything
    assert "登录" in everything
    only = supervisor.get("/audit?user=lead").text
    assert only.count('<tr role="row">') == 2  # the head and one log-in
    assert supervisor.get("/audit?before=x").status_code == 400


def test_the_audit_log_is_read_page_by_page(as_role, world):
    with Session(world.engine) as session, session.begin():
        for n in range(120):
            users.audit(session, at=world.clock(), user="lead", action="log.in", target=f"t{n}")
    supervisor, seen, address = as_role("supervisor"), [], "/audit?user=lead"
    while address:
        page = supervisor.get(address).text
        seen += re.findall(r">t(\d+)<", page)
        following = re.search(r'<a href="([^"]+before=[^"]+)">', page)
        address = following[1].replace("&amp;", "&") if following else ""
    assert seen == [str(n) for n in range(119, -1, -1)]


def test_an_action_that_cannot_be_audited_is_not_done(as_role, world, monkeypatch):
    from web.screens import users as screen

    admin = as_role("admin")
    page = Auth(admin)
    token = page.token("/users")

    def broken(*_args, **_kwargs):
        raise RuntimeError("the audit log cannot be written")

    monkeypatch.setattr(screen, "record", broken)
    answer = admin.post("/users", data={"csrf_token": token, "name": "nobody", "role": "lead"})
    assert answer.status_code == 500
    assert _user(world, "nobody") is None


def test_every_action_in_the_code_has_words_in_the_audit_log():
    from pathlib import Path

    import web
    from web.labels import ACTIONS

    source = "\n".join(path.read_text("utf-8") for path in Path(web.__file__).parent.rglob("*.py"))
    written = set(re.findall(r'record\(\s*db,\s*"([\w.]+)"', source))
    written |= {"user.open", "user.close", "identity.decline"}  # the other one of two
    written |= {f"outage.{what}" for what in ("name", "tell", "restore", "withdraw")}  # one form, by what it does
    written |= {
        "prune",
        "seat.state",
        "seat.act",
        "queue.prefer",
    }  # by the store itself; where seats are acted at (services)
    assert written == set(ACTIONS)
