"""A hotline without a disk: conductor and shipped flow, facts in memory, the store answers at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from hotline.process.flows import rules, shipped
from ivr.call_services import CallServices
from ivr.clock import Clock, VirtualClock
from ivr.conductor import Conductor
from ivr.desk.desk import Desk
from ivr.flow.loader import FlowEnvironment, load
from ivr.ledger import CallTransaction, Fact
from ivr.ongoing_call import OngoingCall
from ivr.outgoing.numbers import NumberRules, called_back
from ivr.telephony import Engine
from sip.simulator import Simulator
from tests.support import read_once
from tests.support.world import WINDOWS, FileKeeper, TextSpeaker

NUMBER = "02288881234"  # to which a caller may be handed over


@dataclass
class Remembering:
    """A ledger that keeps facts in memory, and answers at once."""

    facts: list[tuple[str, Fact]] = field(default_factory=list)

    def commit(self, turn: CallTransaction, done: Callable[[Exception | None], None]) -> None:
        self.facts += ((turn.call_id, fact) for fact in turn.facts)
        done(None)

    def invite(self, call_id: str, at: int, done: Callable[[bool | Exception], None]) -> None:
        done(True)

    def open_case(self, request: Any, done: Callable[[Any], None]) -> None:
        done(OSError("no disk in this world"))

    def find_case(self, call_id: str, typed: str, at: int, done: Callable[[Any], None]) -> None:
        done(OSError("no disk in this world"))

    def note(self, fact: Fact) -> None:
        self.facts.append(("", fact))

    def seat_changed(self, seat: str, at: int, **_: Any) -> None:
        pass


def services(engine: Engine, clock: Clock, ledger: Remembering, folder: Path) -> CallServices:
    """What a conductor leans on, with the shipped flow of the power company."""
    phrases, profile = read_once.phrases(unit_en="Model Unit"), read_once.profile("sgcc_window")
    environment = FlowEnvironment(
        has_phrase=phrases.has,
        windows={name: window.seats for name, window in WINDOWS.items()},
        schedules=("default", "hall"),
        rules=rules(profile),
        transfers=partial(called_back, rules=NumberRules(allow=(NUMBER,))),
    )
    flow, ids = load(shipped()["power-95598"], environment), count(1)
    return CallServices(
        engine=engine, ledger=ledger, clock=clock, desk=Desk(WINDOWS), speaker=TextSpeaker(phrases),
        keeper=FileKeeper(), casebook=None, flow_for=lambda called: flow, new_id=lambda: f"id{next(ids):08}",
        spool=folder,
    )  # type: ignore[arg-type] # fmt: skip


class House:
    """One hotline in virtual time, on the simulator."""

    def __init__(self, folder: Path, simulator: type[Simulator] = Simulator) -> None:
        self.clock, self.ledger = VirtualClock(1_800_000_000_000), Remembering()
        self.sim = simulator(self.clock)
        self.services = services(self.sim, self.clock, self.ledger, folder)
        self.desk = self.services.desk
        self.conductor = Conductor(self.services)
        self.sim.begin(self.conductor.happened)

    def run(self, ms: int) -> None:
        self.clock.advance(ms)

    def call(self, line: str) -> OngoingCall | None:
        found = self.conductor._lines.get(line)
        return found[0] if found else None
