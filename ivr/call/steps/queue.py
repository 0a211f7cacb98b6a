"""Wait for a person of a window in its queue, from the beginning (``ivr/call/waiting.py``).

.. code-block:: yaml

    elderly: {queue: general, priority: elderly, nobody: leave_word, after: rate}

A ``window`` rings A and B first and comes to its queue when both are in calls; here the caller takes a place at once,
after ``prompt``, and the first free seat rings. ``priority`` 绿色通道 (emergency, elderly, disabled; STF-8) counts as
time that was waited, within a bound, so nobody else waits for ever. Nobody there: an apology, then ``nobody``.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ivr.call import events as e
from ivr.call import waiting
from ivr.call.phases import Phase, register
from ivr.call.state import SeatsRinging
from ivr.call.steps.base import Phrases, ended
from ivr.call.steps.window import WindowStep
from ivr.call.turn import StepContext

register({"queue.greeting": Phase(outside=True, once=True)})


class QueueStep(WindowStep):
    kind: ClassVar[str] = "queue"
    window: str = Field(alias="queue", description="name under [windows] in hotline.toml")
    prompt: Phrases = Field(default=(), description="phrases before the place is told")
    everybody: ClassVar[bool] = False  # type: ignore[misc]  # in danger nobody queues

    def start(self, turn: StepContext) -> None:
        turn.human_requested(self.window)
        turn.set(ring=SeatsRinging())
        if self.prompt:
            turn.say("queue.greeting", *self.prompt)
        else:
            waiting.enter(turn, self)

    def on(self, turn: StepContext, event: e.Event) -> None:
        if turn.s.phase == "queue.greeting":
            if ended(event):
                waiting.enter(turn, self)
            elif self._to_danger(event):
                self._danger(turn)
            return
        super().on(turn, event)

    def resume(self, turn: StepContext) -> None:
        if turn.s.phase == "queue.greeting":
            waiting.enter(turn, self)
        else:
            super().resume(turn)
