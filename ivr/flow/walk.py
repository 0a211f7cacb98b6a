"""Walk a flow without a telephone: type what happens, read what the caller would hear.

    walk = Walk(flow, phrases, ...)
    walk.do("3")         # a key
    walk.do("/silence")  # nothing, until the present wait is over
    walk.trace()         # the whole walk, to be kept as a golden test

What the walk cannot know is typed too: ``/answer``, ``/busy``, ``/noanswer``, ``/nobody``, ``/queue``,
``/free``, ``/say 20`` (seconds of speech), ``/leave`` (the operator hangs up), ``/fail`` (the case cannot be stored),
``/closed`` and ``/open``, ``/hangup`` (the caller).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ivr.call import commands as c
from ivr.call import events as e
from ivr.call.machine import begin, step
from ivr.call.state import CallState
from ivr.call.turn import FlowContext
from ivr.errors import IvrError

COMMANDS: dict[str, str] = {
    "/silence": "nothing happens until the present wait is over",
    "/answer": "the operator answers (/answer B: that one)",
    "/busy": "the ringing phone is busy",
    "/noanswer": "the ringing phone rings out",
    "/nobody": "from here on no operator is free (again: they are)",
    "/queue": "from here on all operators are in calls, so one waits (again: they are not)",
    "/free": "a seat is free, and it is the caller's turn (/free B: that one)",
    "/say": "the caller speaks (/say 20: so many seconds)",
    "/leave": "the operator hangs up",
    "/fail": "from here on no case can be stored (again: it can)",
    "/closed": "outside opening hours",
    "/open": "in opening hours",
    "/hangup": "the caller hangs up",
}
KEY_MS = 1000  # a person needs so long for a key
QUEUE = (2, 240_000)  # callers ahead, and how long one waits (ms)
CASE = ("2611210015", "2026-11-26", "90481735")  # what a stored case is answered with
PROMPT_MS = 3000


class Unknown(IvrError, ValueError):
    """Something typed that means nothing here."""


@dataclass(slots=True)
class Walk:
    """One call being walked. ``say``: how a phrase reads (for people); the trace keeps keys."""

    flow: FlowContext
    say: Callable[[c.Say], str]
    caller_known: bool = True
    state: CallState = field(default_factory=CallState)
    at: int = 0
    steps: list[dict[str, Any]] = field(default_factory=list)
    nobody: bool = False
    failing: bool = False
    is_open: bool = True
    busy: bool = False
    _out: list[c.Command] = field(default_factory=list)

    def begin(self) -> list[str]:
        """The call arrives and is answered."""
        self.state = begin(self.flow)
        return self._input("/call", [lambda: e.Offered(self.at, "hotline", self.caller_known)])

    @property
    def over(self) -> bool:
        return self.state.over

    @property
    def where(self) -> str:
        """Step and wait, for the prompt."""
        return f"{self.state.step or '-'} ({self.state.phase})"

    def do(self, typed: str) -> list[str]:
        """One line typed: keys, or a command. Returns what happens, for people. Raises :class:`Unknown`."""
        word, _, rest = typed.strip().partition(" ")
        if word and all(key in "0123456789*#" for key in word):
            self.at += KEY_MS
            return self._input(word, [lambda key=key: e.Digit(self.at, key) for key in word])  # type: ignore[misc]
        if word not in COMMANDS:
            raise Unknown(f"'{word}' is no key and no command; there are: keys, {', '.join(COMMANDS)}")
        return self._input(typed.strip(), self._events(word, rest))

    def trace(self) -> dict[str, Any]:
        """The walk as data: replaying its inputs must give the same outputs."""
        return {"flow": self.flow.name, "caller_known": self.caller_known, "steps": self.steps}

    # --- inputs ---

    def _events(self, word: str, rest: str) -> list[Callable[[], e.Event | None]]:
        ringing = self.state.ring.seats
        match word:
            case "/nobody":
                self.nobody = not self.nobody
            case "/queue":
                self.busy = not self.busy
            case "/free":
                return [lambda: e.SeatOffered(self.at, rest or "A")]
            case "/fail":
                self.failing = not self.failing
            case "/closed" | "/open":
                self.is_open = word == "/open"
                self.flow = replace(self.flow, is_open=lambda schedule, at: self.is_open)
            case "/silence":
                return [self._prompt_over, self._time_up]
            case "/answer" | "/busy" | "/noanswer":
                seat = rest or (ringing[0] if ringing else "")
                if seat not in ringing:
                    raise Unknown(f"no phone rings{f' at {rest}' if rest else ''}: first key 0 or a window")
                why = "busy" if word == "/busy" else "no_answer"
                answered = word == "/answer"
                return [lambda: e.SeatAnswered(self.at, seat) if answered else e.SeatFailed(self.at, seat, why)]
            case "/say":
                if not (rest or "10").isdecimal():
                    raise Unknown(f"/say takes whole seconds, not {rest!r}")
                ms = int(rest or 10) * 1000
                return [self._prompt_over, lambda: self._recorded(ms)]
            case "/leave":
                return [lambda: e.SeatLeft(self.at, self.state.seat)]
            case "/hangup":
                return [lambda: e.CallerLeft(self.at), lambda: self._recorded(0)]
        return []

    def _prompt_over(self) -> e.Event | None:
        return e.PlayDone(self.at, self.state.token) if self.state.token else None

    def _time_up(self) -> e.Event | None:
        self.at = max(self.at, self.state.timer_at)
        return e.TimeUp(self.at, self.state.timer) if self.state.timer else None

    def _recorded(self, ms: int) -> e.Event | None:
        end = "gone" if self.state.left_at else "silence"
        return e.RecordDone(self.at + ms, self.state.recording, ms, end) if self.state.recording else None

    # --- turns ---

    def _input(self, typed: str, makes: list[Callable[[], e.Event | None]]) -> list[str]:
        self._out = []
        for make in makes:
            event = make()
            if event is not None and not self.state.over:
                self._turn(event)
        self.steps.append({"do": typed, "at": self.where, "out": [_short(command) for command in self._out]})
        return [line for command in self._out if (line := self._read(command))]

    def _turn(self, event: e.Event) -> None:
        self.at = max(self.at, event.at)
        self.state, commands = step(self.flow, self.state, event)
        self._out += commands
        for command in commands:
            if (answer := self._answer(command)) is not None:
                self._turn(answer)

    def _answer(self, command: c.Command) -> e.Event | None:
        """What the world answers at once."""
        match command:
            case c.Answer():
                return e.Answered(self.at)
            case c.Play():
                self.at += PROMPT_MS
            case c.FindSeats(window=window, level=level, exclude=exclude):
                seats = tuple(s for s in ("A", "B") if s not in exclude and level in ("window", "everybody"))
                none = self.nobody or self.busy or not seats
                return e.NobodyFree(self.at, window) if none else e.SeatsFound(self.at, window, seats)
            case c.Enqueue() | c.LookQueue():
                return e.Queued(self.at, *QUEUE) if self.busy else e.NobodyFree(self.at)
            case c.KeepPlace():
                return e.PlaceKept(self.at, CASE[1] + "T10:30")
            case c.FindCase(typed=typed):
                state = "answered" if self.failing else "handling"
                return e.CaseFound(self.at, "found" if typed == CASE[2] else "unknown", state, CASE[1])
            case c.AskRating():
                return e.RatingAsked(self.at, not self.failing)
            case c.OpenCase():
                if self.failing:
                    return e.CaseFailed(self.at, "walk")
                number, due, code = CASE
                return e.CaseOpened(self.at, number, due, code if command.anonymous else "")
            case c.DropSeat(seat=seat) if seat in self.state.ring.tried:
                return e.SeatFailed(self.at, seat, "cancelled")
        return None

    def _read(self, command: c.Command) -> str:
        match command:
            case c.Play(say=says):
                return "\n".join(f"♪ {self.say(item)}" for item in says)
            case c.Record():
                return "● recording"
            case c.Enqueue(window=window):
                return f"⋯ the queue of {window}"
            case c.KeepPlace():
                return "⋯ the place is kept for a call back"
            case c.DialSeat(seat=seat, ring_ms=ms):
                return f"☎ {seat} rings (at most {ms / 1000:g} s)"
            case c.DropSeat(seat=seat, reason=reason):
                return f"☎ {seat} stops: {reason}"
            case c.Bridge(seat=seat):
                return f"⇄ the caller speaks with {seat}"
            case c.OpenCase(kind=kind, callback=callback, complete=complete):
                return f"▣ case: {kind}, call back: {callback}{'' if complete else ', incomplete'}"
            case c.Hangup(cause=cause):
                return f"∎ the hotline hangs up: {cause}"
            case c.Annotate(name="step", value=value):
                return f"→ {value}"
            case c.Annotate(name="rated", value=value):
                return f"★ rated {value}"
        return ""


def _short(command: c.Command) -> str:
    match command:
        case c.Play(say=says):
            return "play " + " ".join(item.key for item in says)
        case c.Annotate(name=name, value=value):
            return f"{name} {value}".strip()
        case c.DialSeat(seat=seat, ring_ms=ms):
            return f"dial {seat} {ms}"
        case c.DropSeat(seat=seat, reason=reason):
            return f"drop {seat}: {reason}"
        case c.Bridge(seat=seat):
            return f"bridge {seat}"
        case c.FindSeats(window=window, level=level):
            return f"find {window} {level}"
        case c.OpenCase():
            extra = " anonymous" if command.anonymous else ""
            return f"case {command.kind} {command.callback}{extra}{'' if command.complete else ' incomplete'}"
        case c.Hangup(cause=cause):
            return f"hangup {cause}"
    return type(command).__name__.lower()


def replay(flow: FlowContext, trace: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Walk a kept trace again: the (expected, found) pairs that differ."""
    walk = Walk(flow, say=lambda item: item.key, caller_known=trace["caller_known"])
    walk.begin()
    for wanted in trace["steps"][1:]:
        walk.do(wanted["do"])
    return [(a, b) for a, b in zip(trace["steps"], walk.steps, strict=True) if a != b]
