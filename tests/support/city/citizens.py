"""Citizens on the telephone, each with a mind of their own: they answer what they hear, or do not.

They know only what a caller knows: the phrases that are played to them. What they want, how patient they are and
whether they press the right key comes from seeded dice, so that a city's month can be told again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ivr.clock import Timer, VirtualClock
from sip.simulator import Simulator

# What somebody calls for, and how many of a hundred do.
WANTS = {
    "person": 68, "progress": 12, "complaint": 2.5, "report": 0.5, "anonymous": 0.5, "silent": 3, "fumbles": 5,
    "leaves": 8.5,
}  # fmt: skip
MENU = {"complaint": "3", "report": "4", "anonymous": "4", "progress": "2"}
OTHERS = ("report", "anonymous")  # who goes on with 1 in the second menu
# The first of these phrases that is heard says what is being asked.
QUESTIONS = {
    "ask.anonymous": "anonymous", "ask.category": "category", "ask.account": "account", "ask.account.again": "account",
    "message.ask": "account", "message.again": "account", "callback.own": "own_number", "callback.type": "type",
    "callback.readback": "confirm", "case.repeat": "read_back", "rate.ask": "rate", "menu.retry": "menu",
    "direct.human": "wait",
}  # fmt: skip
PATIENCE_S = 75.0  # on average, while it rings
GIVES_UP = 0.012  # how often somebody hangs up at any prompt, whatever it is


@dataclass
class Citizen:
    """One call of one person. ``wants``: see :data:`WANTS`; ``number`` None: withheld."""

    sim: Simulator
    clock: VirtualClock
    dice: random.Random
    wants: str
    number: str | None
    line: str = ""
    asked: str = ""  # the question before this one
    waiting: bool = False
    _next: Timer | None = field(default=None, repr=False)

    def rings(self, called: str, test: bool = False) -> str:
        """Dial; the name of the line."""
        self.line = self.sim.call(called, self.number, test)
        if self.wants == "leaves":  # at some moment, whatever is going on then
            self._later(self.dice.uniform(0, 45), self._leaves)
        return self.line

    def hears(self, keys: Sequence[str], ms: int) -> None:
        """What is played now, and how long it takes to say."""
        question = next((QUESTIONS[key] for key in keys if key in QUESTIONS), "")
        if not question and "menu.item" in keys:
            question = "category" if self.asked == "category" else "menu"
        if question == "menu" and self.asked == "menu" and self.wants in OTHERS and "menu.retry" not in keys:
            question = "others"
        if any(key.startswith("bye") for key in keys):
            question = "bye"
        if self._next is not None and self.wants != "leaves":
            self._next.cancel()  # what was about to be pressed answered the question before
        if self.dice.random() < GIVES_UP:
            self.wants = "leaves"  # and nothing that is said meanwhile changes that
            self._later(self.dice.uniform(0, ms / 1000 + 4), self._leaves)
        elif question:
            getattr(self, f"_{question}")(ms / 1000)
            self.asked = question

    # --- answers -------------------------------------------------------------------------------

    def _menu(self, s: float) -> None:
        if self.wants == "silent":
            return
        if self.wants == "fumbles" and self.asked != "menu":
            self._press(self.dice.choice("*795#"), s)
            return
        self._press(MENU.get(self.wants) or self.dice.choice("0001112"), s)

    def _others(self, s: float) -> None:
        self._press("1", s)

    def _category(self, s: float) -> None:
        self._press(self.dice.choices(["1", "2", "3", "4", "5", "*", "9", "0", ""], [9, 9, 20, 9, 9, 1, 2, 2, 4])[0], s)

    def _anonymous(self, s: float) -> None:
        right = "1" if self.wants == "anonymous" else "2"
        self._press(self.dice.choices([right, "", "5", "0"], [90, 6, 2, 2])[0], s)

    def _account(self, s: float) -> None:
        if self.wants == "silent" or self.dice.random() < 0.06:
            return

        def speaks() -> None:
            spoken = self.dice.uniform(0.4, 3)
            self.sim.speak(self.line, round(spoken * 1000))
            if self.dice.random() < 0.85:
                self._later(spoken + 0.3, lambda: self.sim.press(self.line, "#"))
            elif self.dice.random() < 0.3:
                self._later(spoken / 2, self._leaves)  # in the middle of a sentence

        self._later(s + 0.2, speaks)

    def _own_number(self, s: float) -> None:
        self._press(self.dice.choices(["1", "2", "", "0"], [80, 10, 8, 2])[0], s)

    def _type(self, s: float) -> None:
        number = f"139{self.dice.randrange(10**8):08}"
        self._press(self.dice.choices([number + "#", number[:4] + "#", number, "", "110#"], [80, 5, 8, 5, 2])[0], s)

    def _confirm(self, s: float) -> None:
        self._press(self.dice.choices(["1", "2", "", "0"], [82, 8, 8, 2])[0], s)

    def _read_back(self, s: float) -> None:
        if self.dice.random() < 0.5:
            self._later(s + self.dice.uniform(0.2, 3), self._leaves)
        else:
            self._press(self.dice.choices(["", "1", "5"], [70, 20, 10])[0], s)

    def _rate(self, s: float) -> None:
        self._press(self.dice.choices(["1", "2", "3", "4", "5", "", "8"], [30, 25, 10, 4, 3, 25, 3])[0], s)

    def _wait(self, s: float) -> None:
        if not self.waiting:
            self.waiting = True
            patience = 600.0 if self.wants == "silent" else 1 + self.dice.expovariate(1 / PATIENCE_S)
            self._at(patience, self._has_waited)

    def talks(self) -> None:
        """Joined with an operator, however that came about: at some time all is said."""
        if not self.waiting and self.sim.peer(self.line) is not None:
            self._wait(0)

    def _has_waited(self) -> None:
        """Patience ran out: who is talking goes on talking, and hangs up when all is said (S4-33)."""
        if self.sim.peer(self.line) is not None:
            self._at(self.dice.uniform(5, 200), self._has_talked)
        elif self.asked == "wait":
            self._leaves()
        elif self.sim.knows(self.line):  # asked something else meanwhile
            self._at(60, self._has_waited)

    def _has_talked(self) -> None:
        if self.sim.peer(self.line) is not None:
            self._leaves()
        else:
            self._has_waited()

    def _bye(self, s: float) -> None:
        if self.wants != "silent" and self.dice.random() < 0.8:
            self._later(s + self.dice.uniform(0.1, 6), self._leaves)

    # --- doing ---------------------------------------------------------------------------------

    def _press(self, keys: str, s: float) -> None:
        """Press, sometimes while it is still being said; nothing: stay silent."""
        if keys:
            after = self.dice.uniform(0.3, s + 3)
            self._later(after, lambda: self.sim.press(self.line, keys))

    def _leaves(self) -> None:
        self.sim.leave(self.line)

    def _later(self, seconds: float, act: Callable[[], object]) -> None:
        self._next = self._at(seconds, act)

    def _at(self, seconds: float, act: Callable[[], object]) -> Timer:
        return self.clock.call_at(self.clock.now_ms() + round(seconds * 1000), lambda: act() and None)
