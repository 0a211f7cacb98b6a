"""Acts in a talk that come by command or API: one process does each, in time; whose seat it is decides who may ask."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from hotline.process.operators import OperatorsAtSeats
from ivr.desk.states import ActNotAllowed, OperatorRules, SeatRow, StateAct
from services.operators import Doer, do
from services.seat_acts import SeatWish, ask, outcome, taken
from store import operators
from store.schema import Audit, SeatAct
from tests.support.casework import Desk

SEATS = ("101", "102")
Ask = Callable[..., dict[str, object]]


@pytest.fixture
def wish(desk: Desk) -> Ask:
    """李强 works at 101; ``wish("hold")`` is asked by him unless ``who`` says another."""
    with Session(desk.engine) as session, session.begin():
        signs_in = StateAct("sign_in", 1000, operator="李强")
        do(session, "101", signs_in, Doer("李强", "operator"), OperatorRules(), SEATS)

    def asking(act: str, target: str = "", who: tuple[str, str] = ("李强", "operator"), **more: object) -> object:
        given = {"id": f"{act}-{target}", "seat": "101", "act": act, "target": target, "at": 2000, **more}
        with Session(desk.engine) as session, session.begin():
            return ask(session, SeatWish(**given), Doer(*who), SEATS)  # type: ignore[arg-type]

    return asking  # type: ignore[return-value]


def outcome_of(engine: Engine, act: str, now: int) -> tuple[str, str]:
    with engine.begin() as connection:
        row = outcome(connection, act, now)
    assert row is not None
    return row["state"], row["reason"]


def test_an_act_is_done_once_and_its_target_is_forgotten(desk: Desk, wish: Ask) -> None:
    wish("consult", "102")
    wish("consult", "102")  # the same form again
    done: list[tuple[str, str, str]] = []

    def act(seat: str, name: str, target: str) -> bool:
        done.append((seat, name, target))
        return True

    here = OperatorsAtSeats(desk.engine, "node1", lambda: 2300, act)
    other = OperatorsAtSeats(desk.engine, "node2", lambda: 2300, act)
    for process in (here, other):
        for one in process.look():
            process.told(one, process.do(one))
    assert done == [("101", "consult", "102")]
    assert outcome_of(desk.engine, "consult-102", 2400) == ("done", "")
    with Session(desk.engine) as session:
        (row,) = session.scalars(select(SeatAct))
    assert (row.target, row.owner) == ("", "node1")


def test_where_there_is_no_talk_it_is_refused(desk: Desk, wish: Ask) -> None:
    wish("hold")
    process = OperatorsAtSeats(desk.engine, "node1", lambda: 2300, lambda *asked: False)
    for one in process.look():
        process.told(one, process.do(one))
    assert outcome_of(desk.engine, "hold-", 2400) == ("refused", "no_talk")


def test_the_process_that_has_the_talk_does_it(desk: Desk, wish: Ask) -> None:
    with desk.engine.begin() as connection:
        operators.write(connection, [SeatRow("101", operator="李强", call_id="c1", owner="node2")])
    wish("hold")
    with desk.engine.begin() as connection:
        assert taken(connection, "node1", 2300) == []
        assert [one.act for one in taken(connection, "node2", 2300)] == ["hold"]


def test_what_nobody_does_within_five_seconds_is_refused(desk: Desk, wish: Ask) -> None:
    wish("hold")
    assert outcome_of(desk.engine, "hold-", 6999) == ("queued", "")
    assert outcome_of(desk.engine, "hold-", 7000) == ("refused", "not_running")
    with desk.engine.begin() as connection:
        assert taken(connection, "node1", 7001) == []


def test_another_operator_may_not_but_the_lead_may_and_is_audited(desk: Desk, wish: Ask) -> None:
    with pytest.raises(ActNotAllowed) as refused:
        wish("hold", who=("赵敏", "operator"))
    assert refused.value.code == "not_yours"
    wish("hold", who=("王芳", "lead"))
    with Session(desk.engine) as session:
        (row,) = session.scalars(select(Audit).where(Audit.action == "seat.act"))
    assert (row.user, row.target, row.detail) == ("王芳", "101", "hold")


@pytest.mark.parametrize(
    ("act", "target", "code"),
    [("hold", "102", "target"), ("consult", "", "target"), ("key", "abc", "target"), ("dance", "", "unknown"),
     ("consult", "102; rm", "target")],
)  # fmt: skip
def test_an_act_that_cannot_be_is_refused_at_once(wish: Ask, act: str, target: str, code: str) -> None:
    with pytest.raises(ActNotAllowed) as refused:
        wish(act, target)
    assert refused.value.code == code
