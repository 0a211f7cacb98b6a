"""What is seen of a profile in a call, on a page and in a due date: the looks of ``test_profile_is_obeyed``."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from click.testing import CliRunner
from flask.testing import FlaskClient

from hotline.cli import main
from hotline.config.file import template
from hotline.config.settings import Settings
from hotline.errors import CannotRun
from hotline.process import factories, flows
from hotline.process.flows import rules, shipped
from ivr.calendar.tables import WorkCalendar
from ivr.call import commands as c
from ivr.call import events as e
from ivr.call import waiting
from ivr.call.machine import begin, step
from ivr.call.state import CallState
from ivr.call.turn import FlowContext
from ivr.cases.actions import ActionRefused, Do
from ivr.cases.case import CallbackRow
from ivr.cases.deadlines import CasePolicy
from ivr.cases.numbers import spoken_number
from ivr.cases.promise import due_for
from ivr.cases.workflow import apply
from ivr.cases.worklist import Attempt, after, in_calling_hours
from ivr.clock import VirtualClock
from ivr.desk.desk import Desk, WindowSeats
from ivr.desk.states import SeatRow
from ivr.flow.loader import FlowEnvironment, loads
from ivr.kpi.formulas import figures
from ivr.kpi.records import AgentRequest, MissedCaller, Period
from ivr.profile import Profile
from ivr.queue.keeper import QueueKeeper
from services.casework import Casework, MatterEntry
from services.operators import long_pauses
from services.shifts import ShiftTest
from store.figures.figures import limits
from store.upkeep.pruning import DAY_MS, Keep
from store.upkeep.pruning import rules as pruning_rules
from tests.support.case import Told
from tests.web.conftest import Auth
from tests.web.demo import World
from tests.web.pages import announced
from tests.web.test_casework import send
from tests.web.test_outages import FORM, LATE, NEW
from web import create_app

ZONE, CALENDAR = ZoneInfo("Asia/Shanghai"), WorkCalendar.load()
OWN_FLOW = """
flow: own
start: {start}
steps:
  tell: {{record: ask.account, next: bye, silence: bye}}
  message: {{case: {{kind: message, ask: [spoken_account]}}, next: bye}}
  person: {{window: general, nobody: bye}}
  door: {{hours: {{schedule: hall, open: waits, closed: bye}}}}
  waits: {{queue: general, nobody: bye}}
  bye: {{goodbye: [bye.1]}}
