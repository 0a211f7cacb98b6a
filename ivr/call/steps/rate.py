"""Ask the caller to rate the talk by keys: 1 very satisfied … 5 very dissatisfied (SAT-1, A5.2 no. 5).

.. code-block:: yaml

    rate: {rate: rate.ask, next: bye}

The hotline asks, not the operator: a window leads here (``after: rate``) when the operator has hung up,
and nobody sees or changes the key before it is stored. The store says whether this number may be asked
(once a week); who may not goes on at once. Silence is no rating (未评价) and never "satisfied".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from ivr.call import commands as c
from ivr.call import events as e
from ivr.call.limits import BAD_RATING, RATINGS, STORE_ANSWER_S, TRIES
from ivr.call.phases import Phase, register
from ivr.call.steps.base import Step, ended
from ivr.call.turn import StepContext

register(
    {
        "rate.may": Phase(outside=True, world=lambda state: [(e.RatingAsked(0, may), False) for may in (True, False)]),
        "rate": Phase(asks=True, outside=True),
        "rate.thanks": Phase(asks=True, once=True, outside=True),
    }
)


class RateStep(Step):
    kind: ClassVar[str] = "rate"
    rate: str = Field(default="rate.ask", description="phrase key of the invitation")
    next: str = Field(description="step after the rating, and when nobody is asked or answers")

    def start(self, turn: StepContext) -> None:
        turn.set(phase="rate.may")
        turn.ask(c.AskRating())
        turn.arm("rate", STORE_ANSWER_S)

    def on(self, turn: StepContext, event: e.Event) -> None:
        match turn.s.phase, event:
            case "rate.may", e.RatingAsked(allowed=True):
                turn.say("rate", self.rate)
            case "rate.may", (e.RatingAsked() | e.TimeUp()):
                turn.goto(self.next)
            case "rate", e.Digit(key=key):
                self._key(turn, key)
            case "rate", _ if ended(event):
                turn.arm("silence", turn.rules.first_key_s)
            case "rate", e.TimeUp():
                turn.goto(self.next)
            case "rate.thanks", e.Digit(key="0"):
                turn.person()
            case "rate.thanks", _ if ended(event):
                turn.goto(self.next)

    def _key(self, turn: StepContext, key: str) -> None:
        turn.hush()
        if key in RATINGS:
            turn.ask(c.Annotate("rated", key))
            bad = int(key) >= BAD_RATING and turn.s.caller_known
            turn.say("rate.thanks", "rate.sorry" if bad else "rate.thanks")
        elif key == "0":
            turn.person()
        elif key == "*" or turn.s.tries + 1 < TRIES:
            turn.set(tries=turn.s.tries + (key != "*"))
            turn.say("rate", self.rate)
        else:
            turn.goto(self.next)

    def resume(self, turn: StepContext) -> None:
        """Who was being asked is asked again; all else goes on."""
        if turn.s.phase == "rate":
            turn.say("rate", "resume.sorry", self.rate)
        else:
            turn.goto(self.next)

    def exits(self) -> Iterator[tuple[str, str]]:
        yield "next", self.next

    def phrases(self) -> Iterator[tuple[str, str]]:
        yield "rate", self.rate
        yield from (("rate", key) for key in ("rate.thanks", "rate.sorry"))
