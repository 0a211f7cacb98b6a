"""STF-16: an operator signs in with a PIN at the seat's phone, pauses and signs out there; strangers cannot."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hotline.process.seat_codes import CodesAtSeats
from ivr.desk.codes import SeatCode, SeatCodes, code_of
from ivr.desk.states import OperatorRules
from ivr.telephony import EngineEvent
from services import pins
from store import operators
from store.people import accounts
from store.schema import User
from tests.support.world import World


class AtOnce(Executor):
    """Does it here and now."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        fn(*args, **kwargs)
        return Future()


class Desk:
    """A hotline with seat 101, and 李强 who has a PIN."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.seat("101")
        with Session(world.engine) as session, session.begin():
            person = User(
                id="li", name="李强", role="operator", password="", seat="", active=True, created=0, session_epoch=0
            )  # fmt: skip
            session.add(person)
            session.flush()
            self.pin = pins.renew(session, person)
        self.codes = CodesAtSeats(
            world.engine, OperatorRules(), ["101"], world.clock.now_ms, AtOnce(), lambda call: call()
        )  # fmt: skip
        here = SeatCodes(world.services, self.codes.act)

        def happened(event: EngineEvent) -> None:
            if not here.happened(event):
                world.conductor.happened(event)

        world.sim.begin(happened)

    def dial(self, code: str, seat: str = "101") -> str:
        """Dial at a seat's phone; what is heard until the line ends."""
        line = self.world.sim.call(code, None, seat=seat)
        self.world.run(10)
        assert not self.world.sim.is_up(line)
        return self.world.heard(line)

    def state(self) -> tuple[str, str, str]:
        self.world.ledger.flush()
        with self.world.engine.connect() as connection:
            row = next(row for row in operators.every(connection) if row.id == "101")
        return row.state, row.operator, row.reason


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


def test_stf_16_a_shift_by_codes_on_the_phone(desk: Desk, world: World) -> None:
    assert desk.dial(f"*10{desk.pin}") == world.says("desk.signed_in")
    assert desk.state() == ("ready", "李强", "")
    assert desk.dial("*122") == world.says("desk.paused")
    assert desk.state() == ("paused", "李强", "meal")
    assert desk.dial("*11#") == world.says("desk.ready")
    assert desk.dial("*14") == world.says("desk.refused")
    assert desk.dial("*13") == world.says("desk.signed_out")
    assert desk.state() == ("out", "", "")
    assert world.calls() == []


def test_stf_16_a_wrong_pin_signs_nobody_in_and_after_five_not_even_the_right_one(desk: Desk, world: World) -> None:
    wrong = f"*10{desk.pin[:3]}{(int(desk.pin[3:]) + 1) % 100_000:05}"
    for _ in range(5):
        assert desk.dial(wrong) == world.says("desk.wrong_pin")
    assert desk.dial(f"*10{desk.pin}") == world.says("desk.wrong_pin")
    world.run(15 * 60)
    assert desk.dial(f"*10{desk.pin}") == world.says("desk.signed_in")


def test_stf_16_the_pin_of_a_closed_account_is_nobodys(desk: Desk, world: World) -> None:
    with Session(world.engine) as session, session.begin():
        found = accounts.find_user(session, "李强")
        assert found is not None and desk.pin not in found.pin
        found.active = False
    assert desk.dial(f"*10{desk.pin}") == world.says("desk.wrong_pin")


def test_stf_16_a_citizen_who_dials_a_code_is_a_caller_like_all(desk: Desk, world: World) -> None:
    world.sim.call(f"*10{desk.pin}", "13800001111")
    world.run(1)
    assert len(world.calls()) == 1
    assert desk.state()[1] == ""


@pytest.mark.parametrize(
    ("called", "code"),
    [
        ("*1012345678", SeatCode("101", "sign_in", "12345678")),
        ("*12", SeatCode("101", "pause")),
        ("*15", None),
        ("*1", None),
        ("95598", None),
        ("102", None),
    ],
)
def test_what_is_a_code(called: str, code: SeatCode | None) -> None:
    assert code_of("101", called) == code
    assert code_of("", called) is None
