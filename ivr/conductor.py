"""The conductor: one call at a time, event by event: step, then one transaction, then act.

The machine decides, the engine acts, the journal remembers. Events of one call are taken strictly
in order; while a turn is being written, later events of that call wait, other calls go on. Nothing
is carried out that is not recorded, and a case number is spoken only after its commit returned.

Everything the conductor leans on is passed in; nothing here waits, so the same code runs on the
media loop and in a simulated day.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ivr import asking, joining
from ivr import telephony as t
from ivr.asking import Planned
from ivr.call import commands as c
from ivr.call import events as e
from ivr.call.leaving import INTERRUPTED
from ivr.call.machine import begin, step
from ivr.call.seat_call import seat_flow
from ivr.call.state import CallState
from ivr.call.targets import is_seat
from ivr.call_services import CallServices
from ivr.facts.calls import PartySealed, Recorded
from ivr.facts.of_call import arrival, command_fact, ended_fact, event_fact, quality_fact, system_fact
from ivr.facts.seats import HeldFact
from ivr.ledger import CallTransaction, Fact, Interrupted
from ivr.ongoing_call import OngoingCall, SeatLeg, recording_id_of
from ivr.queue.keeper import CallBack, QueueKeeper
from ivr.referring import SeatTransfers
from ivr.ringing import PhoneRinger

log = logging.getLogger(__name__)

SOUNDING_MAX = 2000


class Conductor:
    """All calls of one process. Feed it with the engine's events: ``engine.start(conductor.happened)``."""

    def __init__(self, house: CallServices, call_back: CallBack | None = None) -> None:
        """``call_back``: calls back who chose that in the queue, when it is their turn."""
        self._h = house
        self._queue = QueueKeeper(house.desk, house.clock, house.queue_rules, self._tell, call_back)
        self._ringer = PhoneRinger(house, self._queue, self._feed, self._line)
        self._lines: dict[str, tuple[OngoingCall, SeatLeg | None]] = {}
        self._calls: dict[str, OngoingCall] = {}
        # Lines whose quality may still be told, oldest first: call and leg by id, for the call itself is soon over.
        self._sounding: dict[str, tuple[str, str]] = {}
        self._transfers = SeatTransfers(house, self._lines, self._feed)

    @property
    def calls(self) -> int:
        """How many calls are not closed yet."""
        return len(self._calls)

    # --- what the engine reports ---

    def happened(self, event: t.EngineEvent) -> None:
        """The engine's sink."""
        if isinstance(event, t.SeatReach):
            self._h.desk.reach(event.seat, event.reachable)
            self._h.ledger.seat_changed(event.seat, event.at, reachable=event.reachable)
        elif isinstance(event, t.Incoming):
            self._arrived(event)
        elif isinstance(event, t.LineQuality):
            self._sounded(event)
        elif isinstance(event, t.TrunkChanged | t.AccessDenied):
            self._h.ledger.note(system_fact(event))
        elif found := self._lines.get(event.line):
            call, leg = found
            if isinstance(event, t.TransferAsked):
                self._transfers.asked(call, leg, event)
            elif leg is None:
                self._caller_line(call, event)
            else:
                self._seat_line(call, leg, event)

    def seat_asked(self, seat: str, act: str, target: str = "") -> bool:
        """An operator asks for something in the talk (see :class:`ivr.call.events.SeatAsked`); False: in no talk."""
        for call in self._calls.values():
            if (leg := call.leg_of(seat)) and leg.up:
                self._feed(call, e.SeatAsked(self._h.clock.now_ms(), seat, act, target))
                return True
        return False

    def _arrived(self, event: t.Incoming) -> None:
        flow = self._h.flow_for(event.called)
        if event.seat and flow.target(event.called).kind == "seat":
            flow = seat_flow(event.called, flow)
        call = OngoingCall(
            self._h.new_id(), event.line, flow, begin(flow), event.ref, event.caller, test=event.test, seat=event.seat
        )
        call.arrived = call.step_since = event.at
        if event.seat:  # no citizen calls: in no public figure, and nobody to be called back
            call.test = True
            self._ringer.have(event.seat, call)
        else:
            call.party = self._h.new_id() if event.caller else None
        self._calls[call.id] = call
        self._line(event.line, call, None)
        never = flow.call_back(event.caller)[1] if event.caller else ""
        offered = e.Offered(event.at, event.called, event.caller is not None, never)
        self._feed(call, offered, arrival(call, self._h.profile))

    def _caller_line(self, call: OngoingCall, event: t.EngineEvent) -> None:
        match event:
            case t.LineUp():
                self._feed(call, e.Answered(event.at))
            case t.DtmfKey(key=key, began=began):
                self._feed(call, e.Digit(event.at, key, began))
            case t.FaxDetected():
                self._feed(call, e.FaxHeard(event.at))
            case t.PlaybackEnded(token=token, finished=True):
                self._feed(call, e.PlayDone(event.at, token))
            case t.RecordingEnded():
                self._keep(call, event.token, event.path, event.at, event.ms, event.end)
            case t.LineGone() if call.state.over:
                self._caller_gone(call, event.at)
                self._close(call)
            case t.LineGone(by=by, cause=cause):
                self._caller_gone(call, event.at)
                self._feed(call, e.CallerLeft(event.at, "far" if by == "far" else cause or by))
            case t.Held(held=held):
                self._note(call, Fact(event.at, HeldFact(held)))

    def _caller_gone(self, call: OngoingCall, at: int) -> None:
        call.gone = True
        if call.seat:
            self._ringer.free(call.seat, call, at)

    def _seat_line(self, call: OngoingCall, leg: SeatLeg, event: t.EngineEvent) -> None:
        more = {"leg_id": leg.id}
        match event:
            case t.LineRinging():
                self._feed(call, e.SeatRinging(event.at, leg.seat), more)
            case t.LineUp():
                leg.up = True
                self._h.ledger.seat_changed(leg.seat, event.at, answered=True)
                self._feed(call, e.SeatAnswered(event.at, leg.seat), more)
            case t.LineFailed(reason=reason, code=code):
                self._leg_ended(call, leg, event.at, tried=reason != "cancelled", missed=leg.in_vain(reason))
                self._feed(call, e.SeatFailed(event.at, leg.seat, reason), more | {"code": code})
            case t.LineGone():
                self._leg_ended(call, leg, event.at, missed=leg.missed)
                self._feed(call, e.SeatLeft(event.at, leg.seat), more)
            case t.Held(held=held):
                self._feed(call, e.SeatHeld(event.at, leg.seat, held))
            case t.DtmfKey(key=key) if is_seat(leg.seat):
                self._feed(call, e.SeatAsked(event.at, leg.seat, "key", key))

    def _sounded(self, event: t.LineQuality) -> None:
        """How a line sounded: told when it has ended, often after its call was closed."""
        call_id, leg_id = self._sounding.pop(event.line, ("", ""))
        if call_id:
            self._write(call_id, self._calls.get(call_id), quality_fact(event, leg_id))

    def _line(self, line: str, call: OngoingCall, leg: SeatLeg | None) -> None:
        self._lines[line] = (call, leg)
        self._sounding[line] = (call.id, leg.id if leg else "")
        if len(self._sounding) > SOUNDING_MAX:
            del self._sounding[next(iter(self._sounding))]

    def _leg_ended(self, call: OngoingCall, leg: SeatLeg, at: int, *, missed: bool, tried: bool = False) -> None:
        self._lines.pop(leg.id, None)
        call.legs.pop(leg.id, None)
        self._ringer.free(leg.seat, call, at, tried=tried, missed=missed)

    def _keep(self, call: OngoingCall, token: str, path: Path, at: int, ms: int | None, end: str) -> None:
        """Put a recording into the vault and tell the machine. ``ms`` None: as long as its file is."""
        recording_id = recording_id_of(call.id, token)

        def kept(data: dict[str, Any] | None) -> None:
            length = ms or 0
            if data is not None:
                data = {"ms": length} | data | {"recording_id": recording_id, "token": token, "end": end}
                length = data["ms"] if ms is None else ms
                self._note(call, Fact(at, Recorded(**data)))
            self._feed(call, e.RecordDone(self._h.clock.now_ms(), token, length, end if data is not None else "failed"))

        self._h.keeper.keep(recording_id, path, kept)

    def _spooled(self, call: OngoingCall, token: str) -> Path:
        """Where a recording is written first."""
        return self._h.spool / f"{recording_id_of(call.id, token)}.wav"

    # --- one turn ---

    def _tell(self, call_id: str, event: e.Event) -> None:
        """Something of the queue, to a call that may be over meanwhile."""
        if call_id in self._calls:
            self._feed(self._calls[call_id], event)

    def _feed(self, call: OngoingCall, event: e.Event, more: Mapping[str, Any] | None = None) -> None:
        call.inbox.append((event, more or {}))
        self._next(call)

    def _next(self, call: OngoingCall) -> None:
        if call.busy or not call.inbox:
            return
        call.busy = True
        event, more = call.inbox.popleft()
        before = call.state
        after, commands = step(call.flow, before, event)
        call.state = after
        planned = [(command, self._plan(call, command, event.at)) for command in commands]
        facts = [event_fact(event, before, more), *(command_fact(cmd, event.at, plan) for cmd, plan in planned)]
        if (after.step, after.phase) != (before.step, before.phase):
            call.step_since = event.at
        if after.over and not before.over:
            facts.append(ended_fact(after, after.left_at or event.at))
        parties, seal = asking.parties_of(call, event, planned)
        if seal:
            facts.append(Fact(event.at, PartySealed(seal)))
        turn = CallTransaction(call.id, tuple(facts), call.live(), parties, seal)
        self._arm(call)
        self._h.ledger.commit(turn, lambda error: self._written(call, planned, error))

    def _written(self, call: OngoingCall, planned: Planned, error: Exception | None) -> None:
        if error is not None:
            # The caller is not left alone because a row is missing; cases have their own commit.
            log.error("call %s: turn not written: %s", call.id, error)
        for command, plan in planned:
            if error is not None and isinstance(command, c.KeepPlace):
                self._feed(call, e.PlaceKept(self._h.clock.now_ms()))  # promised is only what is written
            else:
                self._act(call, command, plan)
        call.busy = False
        if call.state.over and not call.inbox:
            self._close(call)
        self._next(call)

    def _plan(self, call: OngoingCall, command: c.Command, at: int) -> dict[str, Any]:
        """What only the conductor knows of a command: ids of legs, parties and the command itself."""
        match command:
            case c.FindSeats(window=window, level=level):
                call.window, call.level = window, level
            case c.Enqueue(window=window):
                call.window, call.level = window, "queue"
            case c.KeepPlace(number=typed, expected_ms=expected):
                typed_party = {"party_id": self._h.new_id()} if typed else {}
                return {"callback_id": self._h.new_id(), "due": self._h.promised(at, expected), **typed_party}
            case c.DialSeat():
                call.commands += 1
                leg_id = f"{call.id}/{call.commands}"
                return {"leg_id": leg_id, "window": call.window, "level": call.level}
            case c.DropSeat(seat=seat):
                leg = call.leg_of(seat)
                return {"leg_id": leg.id} if leg else {}
            case c.Bridge(seat=seat):
                leg = call.leg_of(seat)
                return {"leg_id": leg.id if leg else "", "window": call.window}
            case c.OpenCase(callback=callback):
                party = {"caller": call.party, "typed": self._h.new_id()}.get(callback)
                # From the state alone, so that a restarted process asks for the same case, not for a second one.
                return {"command_id": f"{call.id}/case{call.state.serial}", "party_id": party}
        return {}

    def _arm(self, call: OngoingCall) -> None:
        if call.timer is not None:
            call.timer.cancel()
            call.timer = None
        state = call.state
        if state.timer and not state.over:
            name, due = state.timer, state.timer_at
            call.timer = self._h.clock.call_at(
                due, lambda: self._feed(call, e.TimeUp(max(self._h.clock.now_ms(), due), name))
            )

    def _note(self, call: OngoingCall, fact: Fact) -> None:
        """Write a fact that asks nothing of the machine."""
        self._write(call.id, call, fact)

    def _write(self, call_id: str, call: OngoingCall | None, fact: Fact) -> None:
        """Write a fact of a call, of one that is over (None), too."""

        def written(error: Exception | None) -> None:
            if error is not None:
                log.error("call %s: %s not written: %s", call_id, fact.name, error)

        self._h.ledger.commit(CallTransaction(call_id, (fact,), call.live() if call else None), written)

    # --- carrying out ---

    def _act(self, call: OngoingCall, command: c.Command, plan: dict[str, Any]) -> None:
        engine = self._h.engine
        match command:
            case c.Ring():
                engine.ring(call.line)
            case c.Answer():
                engine.answer(call.line)
            case c.Play(token=token, say=say):
                self._play(call, token, say)
            case c.StopPlay():
                engine.stop_play(call.line)
            case c.Record(token=token, max_s=max_s, silence_s=silence_s):
                path = self._spooled(call, token)
                engine.record(call.line, token, path, max_s * 1000, silence_s * 1000)
            case c.StopRecord():
                engine.stop_record(call.line)
            case c.FindSeats(window=window, level=level, exclude=exclude):
                self._ringer.find(call, window, level, exclude)
            case c.DialSeat(seat=seat, ring_ms=ring_ms):
                self._ringer.dial(call, plan["leg_id"], seat, ring_ms)
            case c.DropSeat():
                self._ringer.drop(call, plan.get("leg_id", ""), command.reason)
            case c.Enqueue(window=window, reason=reason, exclude=exclude):
                self._queue.enter(call.id, window, reason, exclude, call.test, command.since)
            case c.LookQueue():
                self._queue.look_up(call.id, call.window)
            case c.LeaveQueue():
                self._queue.leave(call.id)
            case c.KeepPlace():
                self._queue.keep(call.id, plan["callback_id"], plan["due"])
            case c.Hold(held=held):
                engine.hold(call.line, held)
            case c.Bridge():
                engine.bridge(call.line, plan["leg_id"])
            case c.OpenCase():
                asking.open_case(self._h, call, command, plan["command_id"], plan["party_id"], self._feed)
            case c.AskRating():
                asking.ask_rating(self._h, call, self._feed)
            case c.FindCase(typed=typed):
                asking.find_case(self._h, call, typed, self._feed)
            case c.Hangup(cause=cause):
                engine.hangup(call.line, cause)
            case _:
                joining.act(self._h, call, command)

    def _play(self, call: OngoingCall, token: str, say: tuple[c.Say, ...]) -> None:
        def ready(clips: list[t.Clip]) -> None:
            if call.state.token == token:  # not stopped or replaced while the audio was made
                self._h.engine.play(call.line, clips, token)

        self._h.speaker.clips(say, call.state.lang, call.caller, ready)

    # --- ends and new beginnings ---

    def _close(self, call: OngoingCall) -> None:
        if not call.closed:
            call.closed = True
            if call.timer is not None:
                call.timer.cancel()
        if call.gone and not call.legs:
            self._lines.pop(call.line, None)
            self._calls.pop(call.id, None)

    def go_on(self, call: OngoingCall, told: Sequence[tuple[e.Event, Mapping[str, Any]]]) -> None:
        """Take in a call whose lines went on while our process was started anew (``ivr/takeover.py``)."""
        self._calls[call.id] = call
        self._line(call.line, call, None)
        for leg in call.legs.values():
            self._line(leg.id, call, leg)
            leg.reserved = True
            self._ringer.have(leg.seat, call)
        self._arm(call)
        for event, more in told:
            self._feed(call, event, more)

    def close_interrupted(self, left: Interrupted, party: str | None = None) -> None:
        """A call whose process died: what the caller had said is stored, then the call is closed.

        ``party``: who can be called back about it.
        """
        state = CallState.from_json(left.live.state)
        call = OngoingCall(left.call_id, "", self._h.flow_for(""), state, left.live.ref, test=left.live.test, gone=True)
        call.arrived, call.step_since = left.live.arrived, left.live.step_since
        call.party = party
        call.commands = 1000  # ids of the dead process's commands are not used again
        self._calls[call.id] = call
        now = self._h.clock.now_ms()
        for seat in left.seats:
            self._ringer.free(seat, call, now)
        self._feed(call, e.CallerLeft(now, INTERRUPTED, since=left.last))
        if state.recording:  # what was being said: its WAV is whole up to the last second
            self._keep(call, state.recording, self._spooled(call, state.recording), left.last, None, "gone")
