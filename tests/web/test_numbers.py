"""Telephone numbers typed into the panel: read as the one table says, or refused with the reason on the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.outgoing.numbers import NumberRules, why_not
from store.schema import Case, PartyRow
from tests.rules.numbers_table import CITY, OF_THE_CITY
from tests.web.conftest import Auth
from tests.web.demo import World, at
from web import create_app

LETTER = {"kind": "enquiry", "channel": "letter", "text": "来信询问"}
Browser = Callable[[str], FlaskClient]


@pytest.fixture
def city(tmp_path: Path) -> World:
    """A centre that has set its area code."""
    world = World(tmp_path / "city", plan=CITY)
    world.people()
    return world


@pytest.fixture
def browser(city: World) -> Browser:
    app = create_app(city.config())
    app.config["TESTING"] = True

    def logged_in(role: str) -> FlaskClient:
        client = app.test_client()
        assert Auth(client).login(role).status_code == 302
        return client

    return logged_in


def taken(world: World) -> list[str]:
    """The numbers of all cases, in order."""
    with Session(world.engine) as session:
        people = session.scalars(select(PartyRow.id).join(Case, Case.party_id == PartyRow.id).order_by(Case.id)).all()
        known = world.parties.numbers(session.connection(), people)
        return [known[one] for one in people]


def test_acceptance_1_the_form_takes_every_spelling_of_the_table_or_says_why_not(city: World, browser: Browser) -> None:
    client = browser("operator")
    rules, wanted = NumberRules(plan=CITY), []
    for n, row in enumerate(row for row in OF_THE_CITY if row.written.strip()):
        sent = {**LETTER, "command_id": f"n{n}", "number": row.written, "seen": "1"}
        answer = Auth(client).send("/cases/new", **sent)
        refused = why_not(row.written, rules)
        if refused is not None:
            assert refused.zh[:8] in answer.text and f'value="n{n}"' in answer.text, row.written
        if not row.key:
            assert answer.status_code == 400
            continue
        if row.refused:
            assert "这个号码无法回拨" in answer.text and answer.status_code == 200
            answer = Auth(client).send("/cases/new", **sent, told=row.key)
        assert answer.status_code == 303, row.written
        wanted.append(row.key)
    assert taken(city) == wanted


def test_s4_33_a_number_that_cannot_be_called_back_is_told_in_the_pages_language_before_it_is_taken(
    city: World, browser: Browser
) -> None:
    client = browser("operator")
    client.get("/?lang=en")
    page = Auth(client).send("/cases/new", **LETTER, command_id="n1", number="400-123-4567").text
    assert "This number cannot be called back" in page and "not among those that may be called" in page
    other = Auth(client).send("/cases/new", **LETTER, command_id="n1", number="95598", told="4001234567")
    assert other.status_code == 200 and taken(city) == [], "told of one number, nobody has confirmed another"
    assert Auth(client).send("/cases/new", **LETTER, command_id="n1", number="95598", told="95598").status_code == 303


def test_acceptance_1_a_search_finds_a_caller_by_every_spelling_of_their_number(city: World, browser: Browser) -> None:
    calls = {key: city.answered(at("09:00"), key) for key in ("13800001111", "02387654321", "0012025550123")}
    client = browser("lead")
    for row in OF_THE_CITY:
        answer = Auth(client).send("/calls", "/calls/find", number=row.written)
        page = client.get(answer.headers["Location"]).text if answer.status_code == 302 else answer.text
        if row.key in calls:
            assert calls[row.key] in page, row.written
            assert [call for call in calls.values() if call in page] == [calls[row.key]]
        elif not row.key:
            assert answer.status_code == 400 and 'id="number-why"' in page, row.written
