"""Ask for a callback number by keys and read it back (ENQ-1: 致歉,并留下联系电话).

.. code-block:: yaml

    number: {ask: callback_number, next: leave_word, silence: person}

The digits end with ``#`` or a pause; then they are read back: 1 = right, 2 = again. A case step that follows
uses the number without asking again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from ivr.call import events as e
from ivr.call.steps import number
from ivr.call.steps.base import Step
from ivr.call.turn import StepContext


class AskStep(Step):
    kind: ClassVar[str] = "ask"
    ask: Literal["callback_number"] = Field(description="what is asked")
    next: str = Field(description="step once the number is known")
    silence: str = Field(description="step when no number could be had")

    def start(self, turn: StepContext) -> None:
        number.begin(turn)

    def on(self, turn: StepContext, event: e.Event) -> None:
        answer = number.on(turn, event)
        if answer == "person":
            turn.person()
        elif answer is not None:
            turn.goto(self.next if answer == "done" else self.silence)

    def exits(self) -> Iterator[tuple[str, str]]:
        yield "next", self.next
        yield "silence", self.silence

    def phrases(self) -> Iterator[tuple[str, str]]:
        yield from (("ask", key) for key in (*number.PHRASES, "ask.repeat"))
