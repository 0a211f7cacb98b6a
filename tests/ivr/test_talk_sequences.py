"""Two thousand generated sequences of operators' acts: the caller is never lost, and nothing is left (issue 16)."""

from __future__ import annotations

import random
from typing import get_args

import pytest

from ivr.call import talk as talks
from ivr.call import targets
from ivr.facts.talks import TransferBegunFact, TransferEndedFact
from ivr.telephony import FailReason
from sip.simulator import SeatPlan
from tests.support.in_memory import NUMBER, House

SEQUENCES = 2000
SEATS = ("101", "102", "103", "104")
TARGETS = (*SEATS, "window:business", "window:repair", NUMBER, "02288889999", "")
HANDING = ("consult", "blind", "conference")
ACTS = (*HANDING, "join", "leave", "join", "leave", "back", "hold", "resume", "mute", "unmute", "drop")
FAILS: tuple[FailReason, ...] = get_args(FailReason)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("sequences"))


def lost(house: House, line: str) -> str:
    """Why the caller of this line is alone now; "": he is not."""
    call = house.call(line)
    if call is None or call.state.over or not house.sim.is_up(line):
        return ""
    state = call.state
    with_somebody = house.sim.peer(line) is not None
    if house.sim.plays(line) or (with_somebody and line not in house.sim.on_hold):
        return ""
    if state.phase in ("finding", "ringing") and any(not leg.up for leg in call.legs.values()):
        return ""
    if state.phase not in talks.PHASES and state.timer:
        return ""  # asked, thanked, said good-bye to: the flow's own waits, each with its end
    return f"{state.phase}, {state.talk}, legs {[leg.seat for leg in call.legs.values()]}"


def plan(dice: random.Random) -> SeatPlan:
    if dice.random() < 0.3:
        return SeatPlan(fail=dice.choice(FAILS))
    return SeatPlan(answer_ms=dice.choice((200, 1500, 6000, None)), talk_ms=dice.choice((None, None, 4000, 15000)))


def act(house: House, dice: random.Random, line: str) -> str:
    """Something happens: what it was."""
    call = house.call(line)
    talkers = call.state.talkers if call is not None else ()
    sim, seat = house.sim, dice.choice(talkers if talkers and dice.random() < 0.9 else SEATS)
    here = sim.line_of(seat)
    match dice.randrange(20):
        case 0:
            sim.leave(line)
            return "the caller leaves"
        case 1 | 2 if here:
            sim.leave(here)
            return f"{seat} hangs up"
        case 3:
            held = dice.random() < 0.5
            sim.seat_holds(seat, held)
            return f"{seat} holds: {held}"
        case 4 if here:
            target = dice.choice(TARGETS)
            sim.refer(here, target.removeprefix("window:"))
            return f"{seat} refers to {target}"
        case 5 if here and sim.is_up(here):
            own = sim.call(dice.choice(SEATS), seat, seat=seat)
            house.run(dice.choice((100, 2500)))
            if sim.knows(own):
                sim.refer(here, "", replaces=own)
                house.run(100)
                sim.leave(own)
            return f"{seat} calls, and refers with Replaces"
        case 6:
            sim.seat(dice.choice(SEATS), plan(dice))
            return "another mood"
        case 7 if here:
            keys = dice.choice(("*1", "*2102#", "*3", "*4", "*5103#", "*51#", "*6", "*0", "7", "*9", "*2#"))
            sim.press(here, keys)
            return f"{seat} presses {keys}"
    what, target = dice.choice(ACTS), dice.choice(TARGETS)
    house.conductor.seat_asked(seat, what, target if what in HANDING else "")
    return f"{seat} asks to {what} {target}"


def sequence(house: House, seed: int) -> None:
    """Play one; fails with all that happened in it."""
    dice, sim = random.Random(seed), house.sim
    before = len(house.ledger.facts)
    for seat in SEATS:
        sim.seat(seat, SeatPlan(answer_ms=200))
    sim.number(NUMBER, plan(dice))
    line = sim.call("95598", "13800001111")
    house.run(200)
    sim.press(line, "0")
    house.run(1500)
    story: list[str] = []
    for seat in SEATS[1:]:
        sim.seat(seat, plan(dice))
    for _ in range(dice.randrange(2, 8)):
        story.append(act(house, dice, line))
        for wait in (0, dice.choice((0, 300, 2500)), dice.choice((0, 500, 4000, 30_000))):
            house.run(wait)
            assert not lost(house, line), (seed, story, lost(house, line))
    for turn in range(24):  # nobody does anything more: operators who talk hang up at last
        house.run(5000)
        assert not lost(house, line), (seed, story, lost(house, line))
        if not sim.knows(line):
            break
        call = house.call(line)
        if call is not None and call.state.talkers and turn % 3 == 2:
            sim.leave(sim.line_of(dice.choice(call.state.talkers).removeprefix(targets.NUMBER)) or "")
    sim.leave(line)
    house.run(60_000)
    facts = house.ledger.facts[before:]
    begun = sum(isinstance(fact.content, TransferBegunFact) for _, fact in facts)
    ended = sum(isinstance(fact.content, TransferEndedFact) and fact.content.target != "?" for _, fact in facts)
    refused = sum(isinstance(fact.content, TransferBegunFact) and fact.content.target == "?" for _, fact in facts)
    assert begun - refused == ended, (seed, story, begun, ended, refused)
    assert house.conductor.calls == 0 and sim.lines == 0, (seed, story)
    assert not house.desk._taken, (seed, story, house.desk._taken)


@pytest.mark.parametrize("part", range(4))
def test_fst_1_whatever_two_operators_do_the_caller_is_never_lost(house: House, part: int) -> None:
    for seed in range(part, SEQUENCES, 4):
        sequence(house, seed)
        house.ledger.facts.clear()
