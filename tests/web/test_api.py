"""The JSON API: tokens with scopes, pages, filters, clear errors; and the OpenAPI file tells the truth."""

from __future__ import annotations

from datetime import date

import pytest
import yaml
from jsonschema import Draft202012Validator
from sqlalchemy.orm import Session

from services import users
from store.people import accounts
from tests.web.demo import at, morning

ALL = ("calls:read", "cases:read", "figures:read")


@pytest.fixture
def described(client):
    answer = client.get("/api/v1/openapi.yaml")
    assert answer.status_code == 200
    return yaml.safe_load(answer.text)


def _check(described, path, status, body):
    response = described["paths"][path]["get"]["responses"]
    name = str(status) if str(status) in response else "default"
    answer = response[name]
    if "$ref" in answer:
        answer = described["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
    (content,) = answer["content"].values()
    schema = {**content["schema"], "components": described["components"]}
    Draft202012Validator(schema).validate(body)


def test_the_description_names_every_route_and_no_other(app, described):
    rules = [str(rule).removeprefix("/api/v1") for rule in app.url_map.iter_rules() if str(rule).startswith("/api/v1")]
    routes = {rule.replace("<", "{").replace(">", "}") for rule in rules}
    assert set(described["paths"]) == routes


def test_the_description_is_sound(described):
    assert described["openapi"].startswith("3.1")
    for schema in described["components"]["schemas"].values():
        Draft202012Validator.check_schema({**schema, "components": described["components"]})


@pytest.mark.parametrize("path", ["/calls", "/cases", "/figures"])
def test_real_answers_are_as_described(client, world, token, described, path):
    morning(world)
    answer = client.get(f"/api/v1{path}", headers=token(*ALL))
    assert answer.status_code == 200
    body = answer.get_json()
    assert body["items"]
    _check(described, path, 200, body)


def test_the_words_of_the_description_are_those_of_the_panel(described):
    from web.labels import KINDS, OUTCOMES, STATUSES

    schemas = described["components"]["schemas"]
    for name, labels in (("Outcome", OUTCOMES), ("Kind", KINDS), ("Status", STATUSES)):
        assert schemas[name]["enum"] == list(labels)


def test_parameters_are_those_that_are_described(client, world, token, described):
    """Each described filter narrows or is refused; none is silently ignored."""
    for path, wrong in {"/calls": "outcome", "/cases": "kind"}.items():
        answer = client.get(f"/api/v1{path}?{wrong}=nonsense", headers=token(*ALL))
        assert answer.status_code == 400
        assert wrong in answer.get_json()["detail"]
        _check(described, path, 400, answer.get_json())
    for query in ("from=yesterday", "limit=0", "limit=201", "limit=x", "cursor=abc", "status=x", "due=soon"):
        assert client.get(f"/api/v1/cases?{query}", headers=token(*ALL)).status_code == 400, query


def test_without_a_token_or_with_a_wrong_one_401_says_how(client, described):
    for headers in ({}, {"Authorization": "Bearer hl_wrong"}, {"Authorization": "Basic eDp5"}):
        answer = client.get("/api/v1/calls", headers=headers)
        assert answer.status_code == 401
        assert answer.mimetype == "application/problem+json"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert "Authorization: Bearer" in answer.get_json()["detail"]
        _check(described, "/calls", 401, answer.get_json())


def test_a_scope_opens_its_own_list_only(client, token):
    headers = token("cases:read")
    assert client.get("/api/v1/cases", headers=headers).status_code == 200
    refused = client.get("/api/v1/calls", headers=headers)
    assert refused.status_code == 403
    assert "calls:read" in refused.get_json()["detail"]


def test_expired_and_revoked_tokens_are_worth_nothing(client, world, token):
    expiring = token("cases:read", expires=world.clock() + 1000)
    assert client.get("/api/v1/cases", headers=expiring).status_code == 200
    world.clock.advance(2)
    assert client.get("/api/v1/cases", headers=expiring).status_code == 401
    revoked = token("cases:read")
    with Session(world.engine) as session, session.begin():
        users.revoke_token(session, accounts.list_tokens(session)[0].id, world.clock())
    assert client.get("/api/v1/cases", headers=revoked).status_code in (200, 401)
    with Session(world.engine) as session, session.begin():
        for row in accounts.list_tokens(session):
            users.revoke_token(session, row.id, world.clock())
    assert client.get("/api/v1/cases", headers=revoked).status_code == 401


def test_a_log_in_at_the_panel_opens_nothing_here(as_role):
    assert as_role("supervisor").get("/api/v1/calls").status_code == 401


def test_pages_lead_to_the_end_and_keep_the_filter(client, world, token):
    made = [world.answered(at("08:00") + n * 1000, f"138{n:08}", window="repair") for n in range(7)]
    world.answered(at("08:00"), "13900000000", window="general")
    headers, seen, address = token("calls:read"), [], "/api/v1/calls?window=repair&limit=3"
    while address:
        body = client.get(address, headers=headers).get_json()
        seen += [item["id"] for item in body["items"]]
        address = body["next"]
    assert seen == made[::-1]


def test_days_are_the_hotlines_own(client, world, token):
    """23:59 in Shanghai belongs to the day, though it is another one in UTC."""
    late = world.answered(at("23:59", date(2026, 11, 24)), "13800000001")
    early = world.answered(at("00:00", date(2026, 11, 25)), "13800000002")
    headers = token("calls:read")

    def ids(query):
        return [item["id"] for item in client.get(f"/api/v1/calls?{query}", headers=headers).get_json()["items"]]

    assert ids("from=2026-11-24&to=2026-11-24") == [late]
    assert ids("from=2026-11-25&to=2026-11-25") == [early]


def test_errors_of_the_api_are_problem_details_in_english(client):
    answer = client.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
    assert answer.get_json()["title"] == "Not Found"
    assert client.post("/api/v1/calls").get_json()["status"] == 405


def test_too_many_requests_are_answered_429(client):
    statuses = {client.get("/api/v1/calls").status_code for _ in range(610)}
    assert statuses == {401, 429}


def test_stf_16_a_program_signs_an_operator_in_and_asks_for_an_act_in_the_talk(client, token, world):
    headers = token("seats:read", "seats:write")
    url = "/api/v1/seats/101"
    done = client.post(f"{url}/state", json={"act": "sign_in", "operator": "operator"}, headers=headers)
    assert (done.status_code, done.get_json()["state"]) == (200, "ready")
    again = client.post("/api/v1/seats/102/state", json={"act": "sign_in", "operator": "operator"}, headers=headers)
    assert (again.status_code, again.get_json()["detail"].split(":")[0]) == (409, "elsewhere")
    assert client.post("/api/v1/seats/999/state", json={"act": "ready"}, headers=headers).status_code == 404
    assert client.post(f"{url}/state", json={"act": "ready", "x": "1"}, headers=headers).status_code == 400
    assert client.post(f"{url}/state", data="ready", headers=headers).status_code == 400
    listed = {one["seat"]: one for one in client.get("/api/v1/seats", headers=headers).get_json()["items"]}
    assert (listed["101"]["operator"], listed["102"]["operator"]) == ("operator", "")
    asked = client.post(f"{url}/acts", json={"act": "consult", "target": "102"}, headers=headers)
    assert (asked.status_code, asked.get_json()["state"]) == (202, "queued")
    world.clock.advance(5)
    late = client.get(asked.headers["Location"], headers=headers).get_json()
    assert (late["state"], late["reason"]) == ("refused", "not_running")


def test_who_may_only_read_seats_changes_none(client, token):
    answer = client.post("/api/v1/seats/101/state", json={"act": "ready"}, headers=token("seats:read"))
    assert answer.status_code == 403
