"""The base of every step kind: what it reads from the file, where it may lead, how it acts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ivr.call import events as e
from ivr.call.turn import StepContext

PhraseKey = str
StepName = str
# A list of phrase keys; one alone may be written without brackets.
Phrases = Annotated[tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)]
Answer = Literal["done", "nothing", "person"]  # how a question ended
Priority = Literal["", "emergency", "elderly", "disabled"]  # who is served before others: 绿色通道 (STF-8)


class Step(BaseModel, ABC):
    """A step of a flow: frozen data from the file, with what to do in it.

    ``label``: phrase key under which menus offer the step. ``lang``: speak this language from here on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    kind: ClassVar[str] = ""

    label: str | None = Field(default=None, description="phrase key under which menus offer this step")
    lang: str | None = Field(default=None, description="language from here on: zh-CN or en")

    def enter(self, turn: StepContext) -> None:
        """The call comes to this step."""
        if self.lang:
            turn.set(lang=self.lang)
        self.start(turn)

    @classmethod
    def __pydantic_init_subclass__(cls, **more: Any) -> None:
        """Make a kind known by being defined."""
        if cls.kind:
            KINDS[cls.kind] = cls

    @abstractmethod
    def start(self, turn: StepContext) -> None:
        """The step's own beginning."""

    @abstractmethod
    def on(self, turn: StepContext, event: e.Event) -> None:
        """Something happened while the call waits in this step."""

    def resume(self, turn: StepContext) -> None:
        """A restarted process took the call over: apologise and begin the step again."""
        turn.set(tries=0, digits="")
        self.start(turn)

    # --- for the checker and the voices ---

    def exits(self) -> Iterator[tuple[str, StepName]]:
        """(branch, step) this step may lead to."""
        yield from ()

    def quiet_exits(self) -> Iterator[tuple[str, StepName]]:
        """The exits that need no act of the caller (silence, time-outs, failures, plain next)."""
        yield from self.exits()

    def phrases(self) -> Iterator[tuple[str, PhraseKey]]:
        """(where in the file, phrase key) the step speaks."""
        yield from ()

    def offered(self) -> str:
        """Keys it offers, besides those every step knows."""
        return ""

    def windows(self) -> Iterator[str]:
        """Windows the step rings."""
        yield from ()


KINDS: dict[str, type[Step]] = {}  # by name, as a flow file writes it


def ended(event: e.Event) -> bool:
    """The prompt is over: it ended by itself, or its guard time ran out."""
    return isinstance(event, e.PlayDone) or (isinstance(event, e.TimeUp) and event.timer == "play")
