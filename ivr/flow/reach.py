"""Estimate how long a caller who presses nothing waits for a person, from the answer to the operator's phone.

    reach(flow, speaking)        # Reach(seconds=26.7, keys=0, choices=5)

The machine itself is walked, each prompt taking as long as ``speaking`` says. :func:`spoken_s` counts 140
characters a minute, the pace of a person who answers a hotline (B5: 130–150), pauses included.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ivr.call import commands as c
from ivr.call import events as e
from ivr.call.limits import EVENTS_TO_END
from ivr.call.machine import begin, step
from ivr.call.state import CallState
from ivr.call.steps.hours import HoursStep
from ivr.call.steps.menu import MenuStep
from ivr.call.turn import FlowContext
from ivr.speech.normaliser import said

CHARS_A_MINUTE = 140
WORDS_A_MINUTE = 130  # where a text is English
PERSON_KEY = "0"

Speaking = Callable[[Sequence[c.Say], str], float]  # (phrases, language) -> seconds


@dataclass(frozen=True, slots=True)
class Reach:
    """``seconds``: the most there are, over opening hours and outside, from the answer until an operator's phone rings
    for a caller who presses nothing; where silence leads to a message, until key 0 was offered, and ``keys`` is 1.
    ``choices``: of the longest menu.
    """

    seconds: float
    keys: int
    choices: int

    def __str__(self) -> str:
        keys = "1 key" if self.keys == 1 else f"{self.keys} keys"
        return f"a person within {self.seconds:.1f} s and {keys}, at most {self.choices} choices"


def spoken_s(text: str, lang: str) -> float:
    """Return how long a text is spoken (s): by its characters as they are said, an English one by its words."""
    text = said(text, lang)
    if lang.startswith("zh"):
        return sum(char.isalnum() for char in text) * 60 / CHARS_A_MINUTE
    return len(re.findall(r"\w+", text)) * 60 / WORDS_A_MINUTE


def reach(flow: FlowContext, speaking: Speaking) -> Reach:
    """Measure the flow."""
    worlds = [replace(flow, is_open=lambda schedule, at: True)]
    if any(isinstance(here, HoursStep) for here in flow.steps.values()):
        worlds.append(replace(flow, is_open=lambda schedule, at: False))
    ways = [_silently(world, speaking) for world in worlds]
    menus = [len(here.menu.keys) for here in flow.steps.values() if isinstance(here, MenuStep)]
    return Reach(max(s for s, _ in ways), max(keys for _, keys in ways), max(menus, default=0))


def _silently(flow: FlowContext, speaking: Speaking) -> tuple[float, int]:
    """(seconds, keys) of one who presses nothing."""
    at, offered = 0, None
    state, commands = step(flow, begin(flow), e.Offered(0, "hotline", caller_known=True))
    while state.phase != "answering":
        at = state.timer_at
        state, commands = step(flow, state, e.TimeUp(at, state.timer))
    answered = at
    event: e.Event = e.Answered(at)
    for _ in range(2 * EVENTS_TO_END):
        state, commands = step(flow, state, event)
        if any(isinstance(command, c.FindSeats) for command in commands):
            return (at - answered) / 1000, 0
        played = next((command.say for command in commands if isinstance(command, c.Play)), ())
        if offered is None and (upto := _offer(played)):
            offered = at + round(1000 * speaking(played[:upto], state.lang))
        event = _next(state, at + round(1000 * speaking(played, state.lang)) if played else at)
        at = event.at
        if state.over or any(isinstance(command, c.Record) for command in commands):
            break
    return ((at if offered is None else offered) - answered) / 1000, 1


def _offer(played: Sequence[c.Say]) -> int:
    """How many phrases it takes until key 0 is offered; 0: it is not."""
    here = (n for n, say in enumerate(played, 1) if say.key == "menu.item" and ("key", PERSON_KEY) in say.args)
    return next(here, 0)


def _next(state: CallState, at: int) -> e.Event:
    if state.token:
        return e.PlayDone(at, state.token)
    return e.TimeUp(max(at, state.timer_at), state.timer)
