"""A whole hotline in virtual time: conductor, simulator, real ledger on SQLite, real profile and calendar."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from hotline.process.calls import DeadlineCasebook
from hotline.process.flows import rules, shipped
from ivr.calendar.hours import in_words, is_open
from ivr.call import commands as c
from ivr.call_services import CallServices as ConductorHouse
from ivr.call_services import Keeper, Speaker
from ivr.clock import VirtualClock
from ivr.conductor import Conductor
from ivr.desk.desk import Desk, WindowSeats
from ivr.desk.states import OperatorRules
from ivr.flow.loader import FlowEnvironment, load
from ivr.outgoing.numbers import NumberRules, called_back
from ivr.phrases import Phrases
from ivr.profile import Schedule
from ivr.render_prompts import Spoken, lines
from ivr.telephony import Clip
from sip.simulator import SeatPlan, Simulator
from store.schema import Call, Case, Journal, Leg
from tests.support import read_once
from tests.support.moments import ZONE, at
from tests.support.records import Records

RINGBACK_MS = 60_000
CHAR_MS = 50  # how long a character takes to say; quick, so that stories stay short
MUSIC_MS = 30_000  # a piece of it
WINDOWS = {
    "repair": WindowSeats("repair", ("101", "102"), ("103",), "故障报修"),
    "business": WindowSeats("business", ("103", "104"), (), "业务办理"),
    "general": WindowSeats("general", ("101", "103"), ("104",), "综合服务"),
}


def hours(schedule: str, lang: str) -> str:
    """The hours of the hall, and of what is always open."""
    return in_words(Schedule(kind="workday" if schedule == "hall" else "always"), lang)


class TextSpeaker:
    """Speaks by keeping the text; the clip is as long as it takes to say."""

    def __init__(self, phrases: Phrases) -> None:
        self._phrases = phrases

    def clips(
        self, says: tuple[c.Say, ...], lang: str, caller: str | None, ready: Callable[[list[Clip]], None]
    ) -> None:
        spoken = self.lines(says, lang, caller)
        ready([Clip(str(hash(s.text)), bytes(16 * self._ms(s)), s.text or s.tone) for s in spoken])

    def _ms(self, line: Spoken) -> int:
        if line.tone.startswith("tone.music"):
            return MUSIC_MS
        return RINGBACK_MS if line.tone == "tone.ringback" else CHAR_MS * len(line.text)

    def lines(self, says: tuple[c.Say, ...], lang: str, caller: str | None) -> Iterator[Spoken]:
        """What is said."""
        titles = {name: window.title for name, window in WINDOWS.items()}
        return lines(says, self._phrases, lang, caller=caller, window_title=lambda w, _: titles[w], hours=hours)


class FileKeeper:
    """Keeps recordings where they were written."""

    def keep(self, recording_id: str, path: Path, done: Callable[[dict[str, Any] | None], None]) -> None:
        done({"path": path.name, "bytes": path.stat().st_size, "sha256": "0" * 64})


class World(Records):
    """``flow`` under ``profile`` from the moment ``start``; seats are set up by the test.

    ``relaxed``: many turns to a transaction, no waiting for the disk (a month of calls in minutes).
    """

    def __init__(
        self, folder: Path, flow: str = "power-95598", profile: str = "sgcc_window", start: str = "2026-08-03T10:00:00",
        *, windows: Mapping[str, WindowSeats] = WINDOWS, speaker: Speaker | None = None, keeper: Keeper | None = None,
        relaxed: bool = False, responsible: Mapping[str, tuple[str, ...]] | None = None,
        transfers: tuple[str, ...] = (), operators: OperatorRules | None = None,
    ) -> None:  # fmt: skip
        self.clock = VirtualClock(at(start))
        self.sim = Simulator(self.clock)
        self.phrases = read_once.phrases(unit_en="Model Unit")
        super().__init__(
            folder,
            self.clock.now_ms,
            profile=profile,
            relaxed=relaxed,
            inline=not relaxed,
            responsible=responsible,
            operators=operators or OperatorRules(),
        )
        calendar = self.calendar
        hall = Schedule(kind="workday")
        house = FlowEnvironment(
            has_phrase=self.phrases.has,
            windows={name: window.seats for name, window in windows.items()},
            schedules=("default", "hall"),
            rules=rules(self.profile),
            transfers=partial(called_back, rules=NumberRules(allow=transfers)),
            is_open=lambda s, at: (
                s == "default" or is_open(hall, datetime.fromtimestamp(at / 1000, UTC), calendar, ZONE)
            ),
        )
        path = shipped().get(flow) or Path(flow)
        self.flow = load(path, house)
        ids = count(1)
        self.services = ConductorHouse(
            engine=self.sim,
            ledger=self.ledger,
            clock=self.clock,
            desk=Desk(windows, None if relaxed else self.queue),
            speaker=speaker or TextSpeaker(self.phrases),
            keeper=keeper or FileKeeper(),
            casebook=DeadlineCasebook(self.profile, calendar, ZONE),
            flow_for=lambda called: self.flow,
            new_id=lambda: f"id{next(ids):08}",
            spool=folder / "recording",
            profile=self.profile.name,
        )
        self.conductor = Conductor(self.services)
        self.sim.begin(self.conductor.happened)

    # --- what a story says ---

    def seat(self, seat: str, plan: SeatPlan | None = None, reachable: bool = True) -> None:
        self.sim.seat(seat, plan, reachable)

    def call(self, caller: str | None = "13800001111", **more: Any) -> str:
        line = self.sim.call("95598", caller, **more)
        self.run(0.1)
        return line

    def run(self, seconds: float) -> None:
        self.clock.advance(round(seconds * 1000))

    def press(self, line: str, keys: str, held_s: float = 0) -> None:
        self.sim.press(line, keys, self.clock.now_ms() - round(held_s * 1000) if held_s else 0)
        self.run(0.1)

    def heard(self, line: str) -> str:
        return " ".join(self.sim.heard(line))

    def says(self, key: str, lang: str = "zh-CN") -> str:
        return self.phrases.text(key, {}, lang)

    def the_call(self) -> Any:
        (row,) = self.rows(Call)
        return row

    def calls(self) -> list[Any]:
        return self.rows(Call)

    def legs(self) -> list[Any]:
        return self.rows(Leg)

    def cases(self) -> list[Any]:
        return self.rows(Case)

    def journal(self) -> list[Any]:
        return self.rows(Journal)
