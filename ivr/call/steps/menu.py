"""A short spoken menu: function, then key ("故障报修,请按1"), spoken from its keys.

.. code-block:: yaml

    main:
      menu:
        keys: {0: person, 1: repair, 2: progress, 3: complaint, 4: business}
        silence: person
        wrong: person
        tries: 2

Text and keys cannot disagree, since the text is made from the keys. ``*`` repeats the menu. One
silence leads to ``silence``, ``tries`` wrong keys lead to ``wrong``. Under a profile with
``menu_mode = "none"`` no menu is spoken: who comes here goes to ``silence`` at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ivr.call import events as e
from ivr.call.commands import Say as Spoken
from ivr.call.limits import TRIES
from ivr.call.phases import Phase, register
from ivr.call.steps.base import Phrases, Step, ended
from ivr.call.turn import StepContext

register({"choose": Phase(asks=True, outside=True)})


class Choices(BaseModel):
    """The menu's keys and where silence and wrong keys lead."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    keys: dict[str, str] = Field(min_length=1, description="key (0-9) -> step")
    silence: str = Field(description="step after silence")
    wrong: str = Field(default="", description="step after wrong keys (default: as after silence)")
    tries: int = Field(default=TRIES, ge=1, le=5, description="wrong keys before that")
    say: Phrases = Field(default=(), description="phrases before the choices")

    @field_validator("keys", mode="before")
    @classmethod
    def _keys_are_text(cls, value: object) -> object:
        if isinstance(value, dict):
            value = {str(key): target for key, target in value.items()}
            for key in value:
                if key not in set("0123456789"):
                    raise ValueError(f"'{key}' is not a key a menu can offer: use 0 to 9 (* repeats the menu)")
        return value


class MenuStep(Step):
    kind: ClassVar[str] = "menu"
    menu: Choices

    def start(self, turn: StepContext) -> None:
        if not turn.rules.menus:
            turn.goto(self.menu.silence)
            return
        turn.set(chose=True)
        self._speak(turn)

    def _speak(self, turn: StepContext, *before: str) -> None:
        turn.set(digits="")
        choices = (
            Spoken("menu.item", (("what", "@" + turn.flow.labels[target]), ("key", key)))
            for key, target in self.menu.keys.items()
        )
        turn.say("choose", *before, *self.menu.say, *choices)

    def on(self, turn: StepContext, event: e.Event) -> None:
        if isinstance(event, e.Digit):
            self._key(turn, event.key)
        elif ended(event):
            turn.arm("silence", turn.rules.first_key_s)
        elif isinstance(event, e.TimeUp):
            turn.goto(self.menu.silence)

    def _key(self, turn: StepContext, key: str) -> None:
        turn.hush()
        if key in self.menu.keys:
            turn.goto(self.menu.keys[key])
        elif key == "0":
            turn.person()
        elif key == "*":
            self._speak(turn)
        else:
            self._wrong(turn)

    def _wrong(self, turn: StepContext) -> None:
        turn.set(tries=turn.s.tries + 1)
        if turn.s.tries >= self.menu.tries:
            turn.goto(self.menu.wrong or self.menu.silence)
        else:
            self._speak(turn, "menu.retry")

    def resume(self, turn: StepContext) -> None:
        self._speak(turn, "resume.sorry")

    def offered(self) -> str:
        return "".join(self.menu.keys)

    def exits(self) -> Iterator[tuple[str, str]]:
        yield from ((f"menu.keys.{key}", target) for key, target in self.menu.keys.items())
        yield from self.quiet_exits()

    def quiet_exits(self) -> Iterator[tuple[str, str]]:
        yield "menu.silence", self.menu.silence
        yield "menu.wrong", self.menu.wrong or self.menu.silence

    def phrases(self) -> Iterator[tuple[str, str]]:
        yield from ((f"menu.say.{i}", key) for i, key in enumerate(self.menu.say))
        yield from (("menu", key) for key in ("menu.item", "menu.retry"))
