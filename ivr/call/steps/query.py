"""How does my case stand? Asked by keys: with the query code 查询码 of an anonymous report, or the case number.

.. code-block:: yaml

    progress: {query: query.ask, next: bye, otherwise: person}

The code is read back (1 = right, 2 = again); then the caller hears whether the matter is received, being
handled or answered, until when, and how it ended. A case number opens only cases of the caller's own
number. A wrong code gives no hint; three tries, then ``otherwise``, as with key 0 before the first digit,
silence, and when the store says that too much was guessed within the hour. Codes begin with no 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from ivr.call import commands as c
from ivr.call import events as e
from ivr.call.limits import QUERY_DIGITS, QUERY_TRIES, STORE_ANSWER_S
from ivr.call.phases import Happening, Phase, register
from ivr.call.state import CallState
from ivr.call.steps.base import Step, ended
from ivr.call.turn import StepContext

STATES = ("received", "handling", "answered")
VERDICTS = ("valid", "invalid")


def _answers(state: CallState) -> Iterator[Happening]:
    """What the store may say of the case that was asked for."""
    for stands, verdict in (("received", ""), ("answered", "valid")):
        yield e.CaseFound(0, "found", stands, "2026-11-26", verdict=verdict), False
    yield e.CaseFound(0, "unknown"), False
    yield e.CaseFound(0, "later"), True


register(
    {
        "query.type": Phase(keys="05#*", typed=True, doubles=True),
        "query.confirm": Phase(asks=True, typed=True),
        "query.finding": Phase(typed=True, world=_answers),
        "query.told": Phase(asks=True, once=True),
    }
)


class QueryStep(Step):
    kind: ClassVar[str] = "query"
    query: str = Field(default="query.ask", description="phrase key of the request for code or number")
    next: str = Field(description="step after the caller heard how it stands")
    otherwise: str = Field(description="step for key 0, silence, and a code that is not found")

    def start(self, turn: StepContext) -> None:
        self._ask(turn)

    def _ask(self, turn: StepContext, *before: str) -> None:
        turn.set(digits="", told="")
        turn.say("query.type", *before, self.query)

    def on(self, turn: StepContext, event: e.Event) -> None:
        match turn.s.phase:
            case "query.type":
                self._typing(turn, event)
            case "query.confirm":
                self._confirming(turn, event)
            case "query.finding":
                self._finding(turn, event)
            case "query.told":
                self._told(turn, event)

    def _typing(self, turn: StepContext, event: e.Event) -> None:
        match event:
            case e.Digit(key="*"):
                turn.hush()
                self._ask(turn)
            case e.Digit(key="0") if not turn.s.digits:
                self._give_up(turn)
            case e.Digit(key="#"):
                turn.hush()
                self._typed(turn)
            case e.Digit(key=key):
                turn.hush()
                turn.set(digits=turn.s.digits + key)
                if len(turn.s.digits) >= QUERY_DIGITS[1]:
                    self._typed(turn)
                else:
                    turn.arm("silence", turn.rules.inter_key_s)
            case _ if ended(event):
                turn.arm("silence", turn.rules.first_key_s)
            case e.TimeUp():
                self._typed(turn)

    def _typed(self, turn: StepContext) -> None:
        if not turn.s.digits:
            self._give_up(turn)
        elif len(turn.s.digits) >= QUERY_DIGITS[0]:
            turn.say("query.confirm", c.Say("ask.digits.readback", (("digits", turn.s.digits),)))
        else:
            self._again(turn, "ask.digits.invalid")

    def _again(self, turn: StepContext, why: str) -> None:
        turn.set(tries=turn.s.tries + 1)
        if turn.s.tries >= QUERY_TRIES:
            self._give_up(turn)
        else:
            self._ask(turn, why)

    def _give_up(self, turn: StepContext) -> None:
        turn.hush()
        turn.goto(self.otherwise)

    def _confirming(self, turn: StepContext, event: e.Event) -> None:
        if isinstance(event, e.Digit):
            turn.hush()
            if event.key == "0":
                self._give_up(turn)
            elif event.key == "2":
                self._ask(turn)
            else:
                self._find(turn)
        elif ended(event):
            turn.arm("silence", turn.rules.first_key_s)
        elif isinstance(event, e.TimeUp):
            self._find(turn)

    def _find(self, turn: StepContext) -> None:
        turn.ask(c.FindCase(turn.s.digits))
        turn.set(phase="query.finding")
        turn.arm("find", STORE_ANSWER_S)

    def _finding(self, turn: StepContext, event: e.Event) -> None:
        match event:
            case e.CaseFound(result="found"):
                turn.set(
                    digits="", told="|".join((event.state, event.due, "late" if event.late else "", event.verdict))
                )
                self._tell(turn)
            case e.CaseFound(result="unknown"):
                self._again(turn, "query.unknown")
            case e.CaseFound() | e.TimeUp():
                self._give_up(turn)

    def _tell(self, turn: StepContext, *before: str) -> None:
        state, due, late, verdict = turn.s.told.split("|")
        says: list[c.Say | str] = [*before, f"query.state.{state}"]
        if state == "answered" and verdict in VERDICTS:
            says.append(f"query.verdict.{verdict}")
        elif state != "answered" and late:
            says.append("query.late")
        elif state != "answered" and due:
            says.append(c.Say("query.due", (("due", due),)))
        turn.say("query.told", *says, "query.again")

    def _told(self, turn: StepContext, event: e.Event) -> None:
        if isinstance(event, e.Digit):
            turn.hush()
            if event.key == "0":
                self._give_up(turn)
            elif event.key == "1":
                self._tell(turn)
            else:
                self._leave(turn)
        elif ended(event):
            turn.arm("silence", turn.rules.first_key_s)
        elif isinstance(event, e.TimeUp):
            self._leave(turn)

    def _leave(self, turn: StepContext) -> None:
        turn.set(told="")
        turn.goto(self.next)

    def resume(self, turn: StepContext) -> None:
        """Repeat the look-up if a number was typed, repeat the answer if one was given, or else ask again."""
        if turn.s.phase == "query.finding":
            self._find(turn)
        elif turn.s.phase == "query.told":
            self._tell(turn, "resume.sorry")
        else:
            self._ask(turn, "resume.sorry")

    def exits(self) -> Iterator[tuple[str, str]]:
        yield "next", self.next
        yield "otherwise", self.otherwise

    def phrases(self) -> Iterator[tuple[str, str]]:
        yield "query", self.query
        keys = ("unknown", "due", "late", "again", *(f"state.{s}" for s in STATES), *(f"verdict.{v}" for v in VERDICTS))
        yield from (("query", f"query.{key}") for key in keys)
        yield from (("query", key) for key in ("ask.digits.readback", "ask.digits.invalid"))
