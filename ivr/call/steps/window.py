"""Lead the caller to a window: seat A alone, then A and B together, then group, general, ``nobody``.

.. code-block:: yaml

    repair: {window: repair, nobody: leave_word}

STF-1 (AB岗): A rings alone for ``a_alone_s``, then A and B together until the profile's limit; a
busy or silent phone is passed over at once. Then an apology, the window's group, the general window
(each for ``ring_stage_s``), and at last ``nobody`` (a message or a dated callback). Nobody rings for
ever: every level has its limit. The talk itself is in ``ivr/call/talk.py``; when the last operator has hung up
the call goes on at ``after`` (default: farewell).

The phones ring while ``prompt`` plays; but for an operator who answers nothing cuts it short, so that a caller
hears whom he reached before he hears that nobody can answer.

.. code-block:: yaml

    danger: {window: repair, everybody: true, prompt: danger.help, sorry: danger.nobody, nobody: danger_case}

``everybody`` (EMG-1, S2-1 §11(二) 紧急服务): all of window, group and general ring at once, ``EMERGENCY_ROUNDS``
times, whatever the hour and whoever takes a pause. ``urgent`` of another window says where key 0 leads
while it rings.

When all who could answer are in calls the caller waits in the window's queue (``ivr/call/waiting.py``):
``callback: false`` offers no call back there, ``priority`` (emergency, elderly, disabled: 绿色通道, STF-8) moves
forward by a bounded time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from ivr.call import commands as c
from ivr.call import events as e
from ivr.call import talk, waiting
from ivr.call.limits import EMERGENCY_ROUNDS, PLAY_LIMIT_S, SEATS_ANSWER_S
from ivr.call.phases import Happening, Phase, register
from ivr.call.state import CallState, SeatsRinging
from ivr.call.steps.base import Phrases, Priority, Step, ended
from ivr.call.turn import FAREWELL, StepContext
from ivr.render_prompts import HOLD_FIRST, HOLD_STILL

LEVELS = ("window", "group", "general")
EVERYBODY = "everybody"  # in danger: all of them together
AGAIN = "danger.again"

SEATS = ("A", "B")  # of the window, in the walk of the checker


def _desk(state: CallState) -> Iterator[Happening]:
    """Which phones the desk may have for a caller."""
    for seats in (SEATS, SEATS[:1], SEATS[1:], ()):
        yield e.SeatsFound(0, "w", seats), False
    yield e.NobodyFree(0, "w"), True


register(
    {
        "finding": Phase(outside=True, rings=True, world=_desk),
        "ringing": Phase(outside=True, rings=True),
        "hearing": Phase(outside=True),
        "sorry": Phase(outside=True),
    }
)


class WindowStep(Step):
    kind: ClassVar[str] = "window"
    window: str = Field(description="name under [windows] in hotline.toml")
    nobody: str = Field(description="step when no operator can be had: a message or a dated callback")
    after: str = Field(default=FAREWELL, description="step after the operator hung up")
    prompt: Phrases = Field(default=("direct.human",), description="phrases while the phones ring")
    everybody: bool = Field(default=False, description="in danger: all phones at once, again and again (EMG-1)")
    urgent: str = Field(default="", description="step to which key 0 leads while it rings: danger")
    sorry: str = Field(default="nobody.apology", description="phrase key of the apology when nobody can be had")
    callback: bool = Field(default=True, description="who waits in the queue may choose to be called back by key 1")
    priority: Priority = Field(default="", description="emergency, elderly or disabled: served before others who came")

    def start(self, turn: StepContext) -> None:
        turn.human_requested(self.window)
        ringing = turn.s.ring.seats if self.everybody else ()  # who is rung already rings on
        turn.set(ring=SeatsRinging(seats=ringing, tried=ringing))
        self._level(turn, EVERYBODY if self.everybody else LEVELS[0], *self.prompt)

    @property
    def queue_of(self) -> str:
        return self.window

    def on(self, turn: StepContext, event: e.Event) -> None:
        if turn.s.phase in talk.PHASES:
            talk.on(turn, event, self.after)
            return
        if waiting.waits(turn.s) and not self._to_danger(event):
            waiting.on(turn, event, self)
            return
        if isinstance(event, e.SeatFailed) and event.reason == "busy":
            turn.ring(busy=(*turn.s.ring.busy, event.seat))  # not in vain: may lift later
        match turn.s.phase, event:
            case _, e.Digit() if self._to_danger(event):
                self._danger(turn)
            case "sorry", _ if ended(event):
                turn.goto(self.nobody)
            case "hearing", _ if ended(event):
                self._wait(turn)
            case (("finding" | "ringing"), e.PlayDone()) if turn.s.ring.telling:
                self._ringback(turn)
            case "finding", e.SeatsFound(seats=seats):
                self._ring_first(turn, tuple(s for s in seats if s not in turn.s.ring.tried))
            case "finding", (e.NobodyFree() | e.TimeUp()):
                self._ring_first(turn, ())
            case (("finding" | "ringing"), e.SeatAnswered(seat=seat)):
                self.lifted(turn, seat)
            case "finding", e.SeatFailed(seat=seat):
                turn.ring(seats=tuple(s for s in turn.s.ring.seats if s != seat))
            case "ringing", e.SeatFailed(seat=seat):
                self._failed(turn, seat)
            case "ringing", e.TimeUp(timer="a_alone"):
                self._dial(turn, turn.s.ring.waiting)
                turn.arm_at("limit", turn.s.ring.until)
            case "ringing", e.TimeUp(timer="limit"):
                self._give_up(turn)

    def _ringback(self, turn: StepContext) -> None:
        """The words were heard: it rings."""
        turn.ring(telling=False)
        turn.play(talk.RINGBACK)

    def _level(self, turn: StepContext, level: str, *says: str) -> None:
        limit_s = turn.rules.limit_s if level in (LEVELS[0], EVERYBODY) else turn.rules.ring_stage_s
        ringing = turn.s.ring.seats if level == EVERYBODY else ()
        turn.ring(level=level, waiting=(), seats=ringing, until=turn.at + round(limit_s * 1000))
        if says:
            turn.say("finding", *says)
            turn.ring(telling=True)
        turn.set(phase="finding")
        turn.ask(c.FindSeats(self.window, level, exclude=turn.s.ring.tried))
        turn.arm("seats", SEATS_ANSWER_S)

    def _ring_first(self, turn: StepContext, seats: tuple[str, ...]) -> None:
        if not seats and not turn.s.ring.seats:
            self._next_level(turn, waited=False)
            return
        turn.set(phase="ringing")
        turn.ring(waiting=seats)
        if turn.s.ring.late and not turn.s.ring.telling:
            turn.play(c.Say("late.main"))  # S4-53: who has waited hears the apology before being led on
            turn.ring(telling=True, late=False)
        self._dial(turn, seats if self.everybody else seats[:1])
        self._arm(turn)

    def _arm(self, turn: StepContext) -> None:
        ring = turn.s.ring
        if ring.waiting:
            turn.arm_at("a_alone", min(turn.at + round(turn.rules.a_alone_s * 1000), ring.until))
        else:
            turn.arm_at("limit", ring.until)

    def _dial(self, turn: StepContext, seats: tuple[str, ...]) -> None:
        ring = turn.s.ring
        rounds = EMERGENCY_ROUNDS - 1 - turn.s.tries if self.everybody else 0  # these go on ringing through
        ring_ms = max(0, ring.until - turn.at) + round(rounds * turn.rules.limit_s * 1000)
        for seat in seats:
            turn.ask(c.DialSeat(seat, ring_ms))
        turn.ring(
            seats=(*ring.seats, *seats),
            tried=(*ring.tried, *seats),
            waiting=tuple(s for s in ring.waiting if s not in seats),
        )

    def _failed(self, turn: StepContext, seat: str) -> None:
        ring = turn.ring(seats=tuple(s for s in turn.s.ring.seats if s != seat))
        if ring.waiting and not ring.seats:
            self._dial(turn, ring.waiting[:1])
            self._arm(turn)
        elif not ring.seats:
            self._next_level(turn, waited=True)

    def _give_up(self, turn: StepContext) -> None:
        if self._again(turn):
            return
        for seat in turn.s.ring.seats:
            turn.ask(c.DropSeat(seat, "no answer within the limit"))
        self._next_level(turn, waited=True)

    def _next_level(self, turn: StepContext, waited: bool) -> None:
        place = len(LEVELS) if self.everybody else LEVELS.index(turn.s.ring.level) + 1
        if place < len(LEVELS):
            turn.ring(late=turn.s.ring.late or waited)
            self._level(turn, LEVELS[place])
        else:
            turn.ring(level="", waiting=(), seats=())
            if turn.s.ring.telling:
                turn.set(phase="hearing")
                turn.arm("play", PLAY_LIMIT_S)
            else:
                self._wait(turn)

    def _wait(self, turn: StepContext) -> None:
        """Nobody lifts now: the queue, if somebody is there who could later (in danger nobody waits for that)."""
        if self.everybody:
            self.gave_up(turn)
        else:
            turn.ring(telling=False)
            turn.hush()
            waiting.enter(turn, self)

    def gave_up(self, turn: StepContext) -> None:
        """Nobody can be had: the apology, then ``nobody``."""
        turn.ring(telling=False)
        if self._again(turn) or talk.come_back(turn):
            return
        turn.set(ring=SeatsRinging(), nobody=True)
        turn.say("sorry", self.sorry)

    def _again(self, turn: StepContext) -> bool:
        """Begin another round in danger, if one is left: who is rung rings on, who could not be is tried again."""
        if not self.everybody or turn.s.tries >= EMERGENCY_ROUNDS - 1:
            return False
        turn.set(tries=turn.s.tries + 1)
        turn.ring(tried=turn.s.ring.seats)
        self._level(turn, EVERYBODY, *(() if turn.s.ring.telling else (AGAIN,)))
        return True

    def _to_danger(self, event: e.Event) -> bool:
        return bool(self.urgent) and isinstance(event, e.Digit) and event.key == "0"

    def _danger(self, turn: StepContext) -> None:
        """Ring everybody; who rings already rings on."""
        turn.hush()
        waiting.leave(turn, "danger")
        turn.goto(self.urgent)

    def lifted(self, turn: StepContext, seat: str) -> None:
        """An operator answered: the talk begins."""
        turn.hush()
        for other in turn.s.ring.seats:
            if other != seat:
                turn.ask(c.DropSeat(other, "answered elsewhere"))
        turn.ring(waiting=(), seats=())
        talk.answered(turn, seat)

    def resume(self, turn: StepContext) -> None:
        """Bridged and ringing callers hear nothing, those on hold their music; the clocks go on."""
        if turn.s.phase == "finding":
            turn.ask(c.FindSeats(self.window, turn.s.ring.level, exclude=turn.s.ring.tried))
        elif turn.s.phase in talk.PHASES:
            talk.resume(turn)
        elif waiting.waits(turn.s):
            waiting.resume(turn, self)
        elif turn.s.phase in ("sorry", "hearing"):
            self.gave_up(turn)

    def exits(self) -> Iterator[tuple[str, str]]:
        yield "nobody", self.nobody
        if self.urgent:
            yield "urgent", self.urgent
        yield "after", self.after

    def phrases(self) -> Iterator[tuple[str, str]]:
        yield from ((f"prompt.{i}", key) for i, key in enumerate(self.prompt))
        yield from (
            ("window", key) for key in ("late.main", HOLD_FIRST, HOLD_STILL, talk.MOMENT, *talk.SENTENCES.values())
        )
        yield "sorry", self.sorry
        if self.everybody:
            yield "everybody", AGAIN
        else:
            yield from (("queue", key) for key in waiting.PHRASES)

    def quiet_exits(self) -> Iterator[tuple[str, str]]:
        yield from ((branch, target) for branch, target in self.exits() if branch != "urgent")

    def windows(self) -> Iterator[str]:
        yield self.window
