"""Carrying outgoing calls out: event by event, step, then one transaction, then act (as ``ivr.conductor`` does).

    placing = Placing(Lines(engine, ledger, clock, desk, speaker, caller_id))
    engine.start(lambda event: placing.happened(event) or conductor.happened(event))
    placing.begin(order)

Its calls have two lines, ``<call>/seat`` and ``<call>/citizen``. Where a call stands is in its row of
``outgoing_calls``, which is made of the facts written here; so a process that follows a dead one knows it too.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from ivr import telephony as t
from ivr.call.commands import Say
from ivr.call_services import Speaker
from ivr.clock import Clock, Timer
from ivr.desk.desk import Desk
from ivr.facts import outgoing as f
from ivr.facts.base import Content
from ivr.ledger import CallTransaction, Fact, Ledger
from ivr.outgoing import call as m
from ivr.outgoing.tones import clips
from ivr.render_prompts import HOLD_FIRST, HOLD_STILL, MUSIC

log = logging.getLogger(__name__)

SEAT_RING_MS = 25_000  # the operator clicked a moment ago
CITIZEN_RING_MS = 45_000  # under the minute most networks let a phone ring
SEAT, CITIZEN = "seat", "citizen"


class CallToPlace(Protocol):
    """A call that is to be placed now (``services.callbacks.CallbackJob``). ``number``: the digits to dial."""

    @property
    def id(self) -> str: ...
    @property
    def seat(self) -> str: ...
    @property
    def number(self) -> str: ...


@dataclass(frozen=True, slots=True)
class OutgoingServices:
    """What :class:`Placing` leans on. ``caller_id``: what citizens' phones show; ``ring_ms``: how long those ring.

    ``speaker``: has the words and the music for citizens who are on hold.
    """

    engine: t.Engine
    ledger: Ledger
    clock: Clock
    desk: Desk
    speaker: Speaker
    caller_id: str = ""
    ring_ms: int = CITIZEN_RING_MS


@dataclass(slots=True)
class _Call:
    id: str
    seat: str
    number: str
    state: m.OutgoingState = field(default_factory=m.OutgoingState)
    lines: set[str] = field(default_factory=set)  # not ended yet
    busy: bool = False
    inbox: deque[m.Event] = field(default_factory=deque)
    played: int = 0
    timer: Timer | None = None


class Placing:
    """All outgoing calls of one process; on the conductor's thread."""

    def __init__(self, lines: OutgoingServices) -> None:
        self._l = lines
        self._tones = clips()
        self._calls: dict[str, _Call] = {}

    @property
    def calls(self) -> int:
        """How many are not over."""
        return len(self._calls)

    def begin(self, order: CallToPlace) -> None:
        """Ring the operator. That the call began is journaled already."""
        call = self._calls[order.id] = _Call(order.id, order.seat, order.number)
        display = f"回拨 {'*' * max(0, len(order.number) - 4)}{order.number[-4:]}"

        def taken(won: bool) -> None:
            if won:
                call.lines.add(SEAT)
                self._l.engine.dial(_line(call, SEAT), order.seat, SEAT_RING_MS, display)
            else:
                self._feed(call, m.SeatGone(self._l.clock.now_ms(), "busy"))

        self._l.desk.take(order.seat, order.id, self._l.clock.now_ms(), taken)

    def go_on(self, order: CallToPlace, state: m.OutgoingState, up: Sequence[str], told: Sequence[m.Event]) -> None:
        """Take in a call whose lines (``up``: those there are) went on while our process was started anew."""
        call = self._calls[order.id] = _Call(order.id, order.seat, order.number, state, set(up))
        call.played = 1000  # names of the dead process's tones are not used again
        if SEAT in up:
            self._l.desk.take(order.seat, order.id, self._l.clock.now_ms(), lambda won: None)
        for event in told:
            self._feed(call, event)

    def happened(self, event: t.EngineEvent) -> bool:
        """The engine's sink: was it about a line of ours?"""
        if isinstance(event, (t.SeatReach, t.Incoming, t.LineQuality, t.TrunkChanged, t.AccessDenied)):
            return False
        name, _, who = event.line.rpartition("/")
        call = self._calls.get(name)
        if call is None or who not in (SEAT, CITIZEN):
            return False
        if isinstance(event, (t.LineFailed, t.LineGone)):
            call.lines.discard(who)
            if who == SEAT:
                self._l.desk.free(call.seat, call.id, event.at)
        elif isinstance(event, t.LineUp) and who == SEAT:
            self._l.ledger.seat_changed(call.seat, event.at, answered=True)
        if (told := _of_seat(event, call) if who == SEAT else _of_citizen(event, call)) is not None:
            self._feed(call, told)
        self._forget(call)
        return True

    # --- one turn ---------------------------------------------------------------------------

    def _feed(self, call: _Call, event: m.Event) -> None:
        call.inbox.append(event)
        self._next(call)

    def _next(self, call: _Call) -> None:
        if call.busy or not call.inbox:
            return
        event = call.inbox.popleft()
        before = call.state
        call.state, commands = m.step(before, event)
        facts = _facts(before, call.state, event, commands)
        if not facts:
            self._acted(call, commands)
            return
        call.busy = True
        self._l.ledger.commit(CallTransaction(call.id, facts, None), partial(self._written, call, commands))

    def _written(self, call: _Call, commands: Sequence[m.Command], error: Exception | None) -> None:
        if error is not None:
            # Two people are on the line or about to be: they are not parted because a row is missing.
            log.error("outgoing call %s: turn not written: %s", call.id, error)
        call.busy = False
        self._acted(call, commands)

    def _acted(self, call: _Call, commands: Sequence[m.Command]) -> None:
        if call.timer is not None and (commands or call.state.phase == "over"):
            call.timer.cancel()
            call.timer = None
        for command in commands:
            self._act(call, command)
        self._forget(call)
        self._next(call)

    def _act(self, call: _Call, command: m.Command) -> None:
        engine = self._l.engine
        match command:
            case m.PlayTone(tone=tone, limit_ms=limit_ms):
                call.played += 1
                engine.play(_line(call, SEAT), [self._tones[tone]], _token(call))
                self._limit(call, limit_ms)
            case m.RingCitizen():
                call.lines.add(CITIZEN)
                engine.dial_number(_line(call, CITIZEN), call.number, self._l.ring_ms, self._l.caller_id)
            case m.Join():
                engine.stop_play(_line(call, SEAT))  # or the ringback would cover the citizen's first words
                engine.bridge(_line(call, SEAT), _line(call, CITIZEN))
            case m.HoldCitizen(held=held):
                if not held:
                    engine.stop_play(_line(call, CITIZEN))
                engine.hold(_line(call, CITIZEN), held)
            case m.Music(piece=piece, limit_ms=limit_ms):
                self._music(call, piece)
                self._limit(call, limit_ms)
            case m.DropLine(who=who, cause=cause):
                engine.hangup(_line(call, who), cause)

    def _limit(self, call: _Call, limit_ms: int) -> None:
        """What is played counts as heard by then. 0: never."""
        if limit_ms:
            at = self._l.clock.now_ms() + limit_ms
            call.timer = self._l.clock.call_at(at, lambda: self._feed(call, m.SoundEnded(at)))

    def _music(self, call: _Call, piece: int) -> None:
        """A word and music, as callers hear them (ANS-12)."""
        call.played += 1
        token, word = _token(call), HOLD_STILL if piece else HOLD_FIRST

        def ready(clips: list[t.Clip]) -> None:
            if call.state.held and _token(call) == token:
                self._l.engine.play(_line(call, CITIZEN), clips, token)

        self._l.speaker.clips((Say(word), Say(f"{MUSIC}{piece}")), "zh-CN", None, ready)

    def _forget(self, call: _Call) -> None:
        if call.state.phase == "over" and not call.lines and not call.busy and not call.inbox:
            self._calls.pop(call.id, None)


