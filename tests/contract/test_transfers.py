"""An operator hands a caller over, and more than two talk: the same on every engine (FST-1, FST-2, FST-5)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ivr.telephony import Incoming, LineGone, LineUp, TransferAsked
from tests.contract.rigs import RIGS, PhonesRig, Rig
from tests.contract.test_engines import REAL_CALLS, Story, teller

ENGINES = ["simulator", *(pytest.param(name, marks=pytest.mark.network) for name in REAL_CALLS)]
Tell = Callable[[Story], None]


@pytest.fixture(params=ENGINES)
def told(request: pytest.FixtureRequest, tmp_path: Path) -> Tell:
    """Tell a story on one engine."""
    return teller(RIGS[request.param], tmp_path)


async def talking(rig: Rig, seat: str = "101", leg: str = "leg/1") -> tuple[str, str]:
    """A caller and an operator who talk; their lines."""
    await rig.seat(seat, "answers")
    line = await rig.answered()
    rig.engine.dial(leg, seat, 10_000)
    await rig.event(LineUp, leg)
    rig.engine.bridge(line, leg)
    return line, leg


async def everybody_leaves(rig: Rig, *lines: str) -> None:
    for line in lines:
        rig.engine.hangup(line, "done")
    for line in lines:
        await rig.event(LineGone, line)


@pytest.mark.parametrize("codes", [(180, 200), (486,)])
def test_fst_2_an_operators_phone_asks_to_hand_over_and_is_told_how_it_goes(told: Tell, codes: tuple[int, ...]) -> None:
    async def story(rig: Rig) -> None:
        line, leg = await talking(rig)
        await rig.refer("101", "102")
        asked = await rig.event(TransferAsked, leg)
        assert (asked.target, asked.replaces) == ("102", "") and asked.token
        for code in codes:
            rig.engine.transfer_told(leg, asked.token, code)
        (end,) = await rig.wait(lambda: [code for code in rig.news("101") if code >= 200])
        assert (end < 300) == (codes[-1] < 300)
        rig.engine.transfer_told(leg, asked.token, 200 if end >= 300 else 500)  # it is over
        await rig.pause(100)
        assert not rig.of(LineGone) and [code for code in rig.news("101") if code >= 200] == [end]
        await rig.refer("101", "103")
        again = await rig.wait(lambda: rig.of(TransferAsked, leg)[1:])
        assert again[0].target == "103" and again[0].token != asked.token
        rig.engine.hangup(leg, "transferred")
        await rig.event(LineGone, leg)
        rig.engine.transfer_told(leg, asked.token, 200)  # gone: nobody is told
        await everybody_leaves(rig, line)

    told(story)


def test_fst_1_a_seats_phone_that_calls_is_known_and_can_put_its_party_through_to_whom_it_called(told: Tell) -> None:
    async def story(rig: Rig) -> None:
        line, leg = await talking(rig)
        second = await rig.call_of_seat("101", "102")
        (incoming,) = [event for event in rig.of(Incoming) if event.line == second]
        assert (incoming.seat, incoming.called) == ("101", "102")
        assert [event.seat for event in rig.of(Incoming) if event.line == line] == [""]
        rig.engine.answer(second)
        await rig.event(LineUp, second)
        await rig.refer("101", "102", second)
        asked = await rig.event(TransferAsked, leg)
        assert asked.replaces == second
        rig.engine.transfer_told(leg, asked.token, 200)
        await rig.wait(lambda: rig.news("101") == [200])
        await everybody_leaves(rig, line, leg, second)

    told(story)


def test_stf_16_a_code_dialled_at_a_seat_comes_as_it_was_dialled(told: Tell) -> None:
    async def story(rig: Rig) -> None:
        await rig.seat("101", "answers")
        line = await rig.call_of_seat("101", "*1012345678")
        (incoming,) = [event for event in rig.of(Incoming) if event.line == line]
        assert (incoming.seat, incoming.called) == ("101", "*1012345678")
        rig.engine.answer(line)
        await rig.event(LineUp, line)
        await everybody_leaves(rig, line)

    told(story)


def test_fst_2_a_caller_hands_nobody_over(told: Tell) -> None:
    async def story(rig: Rig) -> None:
        line, leg = await talking(rig)
        if isinstance(rig, PhonesRig):
            heard: list[str] = []
            rig.phones[line]._on_event = lambda event: heard.append(event.detail)
            rig.phones[line].transfer("00881234567")
            await rig.wait(lambda: heard)
            assert heard[0] in ("403", "603", "405", "501") and not rig.of(TransferAsked)
        await everybody_leaves(rig, line, leg)

    told(story)


def test_fst_5_three_lines_talk_and_each_can_be_muted_or_leave(told: Tell) -> None:
    async def story(rig: Rig) -> None:
        line, first = await talking(rig)
        await rig.seat("102", "answers")
        rig.engine.dial("leg/2", "102", 10_000)
        await rig.event(LineUp, "leg/2")
        three = {line: "", first: "101", "leg/2": "102"}
        rig.engine.conference(list(three))
        await rig.pause(100)
        assert await rig.hears(three) == {one: set(three) - {one} for one in three}
        rig.engine.mute(first, True)
        assert await rig.hears(three) == {line: {"leg/2"}, first: {line, "leg/2"}, "leg/2": {line}}
        rig.engine.mute(first, False)
        rig.engine.conference([line, "leg/2"])
        await rig.pause(100)
        assert await rig.hears(three) == {line: {"leg/2"}, first: set(), "leg/2": {line}}
        rig.engine.conference(list(three))
        await rig.operator_leaves("101")
        await rig.event(LineGone, first)
        del three[first]
        assert await rig.hears(three) == {line: {"leg/2"}, "leg/2": {line}}
        await everybody_leaves(rig, *three)

    told(story)
