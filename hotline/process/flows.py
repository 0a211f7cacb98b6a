"""The flows of a hotline: found by name or path, checked before they are served."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

from hotline.config.settings import Settings
from hotline.errors import CannotRun
from hotline.process import factories
from hotline.process.callbacks import number_rules, transfer_rules
from ivr.calendar.hours import in_break, is_open
from ivr.calendar.tables import WorkCalendar
from ivr.call.commands import Say
from ivr.call.turn import CallLimits, FlowContext
from ivr.called import CalledNumbers
from ivr.flow.checker import CheckReport, check
from ivr.flow.loader import FlowEnvironment, load
from ivr.flow.reach import Reach, reach, spoken_s
from ivr.flow.yaml_source import FlowRefused
from ivr.outgoing.numbers import called_back
from ivr.phrases import Phrases
from ivr.profile import Profile
from ivr.render_prompts import lines

log = logging.getLogger(__name__)
CHECKED = "checked-flows.json"


def shipped() -> dict[str, Path]:
    """The flows that come with the hotline, by name."""
    folder = Path(str(files("callflows").joinpath("flows")))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def find(name: str) -> Path:
    """The file of a flow: a shipped name, or a path. Raises :class:`CannotRun`."""
    known = shipped()
    if name in known:
        return known[name]
    path = Path(name)
    if path.is_file():
        return path
    raise CannotRun(f"there is no flow '{name}': use one of {', '.join(known)}, or the path of a .yaml file")


def flow_environment(
    settings: Settings, phrases: Phrases | None = None, calendar: WorkCalendar | None = None
) -> FlowEnvironment:
    """What flows may lean on, from the settings. ``phrases``: if they were read already; ``calendar``: the one
    everybody counts by, when there is one."""
    phrases = phrases or factories.phrases(settings)
    profile, zone = factories.profile(settings), ZoneInfo(settings.unit.zone)
    calendar = calendar or factories.calendar(settings)

    on_duty = any(window.lunch for window in settings.windows.values())

    def open_now(schedule: str, at_ms: int) -> bool:
        hours, at = settings.hours[schedule], datetime.fromtimestamp(at_ms / 1000, UTC)
        return is_open(hours, at, calendar, zone) or (on_duty and in_break(hours, at, calendar, zone))

    return FlowEnvironment(
        has_phrase=phrases.has,
        phrases=[phrase.key for phrase in phrases],
        windows={name: window.seats for name, window in settings.windows.items()},
        schedules=tuple(settings.hours),
        rules=rules(profile),
        is_open=open_now,
        call_back=partial(called_back, rules=number_rules(settings)),
        seats=tuple(settings.seats),
        transfers=partial(called_back, rules=transfer_rules(settings)),
    )


def rules(profile: Profile) -> CallLimits:
    """What of the profile the call machine obeys."""
    return CallLimits(
        limit_s=profile.ring_limit_ms / 1000,
        a_alone_s=profile.a_alone_ms / 1000,
        apology_after_s=profile.apology_after_ms / 1000,
        ring_stage_s=profile.seats.ring_stage_s,
        menus=profile.menu_mode != "none",
        first_key_s=profile.call.first_digit_s,
        inter_key_s=profile.call.inter_digit_s,
        farewell_grace_s=profile.call.farewell_grace_s,
        account_max_s=profile.recording.account_max_s,
        message_max_s=profile.recording.message_max_s,
        account_silence_s=profile.recording.silence_s,
        talks=profile.recording.talks,
        call_back_h=profile.missed_call_back_h,
        comfort_s=profile.call.queue_comfort_s,
        queue_max_s=profile.call.queue_max_s,
        drains=profile.closing == "drain",
    )


def serve_flows(
    settings: Settings, phrases: Phrases | None = None, calendar: WorkCalendar | None = None
) -> CalledNumbers[FlowContext]:
    """Called number → flow, every flow proved first. Raises :class:`CannotRun` with what is wrong."""
    phrases = phrases or factories.phrases(settings)
    base = flow_environment(settings, phrases, calendar)
    flows = {name: read(find(name), base) for name in {settings.flow, *settings.numbers.values()}}
    for name, flow in flows.items():
        for line in in_reach(settings, name, flow, phrases):
            log.warning("%s", line)
        proved(find(name), flow, settings.data.dir)
    default = flows[settings.flow]
    by_number = {number: flows[name] for number, name in settings.numbers.items()}
    return CalledNumbers(by_number, default, factories.plan(settings))


def read(path: Path, base: FlowEnvironment) -> FlowContext:
    """The flow in a file, every name in it known. Raises :class:`CannotRun` with what is wrong."""
    try:
        return load(path, base)
    except FlowRefused as refused:
        raise CannotRun(f"the flow is not served:\n{refused}") from None


def proved(path: Path, flow: FlowContext, data: Path) -> None:
    """Walk the flow of this file; a proof made before for the same flow, rules and program is remembered.

    Raises :class:`CannotRun` with the states a caller would be lost in.
    """
    key = hashlib.sha256(f"{flow.version} {flow.labels} {flow.rules} {_machine_version()}".encode()).hexdigest()
    memory = data / CHECKED
    if key in _remembered(memory):
        return
    report = check(flow)
    if report.findings:
        raise CannotRun("the flow is not served:\n" + describe(path.name, report))
    data.mkdir(parents=True, exist_ok=True)
    memory.write_text(json.dumps([*_remembered(memory), key][-50:]), encoding="utf-8")


def reach_of(settings: Settings, flow: FlowContext, phrases: Phrases) -> Reach:
    """How far a person is in this flow, with the phrases as they are spoken here."""

    title, hours = factories.window_title(settings), partial(factories.hours, settings)

    def speaking(says: Sequence[Say], lang: str) -> float:
        found = lines(says, phrases, lang, caller=None, window_title=title, hours=hours)
        return sum(spoken_s(line.text, lang) for line in found)

    return reach(flow, speaking)


def in_reach(settings: Settings, name: str, flow: FlowContext, phrases: Phrases) -> list[str]:
    """Return what is weak in a flow that is served all the same: its notes, and a person who is too far.

    Raises :class:`CannotRun` when a shipped flow takes longer to a person than the profile allows, whatever the unit
    is called: for a long name of its own no hotline stops answering.
    """
    found, most = reach_of(settings, flow, phrases), factories.profile(settings).call.to_person_max_s
    if found.seconds <= most:
        return list(flow.notes)
    far = (
        f"{name}: {found}; the profile allows {most:g} s → shorten [unit] name or the phrases of greeting and menu, "
        "or raise [call] to_person_max_s in the profile"
    )
    nameless = Phrases.load(variables={"unit": "", "unit.en": ""})
    if name in shipped() and reach_of(settings, flow, nameless).seconds > most:
        raise CannotRun(f"the flow is not served:\n{far}")
    return [*flow.notes, far]


def describe(file: str, report: CheckReport) -> str:
    """The findings of a walk for people."""
    return "\n".join(f"{file}: {finding}" for finding in report.findings)


def _remembered(memory: Path) -> list[str]:
    try:
        known = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return known if isinstance(known, list) else []


def _machine_version() -> str:
    """A proof holds for the very program that was walked."""
    digest = hashlib.sha256()
    for package in ("ivr.call", "ivr.call.steps", "ivr.cases", "ivr.flow"):
        for entry in sorted(files(package).iterdir(), key=lambda item: item.name):
            if entry.name.endswith(".py"):
                digest.update(entry.read_bytes())
    return digest.hexdigest()
