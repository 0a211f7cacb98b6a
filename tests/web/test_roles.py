"""Every view × every role (requirements B10): the whole table, so that a new view cannot be forgotten."""

from __future__ import annotations

import re

import pytest

from tests.web.demo import ROLES, at

EVERYBODY = set(ROLES)
STAFF = EVERYBODY - {"custodian"}
WORKING = {"operator", "lead", "supervisor"}
LEADING = {"lead", "supervisor"}

# endpoint -> who may; None: no log-in needed
MAY = {
    "auth.login": None,
    "auth.log_in": None,
    "api.calls": None,
    "api.cases": None,
    "api.figures": None,
    "api.openapi": None,
    "api.seats": None,
    "api.set_state": None,
    "api.act": None,
    "api.act_state": None,
    "monitoring.metrics": None,
    "promises.show_page": None,
    "auth.code": None,
    "auth.check_code": None,
    "auth.log_out": EVERYBODY,
    "factor.index": EVERYBODY,
    "factor.act": EVERYBODY,
    "sessions.index": EVERYBODY,
    "sessions.end": EVERYBODY,
    "auth.password": EVERYBODY,
    "auth.change_password": EVERYBODY,
    "board.index": EVERYBODY,
    "about.show": EVERYBODY,
    "board.show": STAFF,
    "board.live": STAFF,
    "board.events": STAFF,
    "board.seat": LEADING,
    "drafts.keep": WORKING,
    "calls.index": STAFF,
    "calls.detail": STAFF,
    "cases.index": STAFF,
    "cases.detail": STAFF,
    "work.do": WORKING,
    "work.texts": WORKING,
    "work.new": WORKING,
    "work.create": WORKING,
    "inbox.index": WORKING | {"custodian"},
    "inbox.read": WORKING | {"custodian"},
    "custodians.index": {"supervisor"},
    "custodians.confirm": {"supervisor"},
    "identities.index": {"custodian"},
    "identities.decide": {"custodian"},
    "identities.ask": LEADING,
    "identities.seal": WORKING,
    "worklists.index": WORKING,
    "worklists.of": WORKING,
    "worklists.attempt": WORKING,
    "worklists.number": LEADING,
    "calling.call": WORKING,
    "calling.show": WORKING,
    "calling.live": WORKING,
    "figures.index": STAFF,
    "figures.export": STAFF,
    "figures.rows": STAFF,
    "figures.export_rows": LEADING,
    "outages.index": STAFF,
    "outages.detail": STAFF,
    "outages.new": LEADING,
    "outages.add": LEADING,
    "outages.act": LEADING,
    "outages.export": LEADING,
    "outages.export_customers": LEADING,
    "calls.find": LEADING,
    "calls.number": LEADING,
    "calls.export": LEADING,
    "calls.export_record": LEADING,
    "calls.export_legs": LEADING,
    "cases.number": LEADING,
    "cases.export": LEADING,
    "cases.export_history": LEADING,
    "worklists.export": LEADING,
    "inbox.export": WORKING | {"custodian"},
    "audit.export": {"supervisor", "admin"},
    "users.export": {"admin"},
    "tokens.export": {"admin"},
    "recordings.play": LEADING,
    "audit.index": {"supervisor", "admin"},
    "audit.deletions": {"supervisor", "admin"},
    "calendar.index": {"supervisor", "admin"},
    "calendar.export": {"supervisor", "admin"},
    "calendar.preview": {"supervisor", "admin"},
    "calendar.add": {"supervisor", "admin"},
    "calendar.withdraw": {"supervisor", "admin"},
    "users.index": {"admin"},
    "users.create": {"admin"},
    "users.change": {"admin"},
    "users.active": {"admin"},
    "users.reset": {"admin"},
    "users.log_out": {"admin"},
    "users.factor": {"admin"},
    "tokens.index": {"admin"},
    "tokens.create": {"admin"},
    "tokens.revoke": {"admin"},
}


def _address(rule) -> str:
    values = {"form": "csv", "kind": "missed"}
    return re.sub(r"<(?:[^<>:]+:)?(\w+)>", lambda found: values.get(found[1], "no-such-id"), rule.rule)


def _views(app):
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            yield rule, (rule.methods - {"HEAD", "OPTIONS"}).pop()


def test_the_table_names_every_view(app):
    assert {rule.endpoint for rule, _method in _views(app)} == set(MAY)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_reaches_its_views_and_no_others(app, world, role):
    app.config["WTF_CSRF_ENABLED"] = False  # this is about roles; CSRF has its own test
    client = app.test_client()
    for rule, method in _views(app):
        allowed = MAY[rule.endpoint]
        if allowed is None or (rule.endpoint == "board.events" and role in allowed):
            continue  # open to all; a stream that only the server can send (tests/web/test_door.py)
        if client.get("/help").status_code != 200:  # the one before logged out
            client.post("/log-in", data={"name": role, "password": "correct-horse-battery"})
        status = client.open(_address(rule), method=method).status_code
        assert (status != 403) == (role in allowed), f"{role} at {rule.endpoint}: {status}"
        assert status < 500, f"{role} at {rule.endpoint}: {status}"


def test_without_log_in_every_view_sends_to_the_log_in_page(app):
    app.config["WTF_CSRF_ENABLED"] = False
    for rule, method in _views(app):
        if MAY[rule.endpoint] is None:
            continue
        answer = app.test_client().open(_address(rule), method=method)
        if rule.endpoint in ("board.live", "board.events"):
            assert answer.status_code == 401
        else:
            assert answer.status_code == 302, rule.endpoint
            assert answer.headers["Location"].startswith("/log-in"), rule.endpoint


def test_without_a_token_the_api_answers_401(client):
    for path in ("calls", "cases", "figures"):
        assert client.get(f"/api/v1/{path}").status_code == 401


def test_operators_see_today_only(as_role, world):
    from datetime import date

    old = world.answered(at("09:00", date(2026, 11, 25)), "13800000001")
    new = world.answered(at("09:00"), "13800000002")
    operator, lead = as_role("operator"), as_role("lead")
    assert operator.get(f"/calls/{new}").status_code == 200
    refused = operator.get(f"/calls/{old}")
    assert refused.status_code == 403
    assert "当天" in refused.text
    assert lead.get(f"/calls/{old}").status_code == 200
    assert old not in operator.get("/calls?day=2026-11-25").text
    assert old in lead.get("/calls?day=2026-11-25").text


def test_a_view_without_a_permission_stops_the_start(app):
    from web import access

    app.add_url_rule("/forgotten", "forgotten", lambda: "")
    with pytest.raises(RuntimeError, match="forgotten"):
        access.check(app)
