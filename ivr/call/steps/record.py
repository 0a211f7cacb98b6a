"""Record the caller's own words; a case step that follows takes them up.

.. code-block:: yaml

    tell: {record: ask.account, next: leave_word, silence: person}

Before the first recording of a call the caller is told that it is recorded (B10). Nothing said twice leads
to ``silence``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from ivr.call import events as e
from ivr.call.steps import account
from ivr.call.steps.base import Step
from ivr.call.turn import StepContext


class RecordStep(Step):
    kind: ClassVar[str] = "record"
    record: str = Field(description="phrase key of the request to speak")
    next: str = Field(description="step after the recording")
    silence: str = Field(description="step when nothing was said")

    def start(self, turn: StepContext) -> None:
        account.begin(turn, self.record)

    def on(self, turn: StepContext, event: e.Event) -> None:
        answer = account.on(turn, event)
        if answer == "person":
            turn.person()
        elif answer is not None:
            turn.goto(self.next if answer == "done" else self.silence)

    def resume(self, turn: StepContext) -> None:
        """A recording in progress goes on."""
        if turn.s.phase == "account.ask":
            self.start(turn)

    def exits(self) -> Iterator[tuple[str, str]]:
        yield "next", self.next
        yield "silence", self.silence

    def phrases(self) -> Iterator[tuple[str, str]]:
        yield "record", self.record
        yield from (("record", key) for key in account.PHRASES)
