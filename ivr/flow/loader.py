"""Flow files: read, check every name in them, and make the steps of a call.

Every error names file, line, step and what to write instead; all are reported at once.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from ivr.call.limits import TALK_NOTICES
from ivr.call.steps import kinds
from ivr.call.steps.base import Step
from ivr.call.steps.case import TakeCaseStep
from ivr.call.steps.goodbye import GoodbyeStep
from ivr.call.steps.goto import GotoStep
from ivr.call.steps.hours import HoursStep
from ivr.call.steps.menu import MenuStep
from ivr.call.steps.say import SayStep
from ivr.call.steps.window import WindowStep
from ivr.call.targets import Targets
from ivr.call.turn import FAREWELL, HOURS_TOLD, CallLimits, FlowContext
from ivr.flow.yaml_source import FlowRefused, Problem, YamlSource, parse, read
from ivr.outgoing.numbers import NumberRules, called_back

KINDS = kinds()
HEAD = {"flow", "start", "steps", "person", "title", "title_en"}


@dataclass(frozen=True, slots=True)
class FlowEnvironment:
    """What a flow may lean on: known phrases, windows with their seats, schedules, rules."""

    has_phrase: Callable[[str], bool]
    phrases: Collection[str] = ()  # for "did you mean"
    windows: Mapping[str, Collection[str]] = field(default_factory=dict)
    schedules: Collection[str] = ("default",)
    rules: CallLimits = field(default_factory=CallLimits)
    is_open: Callable[[str, int], bool] = lambda schedule, at: True
    call_back: Callable[[str], tuple[str, str]] = lambda digits: called_back(digits, NumberRules())
    seats: Collection[str] = ()  # whom a caller can be handed over to, besides those of the windows
    transfers: Callable[[str], tuple[str, str]] = lambda digits: called_back(digits, NumberRules(allow=()))


def load(path: Path, house: FlowEnvironment) -> FlowContext:
    """Load a flow from a file, every name in it known. Raises :class:`FlowRefused` with all problems."""
    source = read(path)
    return build(source, path.read_bytes(), house)


def loads(text: str, house: FlowEnvironment, file: str = "flow.yaml") -> FlowContext:
    """Load a flow from text; ``file``: the name problems are reported under. Raises :class:`FlowRefused`."""
    return build(parse(text, file), text.encode(), house)


def build(source: YamlSource, raw: bytes, house: FlowEnvironment) -> FlowContext:
    """Make the flow; ``raw`` is hashed into the version that each call remembers."""
    problems = list(_head(source))
    steps, bad = _steps(source, problems)
    names = set(steps) | bad
    start, person = str(source.data.get("start", "")), _person(source, steps)
    for place, name, what in ((("start",), start, "start"), (("person",), person, "person")):
        if name not in names:
            problems.append(_unknown_step(source, place, "", what, name, names))
    if not bad and person in steps and not _is_person(steps, person):
        problems.append(
            source.problem(
                ("steps", person),
                person,
                "is where key 0 and silence lead, but it is no window",
                "make it a window step, or name another one with 'person: STEP'",
            )
        )
    labels: dict[str, str] = {}
    for name, step in steps.items():
        problems += _names(source, name, step, names, house)
        if isinstance(step, MenuStep):
            problems += _labels(source, name, step, steps, house, labels)
    problems += _quiet_loops(source, steps)
    problems += _told_closed_while_open(source, steps, (start, person))
    if problems:
        raise FlowRefused(sorted(problems, key=_line))
    windows = _windows(steps)
    seats = {*house.seats, *(seat for window in house.windows.values() for seat in window)}
    notes = sorted((note for name, step in steps.items() for note in _notes(source, name, step, house)), key=_line)
    return FlowContext(
        name=str(source.data["flow"]),
        version=hashlib.sha256(raw).hexdigest()[:12],
        start=start,
        person=person,
        steps={**steps, FAREWELL: GoodbyeStep()},
        rules=house.rules,
        is_open=house.is_open,
        call_back=house.call_back,
        labels=labels,
        target=Targets(frozenset(seats), tuple(name for name in house.windows if name in windows), house.transfers),
        windows=windows,
        notes=tuple(str(note) for note in notes),
    )


def _windows(steps: Mapping[str, Step]) -> dict[str, str]:
    """Window -> the first step that leads there; one that rings everybody only where there is no other."""
    ordered = sorted(steps.items(), key=lambda item: bool(getattr(item[1], "everybody", False)))
    return {window: name for name, step in reversed(ordered) for window in step.windows()}


def _line(problem: Problem) -> int:
    return problem.line


def _notes(source: YamlSource, name: str, step: Step, house: FlowEnvironment) -> Iterator[Problem]:
    """What is served, but should be better."""
    for where, key in step.phrases():
        if key in TALK_NOTICES and not house.rules.talks:
            yield source.problem(
                ("steps", name, *where.split(".")),
                name,
                f"'{key}' is not said: talks are not recorded ([recording] talks = false)",
                f"say '{TALK_NOTICES[key]}' instead" if TALK_NOTICES[key] else "leave it out",
            )
    if isinstance(step, MenuStep) and "0" in step.menu.keys and next(iter(step.menu.keys)) != "0":
        yield source.problem(
            ("steps", name, "menu", "keys"), name, "key 0, a person, is not offered first", "write '0: STEP' first"
        )


def _head(source: YamlSource) -> Iterator[Problem]:
    for key in ("flow", "start", "steps"):
        if not source.data.get(key):
            yield source.problem((), "", f"'{key}' is missing", f"add '{key}:' at the top level")
    for key in source.data:
        if key not in HEAD:
            yield source.problem((key,), "", f"'{key}' is not known here", f"use one of {', '.join(sorted(HEAD))}")


def _steps(source: YamlSource, problems: list[Problem]) -> tuple[dict[str, Step], set[str]]:
    steps: dict[str, Step] = {}
    bad: set[str] = set()
    raw = source.data.get("steps")
    if raw is not None and not isinstance(raw, dict):
        problems.append(source.problem(("steps",), "", "'steps' is no mapping", "write 'NAME: {KIND: ...}' lines"))
    for name, spec in (raw if isinstance(raw, dict) else {}).items():
        found = list(_step_problems(source, name, spec))
        if found:
            problems += found
            bad.add(name)
            continue
        kind = KINDS[next(k for k in spec if k in KINDS)]
        try:
            steps[name] = kind.model_validate(spec)
        except ValidationError as error:
            bad.add(name)
            problems += [_pydantic(source, name, kind, dict(item)) for item in error.errors()]
    return steps, bad


def _step_problems(source: YamlSource, name: str, spec: object) -> Iterator[Problem]:
    place = ("steps", name)
    if name.startswith("@"):
        yield source.problem(place, name, "a name may not begin with @", "choose another name")
    if not isinstance(spec, dict):
        yield source.problem(place, name, "is empty", f"give it one of: {', '.join(sorted(KINDS))}")
        return
    kinds = [key for key in spec if key in KINDS]
    if len(kinds) != 1:
        what = f"is of {len(kinds)} kinds ({', '.join(kinds)})" if kinds else "is of no known kind"
        yield source.problem(place, name, what, f"give it exactly one of: {', '.join(sorted(KINDS))}")


def _pydantic(source: YamlSource, name: str, kind: type[Step], error: Mapping[str, object]) -> Problem:
    loc = tuple(str(part) for part in error["loc"])  # type: ignore[attr-defined]
    where = ".".join(loc)
    place = ("steps", name, *loc)
    if error["type"] == "missing":
        if loc[-1] == "silence":
            remedy = "add 'silence: STEP' (a step that leads to a person): silence must have an end"
        else:
            remedy = f"add '{loc[-1]}: ...' (see docs/flows.md#{kind.kind})"
        return source.problem(place, name, f"'{where}' is missing", remedy)
    if error["type"] == "extra_forbidden":
        return source.problem(place, name, f"'{where}' is not known in a {kind.kind} step", "remove it or correct it")
    message = str(error["msg"]).removeprefix("Value error, ")
    return source.problem(place, name, f"'{where}': {message}", f"see docs/flows.md#{kind.kind}")


def _person(source: YamlSource, steps: Mapping[str, Step]) -> str:
    """The step key 0 leads to: the one named, the one called ``person``, else the first window."""
    named = source.data.get("person")
    if named or "person" in steps:
        return str(named or "person")
    return next((name for name, step in steps.items() if isinstance(step, WindowStep)), "person")


def _is_person(steps: Mapping[str, Step], name: str) -> bool:
    seen: set[str] = set()
    while name in steps and name not in seen:
        seen.add(name)
        step = steps[name]
        if isinstance(step, WindowStep):
            return True
        if isinstance(step, GotoStep):
            name = step.goto
        elif isinstance(step, SayStep):
            name = step.next
        elif isinstance(step, HoursStep):
            name = step.hours.open
        else:
            return False
    return False


def _unknown_step(
    source: YamlSource, place: tuple[str, ...], step: str, what: str, name: str, names: set[str]
) -> Problem:
    near = difflib.get_close_matches(name, names, n=1)
    remedy = (
        f"did you mean '{near[0]}'?" if near else f"add a step '{name}', or name one of: {', '.join(sorted(names))}"
    )
    return source.problem(place, step, f"'{what}' leads to '{name}', which is no step", remedy)


def _names(source: YamlSource, name: str, step: Step, names: set[str], house: FlowEnvironment) -> Iterator[Problem]:
    base = ("steps", name)
    for branch, target in dict.fromkeys(step.exits()):
        if target != FAREWELL and target not in names:
            yield _unknown_step(source, (*base, *branch.split(".")), name, branch, target, names)
    keys = list(step.phrases())
    if step.label:
        keys.append(("label", step.label))
    for where, key in keys:
        if not key.startswith("tone.") and not house.has_phrase(key):
            near = difflib.get_close_matches(key, list(house.phrases), n=2)
            remedy = f"did you mean {' or '.join(near)}?" if near else "see callflows/phrases for the keys there are"
            yield source.problem((*base, *where.split(".")), name, f"phrase '{key}' is not known", remedy)
    for window in step.windows():
        if not house.windows.get(window):
            have = ", ".join(sorted(w for w, seats in house.windows.items() if seats)) or "none yet"
            what = "has no seats" if window in house.windows else "is not known"
            yield source.problem(
                (*base, "window"),
                name,
                f"window '{window}' {what}",
                f"give [windows.{window}] seats in hotline.toml, or use one of: {have}",
            )
    if isinstance(step, HoursStep) and step.hours.schedule not in house.schedules:
        yield source.problem(
            (*base, "hours", "schedule"),
            name,
            f"schedule '{step.hours.schedule}' is not known",
            f"add it under [hours] in hotline.toml, or use one of: {', '.join(sorted(house.schedules))}",
        )


def _labels(
    source: YamlSource,
    name: str,
    menu: MenuStep,
    steps: Mapping[str, Step],
    house: FlowEnvironment,
    labels: dict[str, str],
) -> Iterator[Problem]:
    for key, target in menu.menu.keys.items():
        if target not in steps:
            continue
        label = _label(target, steps, house)
        if label is None:
            yield source.problem(
                ("steps", name, "menu", "keys", key),
                name,
                f"the menu cannot say what '{target}' is",
                f"give the step '{target}' a label: 'label: PHRASE_KEY'",
            )
        else:
            labels[target] = label


def _label(target: str, steps: Mapping[str, Step], house: FlowEnvironment) -> str | None:
    step = steps[target]
    for key in (step.label, f"label.{target}"):
        if key and house.has_phrase(key):
            return key
    if isinstance(step, WindowStep):
        return f"window:{step.window}"
    if isinstance(step, TakeCaseStep) and house.has_phrase(f"label.{step.case.kind}"):
        return f"label.{step.case.kind}"
    if isinstance(step, GotoStep) and step.goto in steps and step.goto != target:
        return _label(step.goto, steps, house)
    return None


def _told_closed_while_open(source: YamlSource, steps: Mapping[str, Step], begin: tuple[str, ...]) -> Iterator[Problem]:
    """That we are closed may be said only behind a closed door: else a caller in opening hours hears it."""
    seen, todo = set(begin), [name for name in begin if name in steps]
    while todo:
        name = todo.pop()
        for where, key in steps[name].phrases():
            if key in HOURS_TOLD:
                yield source.problem(
                    ("steps", name, *where.split(".")),
                    name,
                    f"says '{key}', and is reached in opening hours",
                    "lead to it only by 'closed' of an hours step",
                )
        for branch, target in steps[name].exits():
            if branch != "hours.closed" and target in steps and target not in seen:
                seen.add(target)
                todo.append(target)


def _quiet_loops(source: YamlSource, steps: Mapping[str, Step]) -> Iterator[Problem]:
    """A circle of steps that needs no act of the caller would go round for ever."""
    done: set[str] = set()
    for root in steps:
        path: list[str] = []
        stack: list[tuple[str, Iterator[tuple[str, str]]]] = []
        if root in done:
            continue
        path.append(root)
        stack.append((root, steps[root].quiet_exits()))
        while stack:
            name, exits = stack[-1]
            branch, target = next(exits, ("", ""))
            if not target:
                stack.pop()
                path.pop()
                done.add(name)
            elif target in path:
                circle = [*path[path.index(target) :], target]
                yield source.problem(
                    ("steps", name, *branch.split(".")),
                    name,
                    f"a loop: {' → '.join(circle)} goes round with no act of the caller",
                    "lead one of these to a person, a message or a goodbye",
                )
            elif target in steps and target not in done:
                path.append(target)
                stack.append((target, steps[target].quiet_exits()))
