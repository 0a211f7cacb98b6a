"""The simulator: an engine in virtual time, with callers and operators that do as they are told.

It ships, keeps every rule of the port, and is what the domain tests, ``hotline flow walk`` and simulated
days run on: no mocks.

    clock = VirtualClock(0)
    sim = Simulator(clock)
    sim.seat("101", SeatPlan(answer_ms=2000))
    line = sim.call("95598", "13800001111")
    clock.advance(5_000); sim.press(line, "0"); clock.advance(3_000)
    sim.peer(line)          # -> the line of seat 101
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ivr.clock import VirtualClock
from ivr.telephony import (
    Clip,
    DtmfKey,
    FailReason,
    FaxDetected,
    Held,
    Incoming,
    LineFailed,
    LineGone,
    LineRinging,
    LineSpeaks,
    LineUp,
    PlaybackEnded,
    RecordEnd,
    RecordingEnded,
    SeatReach,
    Sink,
    TransferAsked,
)
from sip.simulated import Rooms, SimulatedLine, write_silence


@dataclass(frozen=True, slots=True)
class SeatPlan:
    """What an operator's phone does when it rings: answers after ``answer_ms``, fails, or just rings.

    ``talk_ms``: the operator hangs up so long after answering (None: never first).
    """

    answer_ms: int | None = 3000
    fail: FailReason | None = None
    code: int = 0  # SIP, and the far network's Q.850 cause, with which it fails
    q850: int = 0
    says: str = ""  # what is heard before an answer: 关机, 停机, 空号
    talk_ms: int | None = None


class Simulator:
    """An :class:`ivr.telephony.Engine` whose callers and operators are driven by a test or a script."""

    name = "simulator"
    trunk_state = "off"

    def __init__(self, clock: VirtualClock, answer_ms: int = 0) -> None:
        self._clock = clock
        self._answer_ms = answer_ms
        self._sink: Sink | None = None
        self._lines: dict[str, SimulatedLine] = {}
        self._ended: dict[str, str] = {}
        self._seats: dict[str, SeatPlan] = {}
        self._reach: dict[str, bool] = {}
        self._numbers: dict[str, SeatPlan] = {}
        self._names = itertools.count(1)
        self.on_hold: set[str] = set()
        self.muted: set[str] = set()
        self.told: dict[str, list[int]] = {}  # by token of a transfer: what its phone was told of it
        self._rooms = Rooms()
        self._ears: Callable[[str, Sequence[Clip]], None] | None = None

    # --- the world's side ---

    def listen(self, ears: Callable[[str, Sequence[Clip]], None]) -> None:
        """Tell ``ears`` (line, clips) whatever is played from now on: callers who answer what they hear."""
        self._ears = ears

    def seat(self, seat: str, plan: SeatPlan | None = None, reachable: bool = True) -> None:
        """Set up an operator's phone, or change what it does."""
        self._seats[seat] = plan or SeatPlan()
        if self._reach.get(seat) != reachable:
            self._reach[seat] = reachable
            self._tell(SeatReach(seat, self._clock.now_ms(), reachable))

    def number(self, number: str, plan: SeatPlan | None = None) -> None:
        """Set up a citizen's phone, or change what it does. Other numbers are not in use (404)."""
        self._numbers[number] = plan or SeatPlan()

    def call(self, called: str, caller: str | None, test: bool = False, seat: str = "") -> str:
        """A caller rings, or the phone of ``seat``; the name of their line."""
        line = SimulatedLine(f"sim{next(self._names)}")
        self._lines[line.id] = line
        self._tell(Incoming(line.id, self._clock.now_ms(), called, caller, ref=line.id, test=test, seat=seat))
        return line.id

    def press(self, line: str, keys: str, began: int = 0) -> None:
        """The caller presses keys, one after the other; ``began``: when the one let go now went down, UTC ms."""
        for key in keys:
            if line in self._lines:
                self._tell(DtmfKey(line, self._clock.now_ms(), key, began))

    def fax(self, line: str) -> None:
        """What calls is a fax machine: its tone is heard."""
        if self.is_up(line):
            self._tell(FaxDetected(line, self._clock.now_ms()))

    def speak(self, line: str, ms: int) -> None:
        """The caller speaks for so long."""
        here = self._lines.get(line)
        if here:
            here.speech_until = self._clock.now_ms() + ms
            here.spoke_ms += ms
            self._watch_recording(here)

    def leave(self, line: str) -> None:
        """The far end of a line hangs up (a caller, or an operator)."""
        self._end(line, "far", "")

    def heard(self, line: str) -> list[str]:
        """The texts a line has been played so far, also after its end."""
        here = self._lines.get(line)
        return [clip.text for clip in here.heard] if here else self._ended.get(line, "").split("\n")

    def cut(self, line: str) -> list[str]:
        """The texts a line that is up has not been played to their end."""
        return list(self._lines[line].cut)

    def peer(self, line: str) -> str | None:
        """The line this one is bridged with."""
        return next(iter(self._rooms.others(line)), None)

    def hears(self, line: str) -> tuple[str, ...]:
        """The lines this one hears now: nobody while something is played to it."""
        here = self._lines.get(line)
        if here is None or here.playing is not None or line in self.on_hold:
            return ()
        return tuple(other for other in self._rooms.others(line) if other not in self.on_hold | self.muted)

    def plays(self, line: str) -> bool:
        """Is something played to this line now?"""
        return line in self._lines and self._lines[line].playing is not None

    def refer(self, line: str, target: str, replaces: str = "") -> str:
        """The phone of a line asks that its party be handed over; the token of the transfer."""
        token = f"refer{next(self._names)}"
        self._tell(TransferAsked(line, self._clock.now_ms(), token, target, replaces))
        return token

    def is_up(self, line: str) -> bool:
        """Is the line answered and not ended?"""
        return line in self._lines and self._lines[line].up

    def knows(self, line: str) -> bool:
        """Has the line not ended yet?"""
        return line in self._lines

    def line_of(self, seat: str) -> str | None:
        """The line that rings or joins a seat (or a dialled number) now."""
        return next((line.id for line in self._lines.values() if line.seat == seat), None)

    @property
    def lines(self) -> int:
        """How many lines there are (leaks show here)."""
        return len(self._lines)

    # --- the port ---

    async def start(self, sink: Sink) -> None:
        self.begin(sink)

    def begin(self, sink: Sink) -> None:
        """``start`` for callers without a loop."""
        self._sink = sink
        for seat, reachable in self._reach.items():
            self._tell(SeatReach(seat, self._clock.now_ms(), reachable))

    async def stop(self, drain_s: float = 0.0) -> None:
        for line in list(self._lines):
            self._end(line, "us", "stopped")

    def ring(self, line: str) -> None:
        if here := self._lines.get(line):
            here.ringing = True

    def answer(self, line: str) -> None:
        here = self._lines.get(line)
        if here and not here.answering:
            here.answering = True
            self._later(here, self._answer_ms, lambda: self._up(here))

    def play(self, line: str, clips: Sequence[Clip], token: str) -> None:
        here = self._lines.get(line)
        if here is None or not here.up:
            return
        self.stop_play(line)
        here.heard += clips
        here.playing, here.clips, here.play_from = token, clips, self._clock.now_ms()
        ms = sum(clip.ms for clip in clips)
        here.play_timer = self._clock.call_at(self._clock.now_ms() + ms, lambda: self._played(here, token, True))
        if self._ears is not None:
            self._ears(line, clips)

    def stop_play(self, line: str) -> None:
        here = self._lines.get(line)
        if here and here.playing is not None:
            self._played(here, here.playing, False)

    def record(self, line: str, token: str, path: Path, max_ms: int, silence_ms: int) -> None:
        here = self._lines.get(line)
        if here is None or not here.up:
            return
        here.record, here.record_from, here.spoke_ms = (token, path, max_ms, silence_ms), self._clock.now_ms(), 0
        self._watch_recording(here)

    def stop_record(self, line: str) -> None:
        if here := self._lines.get(line):
            self._recorded(here, "stopped")

    def dial(self, line: str, seat: str, ring_ms: int, display: str = "", beside: str = "") -> None:
        here = self._lines[line] = SimulatedLine(line, seat)
        plan = self._seats.get(seat)
        if plan is None or not self._reach.get(seat):
            self._later(here, 0, lambda: self._fail(here, "unreachable"))
            return
        self._ring(here, plan, ring_ms)

    def dial_number(self, line: str, number: str, ring_ms: int, caller_id: str = "") -> None:
        here = self._lines[line] = SimulatedLine(line, number)
        plan = self._numbers.get(number)
        if plan is None:
            self._later(here, 50, lambda: self._fail(here, "unreachable", 404))
        else:
            self._ring(here, plan, ring_ms)

    def _ring(self, here: SimulatedLine, plan: SeatPlan, ring_ms: int) -> None:
        if plan.fail:
            reason = plan.fail
            if plan.says:
                self._later(here, 50, lambda: self._speaks(here, plan.says))
            self._later(here, 3000 if plan.says else 50, lambda: self._fail(here, reason, plan.code, plan.q850))
            return
        self._later(here, 100, lambda: self._rings(here))
        if plan.answer_ms is not None and plan.answer_ms < ring_ms:
            self._later(here, plan.answer_ms, lambda: self._seat_up(here, plan))
        self._later(here, ring_ms, lambda: None if here.up else self._fail(here, "no_answer"))

    def bridge(self, a: str, b: str) -> None:
        one, other = self._lines.get(a), self._lines.get(b)
        if one and other:
            self.stop_play(a)
            self._rooms.join((a, b))

    def unbridge(self, a: str, b: str) -> None:
        for line in (a, b):
            self._rooms.leave(line)

    def conference(self, lines: Sequence[str]) -> None:
        self._rooms.join(line for line in lines if self.is_up(line))

    def mute(self, line: str, muted: bool) -> None:
        (self.muted.add if muted else self.muted.discard)(line)

    def transfer_told(self, line: str, token: str, code: int) -> None:
        told = self.told.setdefault(token, [])
        if line in self._lines and not (told and told[-1] >= 200):
            told.append(code)

    def hold(self, line: str, held: bool) -> None:
        """Note who is out of a talk; nothing is heard of a talk on a simulated line anyway."""
        (self.on_hold.add if held else self.on_hold.discard)(line)

    def seat_holds(self, seat: str, held: bool) -> None:
        """The operator's phone puts the caller on hold, or takes them back."""
        for line in list(self._lines.values()):
            if line.seat == seat and line.up:
                self._tell(Held(line.id, self._clock.now_ms(), held))

    def hangup(self, line: str, cause: str) -> None:
        here = self._lines.get(line)
        if here is None:
            return
        if here.seat and not here.up:
            self._fail(here, "cancelled")
        else:
            self._end(line, "us", cause)

    def reachable(self) -> Mapping[str, bool]:
        return dict(self._reach)

    # --- inside ---

    def _tell(self, event: object) -> None:
        if self._sink is not None:
            # Like a real engine: what happened is reported after the verb returned.
            self._clock.call_soon(lambda: self._sink(event))  # type: ignore[misc,arg-type]

    def _later(self, line: SimulatedLine, ms: int, act: object) -> None:
        def run() -> None:
            if line.id in self._lines:
                act()  # type: ignore[operator]

        line.timers.append(self._clock.call_at(self._clock.now_ms() + ms, run))

    def _up(self, line: SimulatedLine) -> None:
        line.up = True
        self._tell(LineUp(line.id, self._clock.now_ms()))

    def _rings(self, line: SimulatedLine) -> None:
        line.ringing = True
        self._tell(LineRinging(line.id, self._clock.now_ms()))

    def _seat_up(self, line: SimulatedLine, plan: SeatPlan) -> None:
        self._up(line)
        if plan.talk_ms is not None:
            self._later(line, plan.talk_ms, lambda: self._end(line.id, "far", ""))

    def _speaks(self, line: SimulatedLine, words: str) -> None:
        """Whoever is bridged with it hears it."""
        self._tell(LineSpeaks(line.id, self._clock.now_ms()))

        def said() -> None:
            for peer in self._rooms.others(line.id):
                self._lines[peer].heard.append(Clip("announcement", b"", words))

        self._later(line, 500, said)

    def _fail(self, line: SimulatedLine, reason: FailReason, code: int = 0, q850: int = 0) -> None:
        self._forget(line)
        self._tell(LineFailed(line.id, self._clock.now_ms(), reason, code, q850))

    def _end(self, name: str, by: str, cause: str) -> None:
        line = self._lines.get(name)
        if line is None:
            return
        self._recorded(line, "gone")
        self.stop_play(name)
        self._forget(line)
        self._tell(LineGone(name, self._clock.now_ms(), by, cause))  # type: ignore[arg-type]

    def _forget(self, line: SimulatedLine) -> None:
        for timer in (*line.timers, *filter(None, (line.play_timer, line.record_timer))):
            timer.cancel()
        self._ended[line.id] = "\n".join(clip.text for clip in line.heard)
        self._lines.pop(line.id, None)
        self._rooms.leave(line.id)
        self.on_hold.discard(line.id)
        self.muted.discard(line.id)

    def _played(self, line: SimulatedLine, token: str, finished: bool) -> None:
        if line.playing != token:
            return
        line.playing = None
        left = self._clock.now_ms() - line.play_from
        for clip in line.clips:
            left -= clip.ms
            if left < 0 and not clip.text.startswith("tone."):
                line.cut.append(clip.text)
        if line.play_timer:
            line.play_timer.cancel()
        self._tell(PlaybackEnded(line.id, self._clock.now_ms(), token, finished))

    def _watch_recording(self, line: SimulatedLine) -> None:
        if line.record is None:
            return
        if line.record_timer:
            line.record_timer.cancel()
        _, _, max_ms, silence_ms = line.record
        quiet = max(line.speech_until, line.record_from) + silence_ms
        end, why = (line.record_from + max_ms, "max") if line.record_from + max_ms <= quiet else (quiet, "silence")
        line.record_timer = self._clock.call_at(end, lambda: self._recorded(line, why))  # type: ignore[arg-type]

    def _recorded(self, line: SimulatedLine, end: RecordEnd) -> None:
        if line.record is None:
            return
        (token, path, _, _), line.record = line.record, None
        if line.record_timer:
            line.record_timer.cancel()
        ms = min(line.spoke_ms, self._clock.now_ms() - line.record_from)
        write_silence(path, ms)
        self._tell(RecordingEnded(line.id, self._clock.now_ms(), token, path, ms, end))
