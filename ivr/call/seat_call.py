"""A seat calls a seat: two operators talk, no citizen is in it.

A flow of one step, made for the call: the phone that was dialled is rung, the two talk, and whoever hangs up ends it.
Its calls count as test calls, so they are in no public figure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ivr.call import commands as c
from ivr.call import events as e
from ivr.call.limits import TRANSFER_RING_S
from ivr.call.phases import Phase, register
from ivr.call.steps.base import Step, ended
from ivr.call.talk import RINGBACK, SENTENCES
from ivr.call.turn import FlowContext, StepContext

SEAT_FLOW = "@seat"

register({"calling": Phase(), "connected": Phase(talk=True), "refused": Phase()})


class SeatCallStep(Step):
    """Ring the seat ``to``."""

    to: str

    def start(self, turn: StepContext) -> None:
        turn.set(phase="calling")
        turn.ring(seats=(self.to,), until=turn.at + TRANSFER_RING_S * 1000)
        turn.play(RINGBACK)
        turn.ask(c.DialSeat(self.to, TRANSFER_RING_S * 1000))
        turn.arm("limit", TRANSFER_RING_S + 1)

    def on(self, turn: StepContext, event: e.Event) -> None:
        match turn.s.phase, event:
            case "calling", e.SeatAnswered(seat=seat):
                turn.hush()
                turn.disarm()
                turn.ring(seats=())
                turn.set(phase="connected", seat=seat)
                turn.ask(c.Bridge(seat))
            case "calling", e.SeatFailed(reason=reason):
                self._refused(turn, reason)
            case "calling", e.TimeUp():
                turn.ask(c.DropSeat(self.to, "no answer within the limit"))
                self._refused(turn, "no_answer")
            case "connected", e.SeatLeft():
                turn.set(seat="")
                turn.end("consent")
            case "refused", _ if ended(event):
                turn.end("consent")

    def _refused(self, turn: StepContext, reason: str) -> None:
        turn.ring(seats=())
        turn.say("refused", SENTENCES.get(reason, SENTENCES["unreachable"]))

    def resume(self, turn: StepContext) -> None:
        """Who rings or talks hears nothing of it."""
        if turn.s.phase == "refused":
            turn.end("consent")

    def phrases(self) -> Iterator[tuple[str, str]]:
        yield from ()


def seat_flow(called: str, flow: FlowContext) -> FlowContext:
    """The flow of a seat's call to ``called``; rules and phrases are those of ``flow``."""
    steps, rules = {SEAT_FLOW: SeatCallStep(to=called)}, replace(flow.rules, answer_after_s=0, apology_after_s=3600)
    return replace(
        flow, name=SEAT_FLOW, version="1", start=SEAT_FLOW, person=SEAT_FLOW, steps=steps, rules=rules, windows={}
    )
