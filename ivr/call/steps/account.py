"""Record the caller's own words (LIS-3): after the tone, until ``#``, a pause or the limit.

Shared by the step kind ``record`` and by the spoken account of ``case``.
"""

from __future__ import annotations

from ivr.call import events as e
from ivr.call.commands import Say, StopRecord
from ivr.call.limits import ACCOUNT_MIN_MS, NOTICE, RECORD_END_LIMIT_S, TRIES
from ivr.call.phases import Phase, register
from ivr.call.steps.base import Answer, ended
from ivr.call.turn import StepContext
from ivr.cases import kinds

PHRASES = (NOTICE, "ask.account.again")
PHASES = register({"account.ask": Phase(asks=True), "account.record": Phase(), "account.stop": Phase()})
BEEP = Say("tone.beep")


def begin(turn: StepContext, prompt: str) -> None:
    """Ask for the account; the tone says when to speak. Before the first one is told that it is recorded (B10)."""
    turn.set(digits="")
    turn.say("account.ask", *(() if turn.s.noticed else (NOTICE,)), prompt, BEEP)


def on(turn: StepContext, event: e.Event) -> Answer | None:
    """One event of it: the words are in the draft (``done``), nothing was said, or a person is wanted (key 0)."""
    match turn.s.phase, event:
        case "account.ask", e.Digit(key="0"):
            return "person"
        case "account.ask", _ if ended(event) or isinstance(event, e.Digit):
            turn.hush()
            rules = turn.rules
            longest = rules.message_max_s if kinds.of(turn.s.draft.kind).short else rules.account_max_s
            turn.record("account.record", longest, rules.account_silence_s)
        case "account.record", e.Digit(key=key):
            turn.set(digits=key)
            _stop(turn)
        case "account.record", e.TimeUp():
            _stop(turn)
        case (("account.record" | "account.stop"), e.RecordDone()):
            return _recorded(turn, event)
        case "account.stop", e.TimeUp():
            return _recorded(turn, e.RecordDone(event.at, end="failed"))
    return None


def _stop(turn: StepContext) -> None:
    turn.ask(StopRecord())
    turn.set(phase="account.stop")
    turn.arm("record", RECORD_END_LIMIT_S)


def keep(turn: StepContext, event: e.RecordDone) -> bool:
    """Put a finished recording into the draft when somebody spoke in it."""
    if event.end == "failed" or event.ms < ACCOUNT_MIN_MS:
        return False
    turn.draft(recordings=(*turn.s.draft.recordings, event.token))
    return True


def _recorded(turn: StepContext, event: e.RecordDone) -> Answer | None:
    turn.set(recording="")
    kept = keep(turn, event)
    if turn.s.digits == "0":
        return "person"
    if kept:
        turn.set(hops=0, tries=0)
        return "done"
    turn.set(tries=turn.s.tries + 1)
    if turn.s.tries >= TRIES:
        return "nothing"
    begin(turn, "ask.account.again")
    return None
