"""No form is taken that did not come from our own page."""

from __future__ import annotations

from tests.web.demo import PASSWORD


def test_every_form_is_refused_without_its_token(app, as_role):
    for rule in app.url_map.iter_rules():
        if "POST" not in rule.methods or rule.endpoint.startswith("api."):  # a program has a token, and no cookie
            continue
        client = as_role("admin")
        path = rule.rule
        for argument in rule.arguments:
            path = path.replace(f"<{argument}>", "x")
        answer = client.post(path, data={"name": "x"})
        if rule.endpoint == "auth.log_in":
            assert answer.headers["Location"] == "/log-in"
        else:
            assert answer.status_code == 400, rule.endpoint
            assert "页面已过期" in answer.text


def test_a_token_of_another_session_is_refused(app):
    from tests.web.conftest import Auth

    mine, other = app.test_client(), app.test_client()
    stolen = Auth(other).token("/log-in")
    answer = mine.post("/log-in", data={"csrf_token": stolen, "name": "admin", "password": PASSWORD})
    assert answer.headers["Location"] == "/log-in"
    assert mine.get("/users").status_code == 302
