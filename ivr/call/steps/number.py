"""Take a callback number by keys, read it back, 1 = right, 2 = again (LIS-1, LIS-2).

Shared by the step kind ``ask`` and by the callback question of ``case``. The digits stay in the
encrypted state; the journal sees only that a key was pressed.
"""

from __future__ import annotations

import re

from ivr.call import events as e
from ivr.call.commands import Say
from ivr.call.limits import NUMBER_MAX, NUMBER_MIN, TRIES
from ivr.call.steps.base import Answer, ended
from ivr.call.turn import Turn

PHRASES = ("callback.type", "callback.readback", "callback.invalid")
PHASES = ("number.type", "number.confirm")
_NUMBER = re.compile(rf"[0-9]{{{NUMBER_MIN},{NUMBER_MAX}}}")
EMERGENCY = re.compile(r"0*(110|119|120|122)")


def plausible(digits: str) -> bool:
    """Can this be called back? 7–12 digits and never an emergency number."""
    return bool(_NUMBER.fullmatch(digits)) and not EMERGENCY.fullmatch(digits)


def begin(turn: Turn, *before: str) -> None:
    """Ask for the number."""
    turn.set(digits="")
    turn.say("number.type", *before, "callback.type")


def on(turn: Turn, event: e.Event) -> Answer | None:
    """One event of the question: a number is in the draft (``done``), none could be had, a person is wanted."""
    if turn.s.phase == "number.type":
        return _typing(turn, event)
    return _confirming(turn, event)


def _typing(turn: Turn, event: e.Event) -> Answer | None:
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


def _typed(turn: Turn) -> Answer | None:
    if plausible(turn.s.digits):
        turn.say("number.confirm", Say("callback.readback", (("phone", turn.s.digits),)))
        return None
    return _again(turn, "callback.invalid" if turn.s.digits else "ask.repeat")


def _again(turn: Turn, before: str) -> Answer | None:
    turn.set(tries=turn.s.tries + 1)
    if turn.s.tries >= TRIES:
        return "nothing"
    begin(turn, before)
    return None


def _confirming(turn: Turn, event: e.Event) -> Answer | None:
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


def _take(turn: Turn, confirmed: bool) -> Answer:
    turn.draft(callback="typed", typed_number=turn.s.digits, confirmed=confirmed)
    turn.set(digits="")
    return "done"
