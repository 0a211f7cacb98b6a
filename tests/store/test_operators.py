"""Operators at their seats, on SQLite and on PostgreSQL: row, fact and audit go together; one operator has one seat."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ivr.desk.states import ActNotAllowed, OperatorRules, SeatRow, StateAct
from services.operators import Doer, LongPauses, do, end_by_themselves
from store import operators
from store.journal.sql_ledger import SqlLedger
from store.schema import Audit, InboxRow, Journal
from tests.support.casework import Desk

SEATS = ("101", "102")
RULES = OperatorRules()


@pytest.fixture
def act(desk: Desk) -> Callable[..., SeatRow]:
    """``act("101", "pause", 5000, reason="meal")``: 李强 does it, unless ``who`` says another."""

    def acting(
        seat: str, name: str, at: int, who: tuple[str, str] = ("李强", "operator"), **more: str
    ) -> SeatRow:  # fmt: skip
        if name == "sign_in":
            more.setdefault("operator", who[0])
        with Session(desk.engine) as session, session.begin():
            return do(session, seat, StateAct(name, at, **more), Doer(*who), RULES, SEATS)

    return acting


def facts(engine: Engine) -> list[dict[str, object]]:
    with Session(engine) as session:
        found = session.scalars(select(Journal).where(Journal.kind == "seat").order_by(Journal.seq))
        return [{"at": row.at, **json.loads(row.data)} for row in found]


def row_of(engine: Engine, seat: str) -> SeatRow:
    with engine.connect() as connection:
        return next(row for row in operators.every(connection) if row.id == seat)


def test_stf_16_a_day_of_an_operator_is_in_the_row_and_in_the_journal(
    desk: Desk, ledger: SqlLedger, act: Callable[..., SeatRow]
) -> None:
    ledger.seat_changed("101", 500, reachable=True)
    act("101", "sign_in", 1000)
    ledger.seat_changed("101", 2000, call_id="c1")
    ledger.seat_changed("101", 3000, answered=True)
    ledger.seat_changed("101", 9000, call_id=None)
    assert act("101", "pause", 50_000, reason="meal", where_to="食堂 13800001111").state == "paused"
    told = [(one["at"], one["was"], one["since"], one["state"]) for one in facts(desk.engine)]
    assert told == [
        (1000, "", 0, "ready"),
        (2000, "ready", 1000, "ringing"),
        (3000, "ringing", 2000, "talking"),
        (9000, "talking", 3000, "wrapup"),
        (39_000, "wrapup", 9000, "ready"),
        (50_000, "ready", 39_000, "paused"),
    ]
    last = facts(desk.engine)[-1]
    assert (last["operator"], last["by"], last["reason"]) == ("李强", "李强", "meal")
    assert "13800001111" not in json.dumps(last)
    assert row_of(desk.engine, "101").operator == "李强"


def test_stf_16_an_operator_has_one_seat(desk: Desk, act: Callable[..., SeatRow]) -> None:
    act("101", "sign_in", 1000)
    with pytest.raises(ActNotAllowed, match="seat 101") as refused:
        act("102", "sign_in", 2000)
    assert refused.value.code == "elsewhere"
    act("101", "sign_out", 3000)
    assert act("102", "sign_in", 4000).operator == "李强"


def test_stf_16_of_two_who_sign_one_operator_in_at_once_the_database_refuses_one(desk: Desk) -> None:
    with desk.engine.begin() as connection:
        operators.write(connection, [SeatRow("101", operator="李强")])
    with desk.engine.begin() as connection:
        assert not operators.write(connection, [SeatRow("102", operator="李强")])
        connection.rollback()
    with desk.engine.connect() as connection:
        assert operators.seat_of(connection, "李强") == "101"


def test_stf_16_what_a_lead_does_for_another_is_audited(desk: Desk, act: Callable[..., SeatRow]) -> None:
    act("101", "sign_in", 1000)
    with pytest.raises(ActNotAllowed) as refused:
        act("101", "pause", 2000, ("赵敏", "operator"), reason="rest")
    assert refused.value.code == "not_yours"
    act("101", "pause", 3000, ("王芳", "lead"), reason="rest")
    with Session(desk.engine) as session:
        (row,) = session.scalars(select(Audit).where(Audit.action == "seat.state"))
    assert (row.user, row.target, row.detail) == ("王芳", "101", "pause 李强 rest")
    assert facts(desk.engine)[-1]["by"] == "王芳"


def test_stf_16_only_an_operators_account_signs_in_and_only_at_a_seat_there_is(
    desk: Desk, act: Callable[..., SeatRow]
) -> None:
    for seat, who, code in (("101", ("nobody", "operator"), "no_account"), ("999", ("李强", "operator"), "no_seat")):
        with pytest.raises(ActNotAllowed) as refused:
            act(seat, "sign_in", 1000, who)
        assert refused.value.code == code


def test_stf_16_what_ends_by_itself_is_journaled_as_it_was(
    desk: Desk, ledger: SqlLedger, act: Callable[..., SeatRow]
) -> None:
    act("101", "sign_in", 1000)
    for at, change in ((2000, {"call_id": "c1"}), (3000, {"answered": True}), (9000, {"call_id": None})):
        ledger.seat_changed("101", at, **change)  # type: ignore[arg-type]
    with desk.engine.begin() as connection:
        assert end_by_themselves(connection, 38_999) == []
        (ended,) = end_by_themselves(connection, 39_300)
    assert (ended.state, ended.state_since) == ("ready", 39_000)
    assert facts(desk.engine)[-1]["at"] == 39_000


def test_stf_3_a_long_pause_without_where_to_is_told_to_the_leads_once(desk: Desk, act: Callable[..., SeatRow]) -> None:
    minute = 60_000
    act("101", "sign_in", 0)
    act("101", "pause", 1000, reason="rest")
    now = [10 * minute]
    pauses = LongPauses(desk.engine, 10, lambda: now[0])
    assert pauses.once() == 0
    now[0] += minute
    assert (pauses.once(), pauses.once(), LongPauses(desk.engine, 10, lambda: now[0]).once()) == (1, 0, 0)
    with Session(desk.engine) as session:
        (row,) = session.scalars(select(InboxRow).where(InboxRow.kind == "long_pause"))
    assert (row.recipient, json.loads(row.data)["operator"]) == ("role:lead", "李强")


def test_stf_3_who_says_where_to_is_left_in_peace(desk: Desk, act: Callable[..., SeatRow]) -> None:
    act("101", "sign_in", 0)
    act("101", "pause", 1000, reason="errand", where_to="二楼档案室")
    assert LongPauses(desk.engine, 10, lambda: 3_600_000).once() == 0
