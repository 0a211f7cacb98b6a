"""A hotline's panel for each test: its own copy of a fresh database, real keys, real vault, a clock that stands."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from services import users
from tests.web.demo import PASSWORD, World
from web import create_app

_compile = Rule._compile_builder
_compiled: dict[tuple[object, ...], Callable[..., tuple[str, str]]] = {}


def _compile_once(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    """What writes a rule's addresses: a function of the rule's parts and defaults, which is given the rule."""
    key = (rule.rule, tuple(rule._trace), str(rule.defaults), append_unknown)
    if key not in _compiled:
        _compiled[key] = _compile(rule, append_unknown)
    return _compiled[key]


@pytest.fixture(scope="session", autouse=True)
def addresses_compiled_once() -> Iterator[None]:
    """A panel for each test finds what an earlier one of this process compiled to write its addresses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", _compile_once)
        yield


@pytest.fixture(scope="session")
def fresh_hotline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database with one account of each role, made once and copied for every test."""
    folder = tmp_path_factory.mktemp("hotline")
    world = World(folder)
    world.people()
    world.close()
    return folder


@pytest.fixture
def world(fresh_hotline: Path, tmp_path: Path) -> Iterator[World]:
    shutil.copytree(fresh_hotline, tmp_path / "data")
    world = World(tmp_path / "data")
    yield world
    world.close()


@pytest.fixture
def app(world: World) -> Flask:
    return create_app(world.config())


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


class Auth:
    """Somebody at a browser: logs in and sends forms as a person does, with the page's own CSRF token."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def token(self, page: str) -> str:
        text = self.client.get(page).text
        found = re.search(r'name="csrf_token" value="([^"]+)"', text)
        assert found, f"{page} has no form"
        return found[1]

    def send(self, page: str, action: str | None = None, **fields: Any) -> TestResponse:
        """Fill the form of ``page`` in and send it to ``action``."""
        return self.client.post(action or page, data={"csrf_token": self.token(page), **fields})

    def login(self, name: str, password: str = PASSWORD, **more: Any) -> TestResponse:
        return self.send("/log-in", name=name, password=password, **more)

    def logout(self) -> TestResponse:
        return self.send("/help", "/log-out")


@pytest.fixture
def auth(client: FlaskClient) -> Auth:
    return Auth(client)


@pytest.fixture
def as_role(app: Flask) -> Callable[[str], FlaskClient]:
    """``as_role("lead")``: a browser in which the shift lead is logged in."""

    def browser(role: str) -> FlaskClient:
        client = app.test_client()
        assert Auth(client).login(role).status_code == 302
        return client

    return browser


@pytest.fixture
def token(world: World) -> Callable[..., dict[str, str]]:
    """``token("calls:read")``: the headers of a program with such a token."""

    def make(*scopes: str, expires: int | None = None) -> dict[str, str]:
        with Session(world.engine) as session, session.begin():
            _row, clear = users.create_token(
                session,
                name="test",
                scopes=scopes,
                now=world.clock() - 10_000,
                expires=world.clock() + 86_400_000 if expires is None else expires,
            )
        return {"Authorization": f"Bearer {clear}"}

    return make


@pytest.fixture
def audit(world: World) -> Callable[..., list[tuple[str, str, str, str]]]:
    """``audit("log.in")``: (user, action, target, detail) of such rows, oldest first."""
    from sqlalchemy import select

    from store.schema import Audit

    def rows(action: str = "") -> list[tuple[str, str, str, str]]:
        with Session(world.engine) as session:
            found = session.scalars(select(Audit).order_by(Audit.seq)).all()
            return [(row.user, row.action, row.target, row.detail) for row in found if action in ("", row.action)]

    return rows


@pytest.fixture(scope="module")
def browser(need):
    """A real Chromium for the stories of a module. It is imported here: most tests need none."""
    from tests.web.browser import chromium

    with chromium(need("chromium")) as browser:
        yield browser


@pytest.fixture
def address(app, world):
    """Where a real browser finds the panel."""
    from tests.web.browser import served

    world.alive()
    with served(app) as address:
        yield address
