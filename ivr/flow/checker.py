"""Walk every reachable state of a flow × every event of an abstraction of the world.

The machine itself is walked, so what is proved is what runs. Abstracted: digits by class (the keys
a menu offers, one other digit, ``#``, ``*``), times to zero, names of prompts and recordings to
one. Proved: no event breaks the machine; every wait has an end of its own (a timer, or people
talking); from every state, time-outs and failures alone end the call within
``EVENTS_TO_END`` events; key 0 is never refused outside numbers; what is recorded is announced before,
and what is announced is recorded. A failure is reported with the path of events that leads there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ivr.call import commands as c
from ivr.call import events as e
from ivr.call import waiting
from ivr.call.limits import EVENTS_TO_END, NOTICE
from ivr.call.machine import begin, step
from ivr.call.phases import PHASES, Phase, phase_of
from ivr.call.state import CallState, CaseDraft, InQueue, SeatsRinging, Talk, evolve
from ivr.call.steps import account
from ivr.call.steps.window import SEATS
from ivr.call.targets import Targets
from ivr.call.turn import FlowContext

STATES_MAX = 200_000
IN_QUEUE, NO_QUEUE = InQueue(since=0), InQueue()
CALLED_BACK = 7  # digits of a number that is called back, in the world of the walk


@dataclass(frozen=True, slots=True)
class FlowFinding:
    """A state that must not be: which step, what is wrong, and the events that lead there."""

    step: str
    message: str
    path: tuple[str, ...]

    def __str__(self) -> str:
        return f"step '{self.step}': {self.message}\n    path: " + " → ".join(self.path)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What the walk saw."""

    states: int
    longest: int  # events until the end by time-outs and failures alone
    findings: tuple[FlowFinding, ...]


def check(flow: FlowContext) -> CheckReport:
    """Walk the flow, with schedules both open and closed."""
    numbers: dict[CallState, int] = {}  # in the order they were found, which is the order they are walked in
    seen: list[CallState] = []
    parents: list[tuple[int, str]] = []  # of each: the one before it, and the event between
    quiet: list[list[int]] = []
    findings: list[FlowFinding] = []
    asked: list[str] = []  # what one event made the call ask of the world
    worlds = _worlds(flow, asked)
    flow = worlds[0]

    def number(state: CallState, before: int, event: str) -> int:
        """The state's number; a state that is new is remembered, to be walked."""
        found = numbers.setdefault(state, len(seen))
        if found == len(seen):
            seen.append(state)
            parents.append((before, event))
        return found

    def path(of: int) -> tuple[str, ...]:
        names: list[str] = []
        while of:
            of, name = parents[of]
            names.append(name)
        return tuple(reversed(names))

    number(_plain(begin(flow)), 0, "")
    while len(quiet) < len(seen) < STATES_MAX and len(findings) < 10:
        here = len(quiet)
        state, following = seen[here], list[int]()
        quiet.append(following)
        if state.over:
            continue
        for event, failing in _events(flow, state):
            asked.clear()
            for world in worlds:
                if world is not flow and not asked:
                    break  # nothing was asked of the first: in the others it would be so again
                try:
                    after, commands = step(world, state, event)
                except Exception as error:  # the walk reports what a caller would fall into
                    findings.append(FlowFinding(state.step, f"{error!r}", (*path(here), _name(event))))
                    continue
                if untrue := _untrue(after, commands):
                    findings.append(FlowFinding(after.step, untrue, (*path(here), _name(event))))
                there = here if after is state else number(_plain(after), here, _name(event))
                if failing and (there != here or isinstance(event, e.TimeUp)):
                    following.append(there)
        if state.phase not in PHASES:
            findings.append(FlowFinding(state.step, f"no file tells of its phase '{state.phase}'", path(here)))
        if not state.timer and state.phase != "new" and not phase_of(state).talk:
            findings.append(FlowFinding(state.step, f"waits for ever in '{state.phase}'", path(here)))
        if key_zero_refused(flow, state):
            findings.append(FlowFinding(state.step, f"key 0 leads nowhere in '{state.phase}'", path(here)))
    if len(seen) >= STATES_MAX:
        findings.append(FlowFinding(flow.start, f"more than {STATES_MAX} states: too large to prove", ()))
    longest, circle = _longest(quiet)
    if circle is not None:
        why = "time-outs and failures alone go round for ever"
        findings.append(FlowFinding(seen[circle].step, why, path(circle)))
    elif longest > EVENTS_TO_END:
        findings.append(
            FlowFinding(flow.start, f"the end may be {longest} time-outs away (at most {EVENTS_TO_END})", ())
        )
    return CheckReport(len(seen), longest, tuple(findings))


