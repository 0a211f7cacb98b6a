"""Days on which more call than twelve operators can serve, who pause, decline, do not hear and hand over: nobody waits
for ever, the order holds, and what the figures say is what happened, by a recount of the journal.

At night a week of 5,000 calls a day, by day an hour of it.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ivr.desk.desk import WindowSeats
from sip.simulator import SeatPlan
from tests.support.nightly import NIGHTLY
from tests.support.world import World

SEATS = tuple(str(101 + n) for n in range(12))
WINDOWS = {"general": WindowSeats("general", SEATS, (), "综合服务")}
FLOW = """\
flow: own
start: person
steps:
  person: {window: general, prompt: [direct.human], nobody: bye, after: bye}
  bye: {goodbye: [bye.1]}
"""
HOURS, CALLS_AN_HOUR = (7 * 8, 5000 // 8) if NIGHTLY else (1, 260)
TALK_S, LEAVES, LONGEST_S = 190, 0.1, 3600


@dataclass
class Shift:
    """Twelve operators and those who call them."""

    world: World
    dice: random.Random
    lines: list[str] = field(default_factory=list)

    def plan(self) -> SeatPlan:
        """What an operator does with the next call."""
        if self.dice.random() < 0.04:
            return SeatPlan(fail="declined", code=603)
        if self.dice.random() < 0.03:
            return SeatPlan(answer_ms=None)
        talk = round(1000 * TALK_S * self.dice.lognormvariate(-0.2, 0.6))
        return SeatPlan(answer_ms=self.dice.randrange(800, 5000), talk_ms=talk)

    def minute(self) -> None:
        """Operators change what they do; somebody calls; some leave; somebody hands over."""
        for seat in SEATS:
            self.world.seat(seat, self.plan(), reachable=self.dice.random() > 0.06)
        for _ in range(self._arrivals()):
            line = self.world.sim.call("95598", f"138{self.dice.randrange(10**8):08}")
            self.lines.append(line)
            if self.dice.random() < LEAVES:
                patience = self.dice.randrange(5_000, 300_000)
                self.world.clock.call_at(self.world.clock.now_ms() + patience, lambda line=line: self._leaves(line))  # type: ignore[misc]
            self.world.run(self.dice.uniform(0, 60 / self._arrivals_most()))
        giver, taker = self.dice.sample(SEATS, 2)
        self.world.conductor.seat_asked(giver, self.dice.choice(("blind", "consult")), taker)

    def _leaves(self, line: str) -> None:
        if self.world.sim.knows(line) and not self.world.sim.peer(line):
            self.world.sim.leave(line)

    def _arrivals(self) -> int:
        return sum(
            self.dice.random() < CALLS_AN_HOUR / 60 / self._arrivals_most() for _ in range(self._arrivals_most())
        )

    def _arrivals_most(self) -> int:
        return 2 * CALLS_AN_HOUR // 60


def told(world: World) -> dict[str, list[tuple[int, str, dict[str, Any]]]]:
    """The journal by call: (when, what, data), in its order."""
    calls = defaultdict(list)
    for row in world.journal():
        if row.call_id:
            calls[row.call_id].append((row.at, row.name, json.loads(row.data)))
    return calls


@pytest.mark.timeout(3600)
def test_stf_14_nobody_waits_for_ever_the_order_holds_and_the_rows_say_what_happened(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(FLOW, encoding="utf-8")
    world = World(tmp_path, str(tmp_path / "own.yaml"), windows=WINDOWS, relaxed=True)
    shift = Shift(world, random.Random(16))
    for _ in range(60 * HOURS):
        begun = world.clock.now_ms()
        shift.minute()
        world.run(max(0.0, 60 - (world.clock.now_ms() - begun) / 1000))
    for seat in SEATS:
        world.seat(seat, SeatPlan(answer_ms=1000, talk_ms=60_000))
    world.run(LONGEST_S)
    assert world.conductor.calls == 0 and world.sim.lines == 0
    world.ledger.flush()

    calls, rows = told(world), {row.id: row for row in world.calls()}
    queued, waits = 0, list[tuple[int, int, int, str, set[str]]]()  # since, came, left, call, seats tried
    for call, facts in calls.items():
        since, entered, rung = 0, 0, set[str]()
        for at, name, data in facts:
            if name == "enqueue":
                since, entered, queued = data.get("since", at), at, queued + 1
            elif name == "dial_seat":
                rung.add(data["seat"])
            elif entered and name in ("leave_queue", "nobody_free"):
                waits.append((since, entered, at, call, rung))
                entered, rung = 0, set(rung)
    assert queued > len(calls) // 10 and len(rows) == len(shift.lines)
    assert max(left - entered for _, entered, left, _, _ in waits) <= 1_900_000

    answered = sum(any(name == "seat_answered" for _, name, _ in facts) for facts in calls.values())
    assert sum(row.outcome == "answered" for row in rows.values()) == answered
    assert {row.outcome for row in rows.values()} <= {"answered", "abandoned", "unanswered", "failed", "callback"}

    # Whoever was offered a seat was the first of those who waited then and had not been rung by it in vain.
    offers = sorted(
        (at, call, data["seat"]) for call, facts in calls.items() for at, name, data in facts if name == "seat_offered"
    )
    assert offers
    for at, call, seat in offers:
        mine = max(since for since, entered, left, who, _ in waits if who == call and entered <= at <= left)
        before = [
            who
            for since, entered, left, who, rung in waits
            if since < mine and entered < at < left and seat not in rung and not ringing(calls[who], at)
        ]
        assert before == [], (at, call, seat, before)


def ringing(facts: list[tuple[int, str, dict[str, Any]]], at: int) -> bool:
    """Was a phone rung for this caller at that moment?"""
    rings = 0
    for when, name, _ in facts:
        if when > at:
            break
        rings += (name == "dial_seat") - (name in ("seat_failed", "seat_answered"))
    return rings > 0
