"""Generated sequences of two operators' acts on real telephones: the caller is never lost (FST-1, issue 16).

By day a part of the twenty is told on each engine, all of them at night. All two thousand are told on the simulator
(tests/ivr/test_talk_sequences.py).
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from ivr.call import talk as talks
from ivr.clock import SystemClock
from ivr.conductor import Conductor
from ivr.facts.talks import TransferBegunFact, TransferEndedFact
from ivr.ongoing_call import OngoingCall
from tests.contract.rigs import ON_CALL, RIGS, PhonesRig
from tests.support.in_memory import Remembering, services
from tests.support.nightly import share

pytestmark = pytest.mark.network
SEQUENCES = range(20)[share(10)]
SEATS = ("101", "102")  # 103, of the window business, has no phone
MOODS = ("answers", "answers", "answers", "busy", "declines", "silent")
HANDING = ("consult", "blind", "conference")
ACTS = (*HANDING, "join", "leave", "back", "hold", "resume", "mute", "unmute", "keys", "refer", "hang up")
SETTLED_MS = 700  # longer than a phone takes to answer (300 ms), and its media to change


class Listening(list[Any]):
    """The rig's events; the conductor hears each, too."""

    conductor: Conductor | None = None

    def append(self, event: Any) -> None:
        super().append(event)
        if self.conductor is not None:
            self.conductor.happened(event)


class Talks:
    """A rig with a conductor on its engine."""

    def __init__(self, rig: PhonesRig, folder: Path) -> None:
        self.rig, self.ledger, self.story = rig, Remembering(), list[str]()
        rig.events = self._events = Listening()
        self._folder = folder

    async def start(self) -> None:
        await self.rig.start()
        clock = SystemClock(asyncio.get_running_loop())
        self.conductor = Conductor(services(self.rig.engine, clock, self.ledger, self._folder))
        self._events.conductor = self.conductor
        for seat in SEATS:
            await self.rig.seat(seat, "answers")

    def call(self, line: str) -> OngoingCall | None:
        found = self.conductor._lines.get(line)
        return found[0] if found else None

    async def talking(self) -> str:
        line = await self.rig.call()
        await self.rig.press(line, "0")
        await self.rig.wait(lambda: (call := self.call(line)) and call.state.phase == "bridged")
        return line

    async def act(self, dice: random.Random, call: OngoingCall) -> None:
        seat = dice.choice(call.state.talkers or SEATS)
        what, target = dice.choice(ACTS), dice.choice((*SEATS, "102", "window:business", "nobody"))
        self.story.append(f"{seat}: {what} {target}")
        match what:
            case "keys" if call.leg_of(seat):
                keys = dice.choice(("*2102#", "*3", "*4", "*5102#", "*0"))
                self.story.append(keys)
                await self.rig.phones[seat].send_keys(keys)
                await self.rig.pause(300 * len(keys))
            case "refer" if call.leg_of(seat):
                await self.rig.refer(seat, target)
            case "hang up" if call.leg_of(seat):
                await self.rig.operator_leaves(seat)
            case _:
                self.conductor.seat_asked(seat, what, target if what in HANDING else "")

    async def not_lost(self, line: str) -> None:
        """Who the machine says talk do hear each other, and nobody else does; else the caller waits for somebody."""
        call = self.call(line)
        if call is None or call.state.over:
            return
        state = call.state
        assert state.timer or state.talkers, (self.story, state)
        apart, held = state.phase in talks.APART, state.phase == "held"
        legs = {leg.id: leg.seat for leg in call.legs.values() if leg.up and leg.seat in state.talkers}
        assert {*legs.values()} == {*state.talkers}, (self.story, state)
        if state.phase not in talks.PHASES or state.token:
            return  # something is played to the caller, in place of whatever is said
        inside = {line: "", **legs} if not apart and not held else legs if state.talk.up else {}
        muted = {leg for leg, seat in legs.items() if seat in state.talk.muted}
        heard = await self.rig.hears({line: "", **legs})
        for one in (line, *legs):
            if one in inside:
                assert heard[one] == {*inside} - {one} - muted, (self.story, state, heard)

    async def sequence(self, seed: int) -> None:
        dice, rig = random.Random(seed), self.rig
        self.story = [f"sequence {seed}"]
        rig.phones["101"].on_call = ON_CALL["answers"]
        line = await self.talking()
        for seat in SEATS[1:]:
            rig.phones[seat].on_call = ON_CALL[dice.choice(MOODS)]
        for _ in range(3):
            if (call := self.call(line)) is None or call.state.over:
                break
            await self.act(dice, call)
            await rig.pause(SETTLED_MS)
            state = call.state
            assert state.over or state.timer or state.talkers, (self.story, state)
        await self.not_lost(line)
        await rig.caller_leaves(line)
        await rig.wait(lambda: not self.conductor.calls)
        begun = [fact for _, fact in self.ledger.facts if isinstance(fact.content, TransferBegunFact)]
        ended = [fact for _, fact in self.ledger.facts if isinstance(fact.content, TransferEndedFact)]
        assert len(begun) <= len(ended), self.story
        self.ledger.facts.clear()


@pytest.mark.parametrize("engine", ["embedded", "asterisk"])
def test_fst_1_whatever_operators_phones_do_the_caller_is_with_somebody(engine: str, tmp_path: Path) -> None:
    async def run() -> None:
        rig = RIGS[engine](tmp_path)
        assert isinstance(rig, PhonesRig)
        told = Talks(rig, tmp_path)
        await told.start()
        try:
            for seed in SEQUENCES:
                await told.sequence(seed)
        finally:
            await rig.stop()

    asyncio.run(run())
