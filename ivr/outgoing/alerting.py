"""Carrying the ringing of duty phones out: event by event, step, journal, act (as ``ivr.outgoing.placing`` does).

Its lines are ``<case>/duty<n>``. Facts name the place of a phone in the settings, never its number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ivr import telephony as t
from ivr.call.commands import Say
from ivr.call_services import CallServices
from ivr.clock import Timer
from ivr.facts.base import Content
from ivr.facts.outgoing import DutyNobody, DutyRung, DutyTaken
from ivr.ledger import Fact
from ivr.outgoing import duty as m

PREFIX = "duty"


@dataclass(frozen=True, slots=True)
class Alert:
    """What the duty phones are rung for: a case, by its number."""

    case_id: str
    number: str


@dataclass(slots=True)
class _Ringing:
    alert: Alert
    state: m.DutyState
    line: str = ""
    rung: int = 0
    token: str = ""
    timer: Timer | None = None
    done: Callable[[bool, int], None] = field(default=lambda taken, place: None)


class Alerting:
    """All ringing of one process; on the conductor's thread. ``numbers``: the digits to dial, in turn."""

    def __init__(self, house: CallServices, numbers: Sequence[str], caller_id: str, ring_ms: int, rounds: int) -> None:
        self._h, self._numbers, self._caller_id = house, tuple(numbers), caller_id
        self._ring_ms, self._rounds = ring_ms, rounds
        self._by_case: dict[str, _Ringing] = {}
        self._lines: dict[str, _Ringing] = {}

    def begin(self, alert: Alert, done: Callable[[bool, int], None]) -> None:
        """Ring for a case; ``done(taken, place)`` once somebody pressed 1, or nobody did in all rounds."""
        if alert.case_id in self._by_case:
            return
        here = _Ringing(alert, m.DutyState(len(self._numbers), self._rounds), done=done)
        self._by_case[alert.case_id] = here
        self._feed(here, m.Begin(self._h.clock.now_ms()))

    def happened(self, event: t.EngineEvent) -> bool:
        """The engine's sink: was it about a line of ours?"""
        line = getattr(event, "line", "")
        if not line.rpartition("/")[2].startswith(PREFIX):
            return False
        here = self._lines.get(line)
        if here is None or here.line != line:
            return True
        match event:
            case t.LineUp(at=at):
                self._feed(here, m.PhoneUp(at))
            case t.LineFailed(at=at) | t.LineGone(at=at):
                self._lines.pop(line, None)
                self._feed(here, m.PhoneGone(at))
            case t.DtmfKey(at=at, key=key):
                self._feed(here, m.Key(at, key))
            case t.PlaybackEnded(at=at, token=token, finished=True) if token == here.token:
                if here.state.phase == "thanking":
                    self._feed(here, m.WaitOver(at))
                else:
                    self._say(here, "alert")  # once more, until the key or the limit
        return True

    def _feed(self, here: _Ringing, event: m.Event) -> None:
        before = here.state
        here.state, commands = m.step(before, event)
        if here.state == before:
            return
        if here.timer is not None:
            here.timer.cancel()
            here.timer = None
        for command in commands:
            self._act(here, command)
        if here.state.taken and not before.taken:
            self._h.ledger.note(Fact(event.at, _said_of(here, DutyTaken)))
            here.done(True, here.state.place)
        if here.state.phase == "over":
            self._by_case.pop(here.alert.case_id, None)
            if not here.state.taken:
                self._h.ledger.note(Fact(event.at, _said_of(here, DutyNobody)))
                here.done(False, 0)

    def _act(self, here: _Ringing, command: m.Command) -> None:
        match command:
            case m.RingPhone(place=place):
                here.rung += 1
                here.line = f"{here.alert.case_id}/{PREFIX}{here.rung}"
                self._lines[here.line] = here
                self._h.ledger.note(Fact(self._h.clock.now_ms(), _said_of(here, DutyRung)))
                self._h.engine.dial_number(here.line, self._numbers[place], self._ring_ms, self._caller_id)
            case m.SayAlert(what=what, limit_ms=limit_ms):
                at = self._h.clock.now_ms() + limit_ms
                here.timer = self._h.clock.call_at(at, lambda: self._feed(here, m.WaitOver(at)))
                self._say(here, what)
            case m.DropPhone():
                self._lines.pop(here.line, None)
                self._h.engine.hangup(here.line, "duty")

    def _say(self, here: _Ringing, what: str) -> None:
        line = here.line
        here.token = f"{what}{here.rung}"
        say = Say("duty.alert", (("number", here.alert.number),)) if what == "alert" else Say("duty.thanks")
        token = here.token

        def ready(clips: list[t.Clip]) -> None:
            if here.line == line and here.token == token:
                self._h.engine.play(line, clips, token)

        self._h.speaker.clips((say,), "zh-CN", None, ready)


def _said_of(here: _Ringing, kind: type[DutyRung] | type[DutyTaken] | type[DutyNobody]) -> Content:
    return kind(here.alert.case_id, here.state.place + 1, here.state.round + 1)
