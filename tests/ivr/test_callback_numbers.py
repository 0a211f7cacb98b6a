"""A number given on the phone is one that will be dialled, or the caller hears at once why it is not (S4-33)."""

from __future__ import annotations

from functools import partial

import pytest

from hotline.process.flows import shipped
from ivr.call import commands as c
from ivr.call import events as e
from ivr.call.machine import step
from ivr.call.state import CallState
from ivr.call.turn import FlowContext
from ivr.flow.loader import FlowEnvironment, load
from ivr.flow.walk import Walk
from ivr.outgoing.numbers import NumberRules, called_back
from ivr.phrases import Phrases
from tests.ivr.test_cases_by_phone import complain
from tests.rules.numbers_table import CITY, OF_THE_CITY, Spelling, name
from tests.support.world import World

TYPED = [row for row in OF_THE_CITY if row.written.isascii() and row.written.isdigit() and len(row.written) <= 17]
PHRASE = {"": "callback.readback", "incomplete": "callback.invalid", "no_area_code": "callback.area"}


@pytest.fixture(scope="module")
def asked() -> tuple[FlowContext, CallState]:
    """A caller without a number is asked for one, at a centre that has set its area code."""
    phrases = Phrases.load(variables={"unit": "X"})
    windows = {window: ("101",) for window in ("repair", "business", "complaint", "general")}
    house = FlowEnvironment(phrases.has, windows=windows, call_back=partial(called_back, rules=NumberRules(plan=CITY)))
    flow = load(shipped()["power-95598"], house)
    walk = Walk(flow, say=lambda item: item.key, caller_known=False)
    walk.begin()
    for done in ("3", "/silence", "1", "/say 20"):
        walk.do(done)
    assert walk.state.phase == "number.type"
    return flow, walk.state


@pytest.mark.parametrize("row", TYPED, ids=name)
def test_acceptance_1_a_typed_number_is_read_back_as_it_is_dialled_or_refused_with_its_reason(
    asked: tuple[FlowContext, CallState], row: Spelling
) -> None:
    flow, state = asked
    commands: tuple[c.Command, ...] = ()
    for key in row.written + "#":
        state, commands = step(flow, state, e.Digit(state.timer_at, key))
    first = next(say for command in commands if isinstance(command, c.Play) for say in command.say)
    assert first.key == PHRASE.get(row.refused, "callback.not_called")
    if not row.refused:
        assert dict(first.args)["phone"] == row.dialable


def test_a_landline_without_its_area_code_is_asked_for_with_it(world: World) -> None:
    line = world.call(None)
    complain(world, line)
    world.press(line, "87654321#")
    world.run(1)
    assert world.says("callback.area") in world.heard(line)
    world.press(line, "02387654321#")
    world.run(1)
    assert world.phrases.text("callback.readback", {"phone": "02387654321"}) in world.heard(line)


@pytest.mark.parametrize("caller", ["4001234567", "12345", "0085291234567", "87654321"])
def test_whose_own_number_is_never_called_back_is_not_promised_it(world: World, caller: str) -> None:
    line = world.call(caller)
    complain(world, line)
    world.run(1)
    heard = world.heard(line)
    assert world.says("callback.own_not_called") in heard and "用这个号码给您回电" not in heard
    world.press(line, "13900139000#")
    world.run(1)
    world.press(line, "1")
    (case,) = world.cases()
    assert case.confirmed and case.party_id not in (None, world.the_call().party_id)


def test_who_gives_no_other_number_is_known_by_their_own(world: World) -> None:
    line = world.call("4001234567")
    complain(world, line)
    world.run(60)
    (case,) = world.cases()
    assert case.party_id == world.the_call().party_id and not case.confirmed
