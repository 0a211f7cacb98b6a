"""Farewell, then wait for the caller to hang up first (ANS-6, S4-33 须等来电人先挂断电话).

.. code-block:: yaml

    bye: {goodbye: [bye.1]}

Only after the profile's grace time (8 s) do we release, with the cause ``grace_timeout``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from ivr.call import events as e
from ivr.call.phases import Phase, register
from ivr.call.steps.base import Phrases, Step, ended
from ivr.call.turn import StepContext

register({"farewell": Phase(once=True, outside=True)})


class GoodbyeStep(Step):
    kind: ClassVar[str] = "goodbye"
    goodbye: Phrases = Field(default=("bye.1",), min_length=1, description="phrases of farewell")

    def start(self, turn: StepContext) -> None:
        turn.say("farewell", *self.goodbye)

    def on(self, turn: StepContext, event: e.Event) -> None:
        if ended(event):
            turn.arm("grace", turn.rules.farewell_grace_s)
        elif isinstance(event, e.TimeUp):
            turn.end("grace_timeout")
        elif isinstance(event, e.Digit) and event.key == "0" and not turn.s.human_at:
            turn.person()

    def phrases(self) -> Iterator[tuple[str, str]]:
        yield from ((f"goodbye.{i}", key) for i, key in enumerate(self.goodbye))