def _untrue(after: CallState, commands: tuple[c.Command, ...]) -> str:
    """What is recorded is announced before, and what is announced is recorded next (B10); else: what is wrong."""
    if any(isinstance(command, c.Record) for command in commands) and not after.noticed:
        return "records what the caller was not told would be recorded"
    told = {item.key for command in commands if isinstance(command, c.Play) for item in command.say}
    if NOTICE in told and after.phase != "account.ask":
        return f"says '{NOTICE}', and records nothing"
    return ""


def _worlds(flow: FlowContext, asked: list[str]) -> list[FlowContext]:
    """The flow open, closed, and where no number typed can be called back; ``asked`` gets what it wants to know."""

    target = Targets(SEATS, tuple(flow.windows))

    def world(opened: bool, calls_back: bool) -> FlowContext:
        def is_open(schedule: str, at: int) -> bool:
            asked.append(schedule)
            return opened

        def call_back(digits: str) -> tuple[str, str]:
            asked.append(digits)
            if not calls_back:
                return "", "abroad"
            return (digits, "") if len(digits) >= CALLED_BACK else ("", "incomplete")

        return replace(flow, is_open=is_open, call_back=call_back, target=target)

    return [world(True, True), world(False, True), world(True, False)]


def key_zero_refused(flow: FlowContext, state: CallState) -> bool:
    """Key 0 must ask for a person wherever a prompt waits for a key (B5: a reserved digit at any time)."""
    if not phase_of(state).asks or state.left_at:
        return False
    after, commands = step(flow, state, e.Digit(0, "0"))
    entered = [m.value for m in commands if isinstance(m, c.Annotate) and m.name == "step"]
    return not entered and after.phase not in ("finding", "ringing") and not waiting.waits(after)


def _events(flow: FlowContext, state: CallState) -> Iterator[tuple[e.Event, bool]]:
    """(event, is it a time-out or a failure?)"""
    phase = phase_of(state)
    if state.phase == "new":
        yield e.Offered(0, "hotline", caller_known=True), False
        yield e.Offered(0, "hotline", caller_known=True, never_called="abroad"), False
        yield e.Offered(0, "hotline", caller_known=False), False
        return
    if state.timer:
        yield e.TimeUp(0, state.timer), not phase.hold
    yield e.CallerLeft(0), False
    yield e.Resumed(0), False
    yield e.Answered(0), False
    for key in _keys(flow, state):
        yield e.Digit(0, key), False
    if state.token:
        yield e.PlayDone(0, state.token), False
    if state.recording:
        for end, ms in (("silence", 9000), ("silence", 10), ("gone", 9000)):
            yield e.RecordDone(0, state.recording, ms, end), False
        yield e.RecordDone(0, state.recording, 0, "failed"), True
    yield from phase.world(state)
    for seat in state.ring.seats:
        yield e.SeatRinging(0, seat), False
        yield e.SeatAnswered(0, seat), False
        yield e.SeatFailed(0, seat, "busy"), True
    if state.seat:
        yield e.SeatLeft(0, state.seat), True
        yield e.SeatHeld(0, state.seat, phase.talk), False