def _line(call: _Call, who: str) -> str:
    return f"{call.id}/{who}"


def _token(call: _Call) -> str:
    return f"t{call.played}"


def _of_seat(event: t.EngineEvent, call: _Call) -> m.Event | None:
    match event:
        case t.LineRinging(at=at):
            return m.SeatRings(at)
        case t.LineUp(at=at):
            return m.SeatUp(at)
        case t.LineFailed(at=at, reason=reason):
            return m.SeatGone(at, reason)
        case t.LineGone(at=at):
            return m.SeatGone(at)
        case t.Held(at=at, held=held):
            return m.SeatHolds(at, held)
        case t.PlaybackEnded(at=at, token=token, finished=True) if token == _token(call):
            return m.SoundEnded(at)
    return None


def _of_citizen(event: t.EngineEvent, call: _Call) -> m.Event | None:
    match event:
        case t.LineRinging(at=at):
            return m.Rings(at)
        case t.LineUp(at=at):
            return m.CitizenUp(at)
        case t.LineSpeaks(at=at):
            return m.NetworkSpeaks(at)
        case t.PlaybackEnded(at=at, token=token, finished=True) if token == _token(call):
            return m.SoundEnded(at)
        case t.LineFailed(at=at, reason=reason, code=code, q850=q850):
            return m.CitizenGone(at, reason, code, q850)
        case t.LineGone(at=at):
            return m.CitizenGone(at)
    return None


def _moment(event: m.Event) -> Content | None:
    """Return what is journaled of an event by itself."""
    match event:
        case m.SeatRings():
            return f.OutgoingSeatRings()
        case m.SeatUp():
            return f.OutgoingSeatUp()
        case m.Rings():
            return f.OutgoingRings()
        case m.NetworkSpeaks():
            return f.OutgoingSpeaks()
        case m.CitizenUp():
            return f.OutgoingUp()
        case m.SeatHolds(held=held):
            return f.OutgoingHeld(held)
    return None


def _facts(
    before: m.OutgoingState, after: m.OutgoingState, event: m.Event, commands: Sequence[m.Command]
) -> tuple[Fact, ...]:
    """What is journaled of a turn: moments, and the end with what came of it. A tone heard is no fact."""
    facts = []
    again = isinstance(event, m.SeatHolds) and before.held == after.held
    if before.phase != "over" and not again and (moment := _moment(event)) is not None:
        facts.append(Fact(event.at, moment))
    if any(isinstance(command, m.RingCitizen) for command in commands):
        facts.append(Fact(event.at, f.OutgoingDialled()))
    if isinstance(event, m.CitizenUp) and any(isinstance(command, m.Join) for command in commands):
        facts.append(Fact(event.at, f.OutgoingJoined()))
    if after.phase == "over" != before.phase:
        facts.append(Fact(event.at, f.OutgoingEnded(after.result, after.cause, after.code, after.q850)))
    return tuple(facts)
