"""Speak phrases, then go on.

.. code-block:: yaml

    greet: {say: [greet.menu], next: main}

Key 0 leads to a person from the first second; any other key skips to the next step, and counts
there when it is a menu or asks for a number, unless it is the key that led here once more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from ivr.call import events as e
from ivr.call.commands import Say as Spoken
from ivr.call.phases import Phase, register
from ivr.call.steps.ask import AskStep
from ivr.call.steps.base import Phrases, Step, ended
from ivr.call.steps.menu import MenuStep
from ivr.call.steps.query import QueryStep
from ivr.call.turn import StepContext

register({"say": Phase(asks=True, once=True, outside=True)})


class SayStep(Step):
    kind: ClassVar[str] = "say"
    say: Phrases = Field(min_length=1, description="phrase keys, spoken in this order")
    next: str = Field(description="the step that follows")

    def start(self, turn: StepContext) -> None:
        if any(turn.true(map(Spoken, self.say))):
            turn.say("say", *self.say)
        else:
            turn.goto(self.next)

    def on(self, turn: StepContext, event: e.Event) -> None:
        if ended(event):
            turn.goto(self.next)
        elif isinstance(event, e.Digit) and event.key == "0":
            turn.person()
        elif isinstance(event, e.Digit):
            turn.hush()
            came_by = turn.s.taken_key
            turn.goto(self.next)
            following = turn.flow.steps[turn.s.step]
            if isinstance(following, MenuStep | AskStep | QueryStep) and event.key != came_by:
                following.on(turn, event)

    def exits(self) -> Iterator[tuple[str, str]]:
        yield "next", self.next

    def phrases(self) -> Iterator[tuple[str, str]]:
        yield from ((f"say.{i}", key) for i, key in enumerate(self.say))
