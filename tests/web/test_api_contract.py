"""The API against its own description, by a foreign tool: schemathesis makes up requests, lawful and unlawful, with a
token of each scope. No answer is an error of ours, each is as described, and each operation answers 200 at least once.
"""

from __future__ import annotations

from collections import Counter

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from sqlalchemy.orm import Session

from services import users
from tests.web.demo import World, morning
from web import create_app

SETTINGS = {
    "derandomize": True, "database": None, "deadline": None, "phases": [Phase.explicit, Phase.generate],
    "suppress_health_check": list(HealthCheck),
}  # fmt: skip
PATHS = ("/calls", "/cases", "/figures", "/seats")
CHANGES = ("/seats/{seat}/state", "/seats/{seat}/acts")
SCOPES = ("calls:read", "cases:read", "figures:read", "seats:read", "seats:write")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("contract"))
    morning(world)
    yield world
    world.close()


@pytest.fixture(scope="module")
def tokens(world):
    made = {}
    with Session(world.engine) as session, session.begin():
        for scopes in (*((scope,) for scope in SCOPES), SCOPES):
            _row, made[scopes] = users.create_token(
                session, name="contract", scopes=scopes, now=world.clock(), expires=world.clock() + 86_400_000
            )
    return made


@pytest.fixture(scope="module")
def answered():
    return Counter()


@pytest.fixture(scope="module")
def schema(world):
    app = create_app(world.config())
    app.config["RATELIMIT_ENABLED"] = False
    for limiter in app.extensions["limiter"]:
        limiter.enabled = False  # as many requests as one likes, here
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.yaml", app)


def _all(operation, mode, examples, send):
    """Send what schemathesis makes up for an operation."""

    @settings(max_examples=examples, **SETTINGS)
    @given(case=operation.as_strategy(generation_mode=mode))
    def sent(case):
        send(case)

    sent()


@pytest.mark.parametrize("path", [*PATHS, "/openapi.yaml"])
def test_lawful_requests_are_answered_as_described(schema, tokens, answered, path):
    def send(case):
        left = [positive_data_acceptance] if {"from", "to"} <= set(case.query) else []  # days may run backwards
        for scopes, token in tokens.items():
            answer = case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, excluded_checks=left)
            answered[path, scopes, answer.status_code] += 1

    _all(schema[path]["GET"], GenerationMode.POSITIVE, 8, send)


@pytest.mark.parametrize("path", PATHS)
def test_unlawful_requests_are_refused_and_never_half_understood(schema, tokens, path):
    def send(case):
        answer = case.call_and_validate(headers={"Authorization": f"Bearer {tokens[SCOPES]}"})
        assert answer.status_code < 500

    _all(schema[path]["GET"], GenerationMode.NEGATIVE, 15, send)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("path", CHANGES)
def test_what_changes_something_is_done_or_refused_as_described(schema, tokens, path, mode):
    left = [positive_data_acceptance]  # a lawful act may be impossible now

    def send(case):
        answer = case.call_and_validate(headers={"Authorization": f"Bearer {tokens[SCOPES]}"}, excluded_checks=left)
        assert answer.status_code < 500

    _all(schema[path]["POST"], mode, 12, send)


def test_each_operation_answered_with_its_scope_and_refused_without(answered):
    assert {path for path, _scopes, _status in answered} == {*PATHS, "/openapi.yaml"}
    for path, scope, other in (
        ("/calls", "calls:read", "cases:read"), ("/cases", "cases:read", "figures:read"),
        ("/figures", "figures:read", "calls:read"), ("/seats", "seats:read", "seats:write"),
    ):  # fmt: skip
        assert answered[path, (scope,), 200], path
        assert answered[path, SCOPES, 200], path
        assert answered[path, (other,), 403], path
        assert not answered[path, (other,), 200], path
