"""Codes an operator dials at a seat's own phone: sign in with a PIN, ready, pause, sign out (STF-16).

``*10<PIN>`` sign in, ``*11`` ready, ``*12<reason>`` pause, ``*13`` sign out, ``*14`` more after-call work. The phone
proved whose it is (``Incoming.seat``); what came of it is said, then the line ends. Such a call is no citizen's: it is
no call of the conductor, and nothing of it is journaled but the state that changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ivr import telephony as t
from ivr.call.commands import Say
from ivr.call_services import CallServices

ACTS = {"0": "sign_in", "1": "ready", "2": "pause", "3": "sign_out", "4": "wrap_up"}
REASONS = {"1": "rest", "2": "meal", "3": "meeting", "4": "training", "5": "errand"}  # other keys, or none: other
CODE = re.compile(r"\*1([0-4])([0-9]{0,16})#?")
LIMIT_MS = 20_000  # the line ends by then, whatever happens

Answer = Callable[[str], None]  # told the key of the phrase that says what came of it
Act = Callable[["SeatCode", Answer], None]


@dataclass(frozen=True, slots=True)
class SeatCode:
    """What was dialled at a seat. ``act``: as in ``ivr/desk/states.py``; ``digits``: the PIN, or the pause's reason."""

    seat: str
    act: str
    digits: str = ""

    @property
    def reason(self) -> str:
        """Of a pause."""
        return REASONS.get(self.digits, "other") if self.act == "pause" else ""


def code_of(seat: str, called: str) -> SeatCode | None:
    """Return what a seat's phone dialled, if it is a code."""
    found = CODE.fullmatch(called) if seat else None
    return SeatCode(seat, ACTS[found[1]], found[2]) if found else None


class SeatCodes:
    """The lines on which codes were dialled; on the conductor's thread. ``act`` does what is asked, on a thread of its
    own, and answers on this one.
    """

    def __init__(self, house: CallServices, act: Act) -> None:
        self._h, self._act = house, act
        self._lines: dict[str, str] = {}  # line -> the phrase to be said; "": not known yet
        self._up: set[str] = set()

    def happened(self, event: t.EngineEvent) -> bool:
        """The engine's sink: was it about a line of ours?"""
        if isinstance(event, t.Incoming):
            code = code_of(event.seat, event.called)
            if code is not None:
                self._begin(event.line, event.at, code)
            return code is not None
        line = getattr(event, "line", "")
        if line not in self._lines:
            return False
        match event:
            case t.LineUp():
                self._up.add(line)
                self._say(line)
            case t.PlaybackEnded(finished=True):
                self._end(line)
            case t.LineGone():
                self._forget(line)
        return True

    def _begin(self, line: str, at: int, code: SeatCode) -> None:
        self._lines[line] = ""
        self._h.engine.answer(line)
        self._h.clock.call_at(at + LIMIT_MS, lambda: self._end(line))

        def told(phrase: str) -> None:
            if line in self._lines:
                self._lines[line] = phrase
                self._say(line)

        self._act(code, told)

    def _say(self, line: str) -> None:
        phrase = self._lines[line]
        if not phrase or line not in self._up:
            return

        def ready(clips: list[t.Clip]) -> None:
            if line in self._lines:
                self._h.engine.play(line, clips, "code")

        self._h.speaker.clips((Say(phrase),), "zh-CN", None, ready)

    def _end(self, line: str) -> None:
        if line in self._lines:
            self._forget(line)
            self._h.engine.hangup(line, "consent")

    def _forget(self, line: str) -> None:
        self._lines.pop(line, None)
        self._up.discard(line)