def _keys(flow: FlowContext, state: CallState) -> str:
    """Keys by class: those that mean something somewhere here, and one other digit."""
    here = flow.steps.get(state.step)
    return phase_of(state).keys or "".join(dict.fromkeys((here.offered() if here else "") + "01258#*"))


def _plain(state: CallState) -> CallState:
    """The state without what makes no difference to where it may lead."""
    phase = phase_of(state)
    return evolve(
        state,
        {
            "lang": "",
            "serial": 0,
            "token": "p" if state.token else "",
            "recording": "r" if state.recording else "",
            "timer_at": 0,
            "offered_at": 0,
            "answered_at": 0,
            "human_at": 0,
            "left_at": 1 if state.left_at or state.phase.startswith("left.") else 0,
            "hops": 0,
            "noticed": state.noticed and state.phase in account.PHASES,  # said again is said
            "chose": True,
            "place_kept": False,
            "apologise": False,
            "taken_at": 0,
            "taken_key": "",
            "key_at": 0,
            "released_by": state.released_by and "x",
            "cause": state.cause and "x",
            "tries": 0 if phase.once else state.tries,
            "digits": "5" * len(state.digits) if phase.typed else state.digits[:1].replace("5", ""),
            "draft": _plain_draft(state, phase),
            "told": state.told and "answered|||",
            "ring": evolve(state.ring, {"until": 0, "late": False, "busy": ()}) if phase.rings else SeatsRinging(),
            "seat": state.seat and SEATS[0],
            "talk": _plain_talk(state.talk, phase),
            "queue": IN_QUEUE if state.queue.since >= 0 else NO_QUEUE,
        },
    )


def _plain_talk(talk: Talk, phase: Phase) -> Talk:
    """Who it is makes no difference, nor how often; outside of a talk only that a hand-over goes on."""
    how = talk.how and ("consult" if talk.how == "conference" else talk.how)
    plain = Talk(how=how, source=SEATS[0] if how else "")
    return evolve(plain, {"other": talk.other and SEATS[1], "up": talk.up}) if phase.talks else plain


def _plain_draft(state: CallState, phase: Phase) -> CaseDraft:
    draft = state.draft
    if phase.outside:  # what was asked makes no difference outside a case: words and number are kept
        draft = CaseDraft(recordings=draft.recordings, callback=draft.callback, number=draft.number)
    return evolve(
        draft,
        {
            "recordings": tuple("r" for _ in draft.recordings[:1]),
            "category": "",
            "page": draft.page if phase.paged else 0,
            "callback": "typed" if draft.callback == "typed" else "none",
            "typed_number": "",
            "confirmed": False,
            "number": draft.number and "n",
            "due": draft.due and "d",
            "workdays": 0,
            "query_code": draft.query_code and "q",
        },
    )


def _name(event: e.Event) -> str:
    match event:
        case e.Digit(key=key):
            return f"key {key}"
        case e.TimeUp(timer=timer):
            return f"time-out ({timer})"
        case e.SeatFailed(seat=seat, reason=reason):
            return f"{seat} {reason}"
    return type(event).__name__


def _longest(graph: list[list[int]]) -> tuple[int, int | None]:
    """The longest way to the end along failures, and a state on a circle when there is one."""
    length: dict[int, int] = {}
    for root in range(len(graph)):
        on_path: set[int] = set()
        stack: list[tuple[int, Iterator[int]]] = []
        if root in length:
            continue
        stack.append((root, iter(graph[root])))
        on_path.add(root)
        while stack:
            state, following = stack[-1]
            after = next(following, None)
            if after is None:
                stack.pop()
                on_path.discard(state)
                length[state] = 1 + max((length.get(n, 0) for n in graph[state]), default=-1)
            elif after in on_path:
                return 0, state
            elif after not in length and after < len(graph):
                on_path.add(after)
                stack.append((after, iter(graph[after])))
    return max(length.values(), default=0), None
