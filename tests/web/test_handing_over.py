"""转办: to an account or a window of the list, found by name, seat or initials; who was told is told."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from services import users
from store import notices
from store.people import accounts
from store.read.handlers import Handler, resolve
from store.schema import Case
from tests.web.demo import PASSWORD, at, quick_hasher
from tests.web.test_drafts import _do


@pytest.fixture
def case(world):
    _call, case = world.complaint(at("10:58"), "13812345678")
    hashed = quick_hasher().hash(PASSWORD)
    with Session(world.engine) as session, session.begin():
        for name, seat in (("王芳", "102"), ("王飞", ""), ("李强", "103")):
            users.create_user(session, name=name, password=hashed, role="operator", seat=seat, now=world.clock())
    return case


def _handler(world, case):
    with Session(world.engine) as session:
        return session.get_one(Case, case.id).handler


def _classified(client, case):
    assert (
        _do(client, case, action="classify", urgency="ordinary", window="repair", category="other").status_code == 303
    )


def test_a_name_that_nobody_has_is_refused_with_what_to_do(as_role, world, case):
    operator = as_role("operator")
    _classified(operator, case)
    answer = _do(operator, case, action="assign", handler="不存在的人", reason="")
    assert answer.status_code == 400
    assert "请从列表中选择" in answer.text
    assert 'value="不存在的人"' in answer.text
    assert _handler(world, case) == ""


@pytest.mark.parametrize("typed", ["李强", "lq", "103"])
def test_name_seat_and_initials_find_the_same_person(as_role, world, case, typed):
    operator = as_role("operator")
    _classified(operator, case)
    assert _do(operator, case, action="assign", handler=typed).status_code == 303
    assert _handler(world, case) == "李强"


def test_what_is_not_plain_is_asked(as_role, world, case):
    operator = as_role("operator")
    _classified(operator, case)
    answer = _do(operator, case, action="assign", handler="wf")
    assert answer.status_code == 400
    assert "王芳、王飞" in answer.text


def test_the_assigner_sees_who_was_told_and_they_were(as_role, world, case):
    operator = as_role("operator")
    _classified(operator, case)
    answer = _do(operator, case, action="assign", handler="李强", co_handlers="王飞")
    page = operator.get(answer.headers["Location"]).text
    assert "已通知：李强、王飞" in page
    with world.engine.connect() as connection:
        for name in ("李强", "王飞"):
            told = notices.inbox(connection, name, "operator")
            assert [row["kind"] for row in told if row["recipient"] == f"user:{name}"] == ["assigned"], name


def test_a_windows_case_goes_to_who_sits_there(as_role, world, case):
    operator = as_role("operator")
    _classified(operator, case)
    answer = _do(operator, case, action="assign", handler="故障报修")
    assert "已通知：" in operator.get(answer.headers["Location"]).text
    assert _handler(world, case) == "故障报修"
    with world.engine.connect() as connection:
        assert "assigned" in {row["kind"] for row in notices.inbox(connection, "王芳", "operator")}
        assert "assigned" not in {row["kind"] for row in notices.inbox(connection, "李强", "operator")}
    assert _do(operator, case, action="accept").status_code == 303, "the operator sits at 101, of that window"


def test_the_list_offers_people_and_windows_with_what_finds_them(as_role, world, case):
    operator = as_role("operator")
    _classified(operator, case)
    page = operator.get(f"/cases/{case.id}").text
    people = page[page.index('<datalist id="people">') :].split("</datalist>", 1)[0]
    assert '<option value="王芳">102 wf' in people
    assert '<option value="故障报修">' in people
    assert "admin" not in people, "who does not work on cases"


def test_a_closed_account_is_nobody(as_role, world, case):
    with Session(world.engine) as session, session.begin():
        users.set_active(session, accounts.find_user(session, "李强"), False, world.clock())
    operator = as_role("operator")
    _classified(operator, case)
    assert _do(operator, case, action="assign", handler="李强").status_code == 400


def test_an_exact_name_goes_before_what_it_begins():
    known = [Handler("wf", "", "operator", ("wf",)), Handler("王芳", "", "operator", ("王芳",))]
    assert resolve(known, "wf").name == "wf"