"""


# --- calls -----------------------------------------------------------------------------------


@dataclass
class Caller:
    """A caller of the real machine under a profile; what is asked of the engine is kept."""

    flow: FlowContext
    state: CallState = field(default_factory=CallState)
    at: int = 0
    asked: list[c.Command] = field(default_factory=list)

    def happens(self, event: e.Event) -> Caller:
        self.at = event.at
        self.state, commands = step(self.flow, self.state, event)
        self.asked += commands
        return self

    def heard_out(self) -> Caller:
        """The prompt is over."""
        return self.happens(e.PlayDone(self.at, self.state.token))

    def presses(self, key: str) -> Caller:
        return self.happens(e.Digit(self.at, key))

    @property
    def waits_s(self) -> float:
        """How long the present wait is (s)."""
        return (self.state.timer_at - self.at) / 1000

    def last(self, kind: type) -> c.Command:
        return [command for command in self.asked if isinstance(command, kind)][-1]


def answered(profile: Profile, flow: str = "", start: str = "person", after_ms: int = 0) -> Caller:
    """Somebody whose call was answered after so long; the first prompt plays."""
    text = shipped()[flow].read_text("utf-8") if flow else OWN_FLOW.format(start=start)
    windows = dict.fromkeys(("repair", "business", "complaint", "general"), ("101", "102"))
    house = FlowEnvironment(
        has_phrase=lambda key: True, windows=windows, schedules=("default", "hall"), rules=rules(profile)
    )
    made = loads(text, house)
    caller = Caller(made, begin(made)).happens(e.Offered(0, "95598", caller_known=True))
    return caller.happens(e.Answered(after_ms))


def after_the_greeting(stage: Stage, profile: Profile) -> str:
    return answered(profile, "power-95598").heard_out().state.step


def silence_in_the_menu(stage: Stage, profile: Profile) -> float:
    return answered(profile, "power-95598").heard_out().heard_out().waits_s


def in_the_queue(profile: Profile) -> Caller:
    """A caller of the hall who waits since 0 and hears music."""
    return answered(profile, start="door").happens(e.Queued(0, 1, 60_000)).heard_out()


def word_in_the_queue(stage: Stage, profile: Profile) -> float:
    """Seconds until the next word."""
    return in_the_queue(profile).waits_s


def waits_no_longer(stage: Stage, profile: Profile) -> bool:
    """Is a caller who has waited for eleven minutes led on?"""
    caller = in_the_queue(profile)
    return not waiting.waits(caller.happens(e.TimeUp(660_000, caller.state.timer)).state)


def waits_at_closing_time(stage: Stage, profile: Profile) -> bool:
    """Does who waits at closing time still wait?"""
    caller = in_the_queue(profile)
    caller.flow = replace(caller.flow, is_open=lambda schedule, at: False)
    return waiting.waits(caller.happens(e.TimeUp(60_000, caller.state.timer)).state)


def crowded(stage: Stage, profile: Profile) -> bool:
    """Is a call back offered first when two wait?"""
    told: list[e.Event] = []
    desk = Desk({"general": WindowSeats("general", ("101",))})
    desk.reach("101", True)
    desk.hold("101", "another call")
    keeper = QueueKeeper(desk, VirtualClock(0), factories.queue_rules(profile), lambda call, event: told.append(event))
    for call in ("a", "b"):
        keeper.enter(call, "general", "", (), test=False)
    return [event.crowded for event in told if isinstance(event, e.Queued)][-1]


def a_person_is_too_far(stage: Stage, profile: Profile) -> bool:
    """Is a shipped flow refused, because a person is too far?"""
    settings = Settings.model_validate(tomllib.loads(template()) | {"profile": stage.file})
    flow = flows.read(shipped()["power-95598"], flows.flow_environment(settings))
    try:
        return bool(flows.in_reach(settings, "power-95598", flow, factories.phrases(settings)))
    except CannotRun:
        return True


def silence_between_digits(stage: Stage, profile: Profile) -> float:
    return answered(profile, "power-95598").presses("2").presses("9").waits_s


def grace_after_the_farewell(stage: Stage, profile: Profile) -> float:
    return answered(profile, start="bye").heard_out().waits_s


def answered_after(seconds: float):
    """Is the first word an apology when the call was answered so late?"""

    def look(stage: Stage, profile: Profile) -> bool:
        said = answered(profile, after_ms=round(seconds * 1000)).last(c.Play)
        return said.say[0].key == "late.main"

    return look


def first_ring(stage: Stage, profile: Profile) -> float:
    """How long A is rung (s)."""
    caller = answered(profile)
    caller.happens(e.SeatsFound(0, "general", ("101", "102")))
    return caller.last(c.DialSeat).ring_ms / 1000


def a_alone(stage: Stage, profile: Profile) -> float:
    return answered(profile).happens(e.SeatsFound(0, "general", ("101", "102"))).waits_s


def group_ring(stage: Stage, profile: Profile) -> float:
    caller = answered(profile).happens(e.NobodyFree(0, "general"))
    assert caller.state.ring.level == "group"
    return caller.happens(e.SeatsFound(0, "general", ("103",))).last(c.DialSeat).ring_ms / 1000


def recording(start: str, what: str):
    def look(stage: Stage, profile: Profile) -> int:
        return getattr(answered(profile, start=start).heard_out().last(c.Record), what)

    return look


# --- due dates and casework ------------------------------------------------------------------


def due(kind: str, received: str, area: str = ""):
    def look(stage: Stage, profile: Profile) -> str:
        return due_for(kind, received, profile, CALENDAR, ZONE, area=area).due_text

    return look


def told_source(stage: Stage, profile: Profile) -> str:
    """What ``hotline due --json`` names as the source of the rule."""
    given = ["due", "complaint", "2026-09-24", "--json", "--profile", stage.file or profile.name]
    run = CliRunner().invoke(main, given, catch_exceptions=False)
    return str(json.loads(run.output)["source"])


def may(action: str, **fields: str):
    """Is the action on a complaint refused?"""

    def look(stage: Stage, profile: Profile) -> bool:
        case_rules = CasePolicy(profile, CALENDAR, ZONE)
        told = Told(case_rules).handled()
        try:
            apply(told.row, Do(action, "王芳", "lead", told.now + 60_000, {"reason": "核实中", **fields}), case_rules)
        except ActionRefused:
            return False
        return True

    return look


def second_vain_call(stage: Stage, profile: Profile) -> str:
    """What becomes of an entry that was called in vain twice."""
    callback = CallbackRow("b", "missed", created=0, next_at=0, tries=1)
    attempt = Attempt("li", "operator", _ms("2026-11-26T10:00"), "no_answer")
    return after(callback, attempt, CasePolicy(profile, CALENDAR, ZONE)).outcome or "again"


def called_at_half_past_seven(stage: Stage, profile: Profile) -> bool:
    return in_calling_hours(_ms("2026-11-26T07:30"), CasePolicy(profile, CALENDAR, ZONE))


def reopened_after_three_days(stage: Stage, profile: Profile) -> int:
    """How many cases are proposed as the same matter, three days after one was taken."""
    casework = Casework(stage.world.keys, CasePolicy(profile, CALENDAR, ZONE), spoken_number)
    number, now = f"1380000{next(stage.numbers):04}", _ms("2026-11-23T10:00")
    with stage.world.engine.begin() as connection:
        casework.open(connection, MatterEntry("complaint", "visit", "operator", now, "当面反映", number=number))
        return len(casework.similar(connection, number=number, at=now + 3 * DAY_MS))


def kept_days(place: str):
    """After how many days a recording may be deleted."""

    def look(stage: Stage, profile: Profile) -> int:
        now = _ms("2026-11-26T10:00")
        return (now - getattr(pruning_rules(profile, Keep(), now)[0], place)) // DAY_MS

    return look


# --- figures and pages -----------------------------------------------------------------------


def figure(id_: str):
    """Numerator and denominator, of three answered, one who gave up after 3 s, and one missed caller."""

    def look(stage: Stage, profile: Profile) -> tuple[object, int] | None:
        requests = [
            AgentRequest("answered", wait=10_000, ring=2_000, network=100),
            AgentRequest("answered", wait=13_000, ring=9_000, network=100),
            AgentRequest("answered", wait=40_000, ring=20_000, network=100),
            AgentRequest("abandoned", wait=3_000, network=100),
        ]
        missed = [MissedCaller(0, reached=20 * 3_600_000)]
        period = Period(0, 10 * DAY_MS, 10 * DAY_MS)
        found = {f.id: f for f in figures(requests, [], period, limits(profile), missed=missed)}
        return (found[id_].numerator, found[id_].denominator) if id_ in found else None

    return look


def target(id_: str):
    """The target beside a figure of one day on the page of figures."""

    def look(stage: Stage, profile: Profile) -> str:
        block = re.search(rf"<summary>{id_} .*?</details>", stage.panel(profile).get("/figures").text, re.DOTALL)
        assert block, id_
        found = re.search(r"≥ [\d.]+ %", block[0])
        return found[0] if found else ""

    return look


def rules_of_the_figures(pattern: str):
    def look(stage: Stage, profile: Profile) -> str:
        found = re.search(pattern, stage.panel(profile).get("/figures").text)
        assert found
        return found[1]

    return look


def rules_a_figure_names(stage: Stage, profile: Profile) -> set[str]:
    """What every figure says it was reckoned by."""
    return {one.profile for one in figures([], [], Period(0, DAY_MS, DAY_MS), limits(profile), missed=[])}


def outage_six_days_ahead(stage: Stage, profile: Profile) -> int:
    """The answer to a lead who announces a planned outage six days ahead."""
    outage_id = f"0000{next(stage.numbers):04}-0000-7000-8000-000000000000"
    lead = stage.panel(profile, "lead")
    return send(lead, NEW, NEW, **{**FORM, **LATE}, outage_id=outage_id).status_code


def pause_of_a_quarter_of_an_hour(stage: Stage, profile: Profile) -> int:
    """How many pauses the leads are told of, fifteen minutes after one began without where-to."""
    paused = SeatRow("101", operator="li", state="paused", reason="rest")
    return len(long_pauses([paused], 15 * 60_000, profile.pause_notice_min))


def self_test_twenty_minutes_before(stage: Stage, profile: Profile) -> int:
    """Is the self test made twenty minutes before the shift of the day begins?"""
    rules, now = CasePolicy(profile, CALENDAR, ZONE), _ms("2026-11-26T08:10")
    return ShiftTest(stage.world.engine, rules, ("101",), False, lambda: 9999, lambda: now).once()


def temporary_outage(stage: Stage, profile: Profile) -> bool:
    """Is it said until when key customers are to be told, and that one was told too late?"""
    page = stage.panel(profile).get("/outages/outage-temporary").text
    told = re.search(r"临时检修须在 (<[^>]+>)?(2026-)?11-25 18:00(<[^>]+>)? 前通知重要客户", page) is not None
    assert told == ("通知已迟" in page)
    return told


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


@dataclass
class Stage:
    """What the stories share: a database with a panel before it, and the profile's file."""

    folder: Path
    numbers: object
    file: str = ""

    @cached_property
    def world(self) -> World:
        world = World(self.folder)
        world.people()
        announced(world)
        return world

    def panel(self, profile: Profile, role: str = "supervisor") -> FlaskClient:
        """Somebody at the panel of a hotline with this profile."""
        client = create_app(self.world.config(profile=profile)).test_client()
        assert Auth(client).login(role).status_code == 302
        return client
