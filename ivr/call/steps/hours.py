"""Open or closed? Goes one way or the other by a schedule of ``hotline.toml`` (always, workday ...).

.. code-block:: yaml

    door: {hours: {schedule: hall, open: main, closed: after_hours}}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from ivr.call import events as e
from ivr.call.steps.base import Step
from ivr.call.turn import StepContext


class OpenOrClosed(BaseModel):
    """The schedule and both ways."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    schedule: str = Field(default="default", description="name under [hours] in hotline.toml")
    open: str = Field(description="step in opening hours")
    closed: str = Field(description="step outside them")


class HoursStep(Step):
    kind: ClassVar[str] = "hours"
    hours: OpenOrClosed

    def start(self, turn: StepContext) -> None:
        is_open = turn.flow.is_open(self.hours.schedule, turn.at)
        turn.set(schedule=self.hours.schedule, closed=not is_open)
        turn.goto(self.hours.open if is_open else self.hours.closed)

    def on(self, turn: StepContext, event: e.Event) -> None:
        """Never waits here."""

    def exits(self) -> Iterator[tuple[str, str]]:
        yield "hours.open", self.hours.open
        yield "hours.closed", self.hours.closed
