"""Take a callback number by keys, read it back, 1 = right, 2 = again (LIS-1, LIS-2); say why when it is none.

Shared by the step kind ``ask`` and by the callback question of ``case``. The digits stay in the
encrypted state; the journal sees only that a key was pressed.
"""

from __future__ import annotations

from ivr.call import events as e
from ivr.call.commands import Say
from ivr.call.limits import NUMBER_MAX, TRIES
from ivr.call.phases import Phase, register
from ivr.call.steps.base import Answer, ended
from ivr.call.turn import StepContext

REFUSED = "callback.not_called"  # a number that is never called back: of service, abroad, an emergency
WHY = {"incomplete": "callback.invalid", "no_area_code": "callback.area"}  # a slip of the finger
PHRASES = ("callback.type", "callback.readback", REFUSED, *WHY.values())
PHASES = register({"number.type": Phase(keys="5#*", typed=True, doubles=True), "number.confirm": Phase(asks=True)})


def begin(turn: StepContext, *before: str) -> None:
    """Ask for the number."""
    turn.set(digits="")
    turn.say("number.type", *before, "callback.type")


def on(turn: StepContext, event: e.Event) -> Answer | None:
    """One event of the question: a number is in the draft (``done``), none could be had, a person is wanted."""
    if turn.s.phase == "number.type":
        return _typing(turn, event)
    return _confirming(turn, event)


def _typing(turn: StepContext, event: e.Event) -> Answer | None:
    if isinstance(event, e.Digit):
        turn.hush()
        if event.key == "*":
            begin(turn)
        elif event.key == "#":
            return _typed(turn)
        else:
            turn.set(digits=turn.s.digits + event.key)
            if len(turn.s.digits) >= NUMBER_MAX:
                return _typed(turn)
            turn.arm("silence", turn.rules.inter_key_s)
    elif ended(event):
        turn.arm("silence", turn.rules.first_key_s)
    elif isinstance(event, e.TimeUp):
        return _typed(turn)
    return None


def _typed(turn: StepContext) -> Answer | None:
    if not turn.s.digits:
        return _again(turn, "ask.repeat")
    number, why = turn.flow.call_back(turn.s.digits)
    if why:  # said at once: a promise to call a number that is never dialled would be empty (S4-33)
        return _again(turn, WHY.get(why, REFUSED))
    turn.set(digits=number)  # with the area code, as it will be dialled
    turn.say("number.confirm", Say("callback.readback", (("phone", number),)))
    return None


def _again(turn: StepContext, before: str) -> Answer | None:
    turn.set(tries=turn.s.tries + 1)
    if turn.s.tries >= TRIES:
        return "nothing"
    begin(turn, before)
    return None


def _confirming(turn: StepContext, event: e.Event) -> Answer | None:
    if isinstance(event, e.Digit):
        turn.hush()
        if event.key == "0":
            return "person"
        if event.key == "2":
            turn.set(tries=0)
            begin(turn)
            return None
        return _take(turn, confirmed=event.key == "1")
    if ended(event):
        turn.arm("silence", turn.rules.first_key_s)
    elif isinstance(event, e.TimeUp):
        return _take(turn, confirmed=False)
    return None


def _take(turn: StepContext, confirmed: bool) -> Answer:
    turn.draft(callback="typed", typed_number=turn.s.digits, confirmed=confirmed)
    turn.set(digits="")
    return "done"
