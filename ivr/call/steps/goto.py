"""Go on at another step: a name for a place.

.. code-block:: yaml

    progress: {goto: person}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from ivr.call import events as e
from ivr.call.steps.base import Step
from ivr.call.turn import StepContext


class GotoStep(Step):
    kind: ClassVar[str] = "goto"
    goto: str = Field(description="the step to go on at")

    def start(self, turn: StepContext) -> None:
        turn.goto(self.goto)

    def on(self, turn: StepContext, event: e.Event) -> None:
        """Never waits here."""

    def exits(self) -> Iterator[tuple[str, str]]:
        yield "goto", self.goto
