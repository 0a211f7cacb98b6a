"""Bound the calls of one source and of one number, on Asterisk.

Whose a call is, Asterisk decides before we hear of it (``sip/asterisk/files.py``). It does not say whether its answer
was acknowledged; so a call counts as acknowledged when sound or a key came from the caller, asked for while many did
not send any, and after 33 s at the latest: Asterisk has ended it by then if it was not (RFC 3261 timer H).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from ivr.telephony import AccessDenied
from sip.access import OVERDUE_S, PresentCall, plain, room
from sip.asterisk.config import AsteriskConfig
from sip.asterisk.legs import AsteriskLeg, AsteriskLegs, By
from sip.asterisk.line_events import now_ms
from sip.asterisk.link import Link
from sip.asterisk.rest import Reply
from sip.telling import Teller

ASK_AGAIN_S = 1.0
GIVEN_UP_S = 33.0


class AsteriskDoorman:
    """``end`` ends a line for another caller. ``tell`` gets who was refused."""

    def __init__(
        self,
        config: AsteriskConfig,
        lines: AsteriskLegs,
        link: Link,
        end: Callable[[AsteriskLeg, tuple[By, str]], None],
        tell: Callable[[AccessDenied], None],
    ) -> None:
        self._rules, self._lines, self._link, self._end = config.access, lines, link, end
        self._teller = Teller(tell, "PJSIP", now_ms)
        self._loop = asyncio.get_running_loop()

    def refusal(self, source: str, trunk: bool, number: str | None) -> str:
        """Why a call from the address ``source`` is refused; empty: it is taken."""
        calls, host = list(self._calls()), plain(source)
        self._ask_if_many(calls, host)
        found = room(self._rules, calls, host, trunk, number)
        if line := self._lines.live(found.overdue):
            self._end(line, ("failure", "no_ack"))
        if found.refusal:
            self._teller.refused(found.refusal, host)
        return found.refusal

    def close(self) -> None:
        """Tell what is still counted."""
        self._teller.close()

    def _calls(self) -> Iterator[PresentCall]:
        now = self._loop.time()
        for line in self._lines:
            if line.seat or line.verdict is not None:
                continue
            if line.up_at is not None and now - line.up_at > GIVEN_UP_S:
                line.heard = True
            late = line.silent_at is not None and line.up_at is not None and line.silent_at - line.up_at >= OVERDUE_S
            yield PresentCall(line.name, line.source, line.trunk, line.number, line.heard, line.up_at, late)

    def _ask_if_many(self, calls: list[PresentCall], source: str) -> None:
        """Ask who of the silent ones has sent sound, from half of a bound on."""
        silent = [call for call in calls if not call.acknowledged and not call.trunk]
        ours = [call for call in silent if call.source == source]
        if len(silent) < self._rules.in_all // 2 and len(ours) < self._rules.per_source // 2:
            return
        now = self._loop.time()
        for call in silent:
            line = self._lines.live(call.line)
            if line is not None and line.up and now - line.asked_at >= ASK_AGAIN_S:
                line.asked_at = now
                self._ask(line)

    def _ask(self, line: AsteriskLeg) -> None:
        def told(reply: Reply) -> None:
            if reply.ok and int(reply.body.get("rxcount", 0)) > 0:
                line.heard = True
            elif reply.ok:
                line.silent_at = self._loop.time()

        self._link.ask("GET", "channels", line.name, "rtp_statistics", done=told)
