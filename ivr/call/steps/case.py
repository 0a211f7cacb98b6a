"""Take a complaint 投诉, report 举报, message 留言 ...: thanks, questions, stored, number and due date.

.. code-block:: yaml

    complaint:
      case: {kind: complaint, ask: [category, spoken_account, callback_number], read_back: [case_number, due_date]}
      next: bye

S4-31: thanks first, then the details, then it is passed on at once. The number is spoken only after
the case is durably stored. A key pressed during the thanks answers the question that follows, unless it is the
menu's own key once more. What a caller said before hanging up is stored too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ivr.call import commands as c
from ivr.call import events as e
from ivr.call.limits import SAVE_LIMIT_S
from ivr.call.phases import Phase, register, stored
from ivr.call.state import CaseDraft
from ivr.call.steps import questions
from ivr.call.steps.base import Step, ended
from ivr.call.turn import FAREWELL, StepContext
from ivr.cases import kinds

Item = Literal["anonymous", "category", "spoken_account", "callback_number"]
ReadBack = Literal["case_number", "due_date"]

# Who said nothing when nobody could be had: noted as a missed call, or of no number that can be called back.
NOTED, NOT_NOTED = "message.none", "message.none_unknown"


register(
    {
        "thanks": Phase(asks=True, once=True),
        "unsaid": Phase(asks=True, once=True),
        "registering": Phase(asks=True, once=True),
        "saving": Phase(once=True, world=stored),
        "failed": Phase(once=True),
        "read_back": Phase(),
    }
)


def _by_flow(kind: str) -> str:
    known = kinds.ids(lambda kind: kind.by_flow)
    if kind not in known:
        raise ValueError(f"there is no kind of case {kind!r} here: use one of {', '.join(known)}")
    return kind


class Taking(BaseModel):
    """What is asked, and what is read back."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Annotated[str, AfterValidator(_by_flow)] = Field(description="one of the kinds of case below")
    ask: tuple[Item, ...] = Field(
        default=("spoken_account", "callback_number"),
        description="of anonymous, category, spoken_account, callback_number; none: stored at once, for his own number",
    )
    read_back: tuple[ReadBack, ...] = Field(
        default=("case_number", "due_date"), description="of case_number and due_date"
    )


class TakeCaseStep(Step):
    kind: ClassVar[str] = "case"
    case: Taking
    next: str = Field(description="step after the case is stored and read back")
    failed: str = Field(default="", description="step when it cannot be stored (default: the person step)")

    # --- asking ---

    def start(self, turn: StepContext) -> None:
        old = turn.s.draft
        self._begin(
            turn,
            CaseDraft(
                kind=self.case.kind,
                recordings=old.recordings,
                callback=old.callback,
                typed_number=old.typed_number,
                confirmed=old.confirmed,
            ),
        )

    def _begin(self, turn: StepContext, draft: CaseDraft) -> None:
        todo = tuple(item for item in self.case.ask if not _known(draft, item))
        turn.set(draft=draft)
        turn.draft(todo=todo)
        if thanks := kinds.of(self.case.kind).thanks:
            turn.say("thanks", *thanks)
        else:
            self._ask_next(turn)

    def _ask_next(self, turn: StepContext) -> None:
        turn.set(tries=0, digits="")
        todo = turn.s.draft.todo
        if turn.s.draft.anonymous:  # never asked for a number: they come back with the query code
            todo = turn.draft(todo=tuple(item for item in todo if item != "callback_number")).todo
        if todo:
            questions.begin(turn, todo[0], self.case.kind)
        else:
            self._save(turn)

    def on(self, turn: StepContext, event: e.Event) -> None:
        phase = turn.s.phase
        if phase == "thanks":
            if isinstance(event, e.Digit) and event.key == "0":
                turn.person()
            elif ended(event) or isinstance(event, e.Digit):
                turn.hush()
                answers = isinstance(event, e.Digit) and event.key != turn.s.taken_key
                self._ask_next(turn)
                if answers and turn.s.phase in questions.BY_KEY:
                    self._question(turn, event)
        elif phase == "saving":
            self._saving(turn, event)
        elif phase == "read_back":
            self._reading(turn, event)
        elif phase == "failed":
            self._failing(turn, event)
        elif phase == "unsaid":
            self._unsaid(turn, event)
        elif phase == "registering":
            self._register(turn, event)
        else:
            self._question(turn, event)

    def _question(self, turn: StepContext, event: e.Event) -> None:
        answer = questions.on(turn, event)
        if answer == "person":
            turn.person()
        elif answer == "nothing":
            self._nothing(turn)
        elif answer == "done":
            turn.draft(todo=turn.s.draft.todo[1:])
            self._ask_next(turn)

    # --- nothing said ---

    def _nothing(self, turn: StepContext) -> None:
        """Lead who says nothing to a person; whom nobody can answer, he is told what becomes of his call (ANS-4)."""
        if not turn.s.nobody:
            turn.person()
        elif (unsaid := kinds.of(self.case.kind).unsaid) and _can_be_called(turn):
            turn.say("registering", unsaid)
        elif _can_be_called(turn):
            turn.say("unsaid", c.Say(NOTED, (("n", str(turn.rules.call_back_h)),)))
        else:
            turn.say("unsaid", NOT_NOTED)

    def _register(self, turn: StepContext, event: e.Event) -> None:
        """Keep a repair of which nothing was said: somebody calls back and asks (PWR-1)."""
        if isinstance(event, e.Digit) and event.key == "0":
            turn.person()
        elif ended(event):
            turn.draft(todo=(), callback="caller")
            self._save(turn)

    def _unsaid(self, turn: StepContext, event: e.Event) -> None:
        if isinstance(event, e.Digit) and event.key == "0":
            turn.person()
        elif ended(event):
            turn.goto(FAREWELL)

    # --- storing ---

    def _save(self, turn: StepContext) -> None:
        draft = turn.s.draft
        if draft.callback == "none" and "callback_number" not in self.case.ask and _can_be_called(turn):
            draft = turn.draft(callback="caller")
        turn.ask(c.OpenCase.of(draft, complete=bool(draft.recordings) or "spoken_account" not in self.case.ask))
        turn.set(phase="saving")
        turn.arm("save", SAVE_LIMIT_S)

    def _saving(self, turn: StepContext, event: e.Event) -> None:
        if isinstance(event, e.CaseOpened):
            told = {"number": event.number, "due": event.due, "workdays": event.workdays}
            turn.draft(**told, query_code=event.query_code)
            turn.set(tries=0)
            self._read_back(turn)
        elif isinstance(event, (e.CaseFailed, e.TimeUp)):
            turn.say("failed", "case.failed")

    def _failing(self, turn: StepContext, event: e.Event) -> None:
        """Never promise what is not stored: a person takes it; when that was tried too, say goodbye."""
        if ended(event) or isinstance(event, e.Digit):
            turn.hush()
            if self.failed:
                turn.goto(self.failed)
            else:
                turn.person_or_farewell()

    def _read_back(self, turn: StepContext, *before: str) -> None:
        draft = turn.s.draft
        says: list[c.Say | str] = list(before)
        if "case_number" in self.case.read_back:
            says += [c.Say("case.number", (("number", draft.number),))]
        if "due_date" in self.case.read_back and draft.due:
            says += [self._promise(draft)]
        if draft.query_code:  # spoken twice: it is the only way back to an anonymous report
            says += [c.Say("case.query_code", (("code", draft.query_code),))] * 2
        turn.say("read_back", *says, "case.code_noted" if draft.query_code else "case.repeat")

    def _promise(self, draft: CaseDraft) -> c.Say:
        """Until when: by the date, or in so many working days where the rule counts these (CBK-3, S4-58)."""
        phrase = questions.due_phrase(self.case.kind, draft.anonymous)
        if draft.workdays:
            return c.Say(f"case.within.{phrase}", (("n", str(draft.workdays)), ("due", draft.due)))
        return c.Say(f"case.due.{phrase}", (("due", draft.due),))

    def _reading(self, turn: StepContext, event: e.Event) -> None:
        if isinstance(event, e.Digit):
            turn.hush()
            if event.key == "1":
                self._read_back(turn)
            elif event.key == "0":
                turn.person()
            else:
                if turn.s.draft.query_code and event.key == "2":
                    turn.ask(c.Annotate("query_code_noted"))
                self._finish(turn)
        elif ended(event):
            turn.arm("silence", turn.rules.first_key_s)
        elif isinstance(event, e.TimeUp) and turn.s.draft.query_code and not turn.s.tries:
            turn.set(tries=1)  # nobody said that it is noted: once more
            self._read_back(turn)
        elif isinstance(event, e.TimeUp):
            self._finish(turn)

    def _finish(self, turn: StepContext) -> None:
        turn.set(draft=CaseDraft())
        turn.goto(self.next)

    def resume(self, turn: StepContext) -> None:
        """A recording or a saving in progress goes on; otherwise apologise and ask the present question again."""
        phase = turn.s.phase
        if phase == "saving":
            self._save(turn)  # the same case by its id, should it be stored already
        elif phase == "read_back":
            self._read_back(turn, "resume.sorry")
        elif phase in ("unsaid", "registering"):
            self._nothing(turn)
        elif phase not in ("saving", "account.record", "account.stop"):
            self._ask_next(turn)

    def exits(self) -> Iterator[tuple[str, str]]:
        yield "next", self.next
        if self.failed:
            yield "failed", self.failed

    def phrases(self) -> Iterator[tuple[str, str]]:
        keys = [
            *questions.phrases(self.case.ask, self.case.kind),
            "case.number",
            "case.repeat",
            "case.failed",
            NOTED,
            NOT_NOTED,
        ]
        kind = kinds.of(self.case.kind)
        keys += [*((kind.unsaid,) if kind.unsaid else ()), *kind.thanks]
        keys += [f"case.{how}.{questions.due_phrase(self.case.kind)}" for how in ("due", "within")]
        if "anonymous" in self.case.ask:
            keys += [
                "case.query_code",
                "case.code_noted",
                "case.due.report_anonymous",
                "case.within.report_anonymous",
            ]
        yield from (("case", key) for key in keys)


def _can_be_called(turn: StepContext) -> bool:
    return turn.s.caller_known and not turn.s.never_called and not turn.s.draft.anonymous


def _known(draft: CaseDraft, item: Item) -> bool:
    return (item == "spoken_account" and bool(draft.recordings)) or (
        item == "callback_number" and draft.callback == "typed"
    )
