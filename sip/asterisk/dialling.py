"""Dial by Asterisk: every phone of a seat at once, each on its own channel, or a citizen.

ARI's originate rings one contact. Which of a seat's answer, the function ``PJSIP_DIAL_CONTACTS`` knows, and it wants a
channel to be asked on: one is made for the question alone. The first phone to lift has the line, others are hung up.

A citizen's channel is ours before it rings, in a bridge of its own: what the network says before an answer (关机, 停机,
空号) passes to whoever is in that bridge, too. Originate would throw it away.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import math
from collections.abc import Callable

from sip.asterisk import causes
from sip.asterisk.bridging import Bridging
from sip.asterisk.config import TRUNK_OUT, AsteriskConfig
from sip.asterisk.legs import AsteriskLeg, AsteriskLegs, channel_of_line
from sip.asterisk.line_events import LineEvents
from sip.asterisk.link import Link
from sip.asterisk.rest import Reply
from sip.numbers import is_number
from sip.replies import FOR_ALL, most_telling

log = logging.getLogger(__name__)

CONTACTS = "PJSIP_DIAL_CONTACTS"
_WHY_S = 1.0  # how long the reason of an end may take
CITIZEN = "citizen"  # what a citizen's channel tells our application


def look_prefix(app: str) -> str:
    """How the channels are named that only a question is asked on."""
    return f"{app}-look-"


def _timeout(ring_ms: int) -> int:
    """After how many seconds Asterisk gives up by itself: later than we do."""
    return math.ceil(ring_ms / 1000) + 5


class AsteriskDialling:
    """``begun`` is told of each channel that is about to ring."""

    def __init__(
        self,
        config: AsteriskConfig,
        link: Link,
        lines: AsteriskLegs,
        reports: LineEvents,
        bridging: Bridging,
        begun: Callable[[AsteriskLeg, str], None],
    ) -> None:
        self._config, self._link, self._lines, self._reports, self._begun = config, link, lines, reports, begun
        self._bridging = bridging

    # --- ringing ---------------------------------------------------------------------------

    def seat(self, line: AsteriskLeg, ring_ms: int, display: str) -> None:
        """Ring the phones of ``line.seat`` that answer."""
        name = "".join(char for char in display if char.isprintable() and char not in '"\\')
        look = f"{look_prefix(self._config.app)}{line.name}"

        def told(reply: Reply) -> None:
            if self._lines.live(line.name) is not line or line.verdict is not None:
                return
            if not reply.ok:  # Asterisk chooses one then
                log.warning("seat %s: which phones answer is not known: %s %s", line.seat, reply.code, reply.body)
            found = str(reply.body["value"]).split("&") if reply.ok else [f"PJSIP/{line.seat}"]
            if not any(found):
                self._reports.never_dialled(line)
                return
            for n, endpoint in enumerate(filter(None, found)):
                self._originate(
                    line, channel_of_line(line.name, n), endpoint, ring_ms, f'"{name}" <{self._config.app}>'
                )

        where = f"Local/s@{self._config.context}-seat"
        query = {"endpoint": where, "app": self._config.app, "channelId": look}
        self._link.ask("POST", "channels", "create", query=query)
        self._link.ask("GET", "channels", look, "variable", query={"variable": f"{CONTACTS}({line.seat})"}, done=told)
        self._link.ask("DELETE", "channels", look)

    def number(self, line: AsteriskLeg, number: str, ring_ms: int, caller_id: str) -> None:
        """Ring a citizen."""
        # Only digits reach a dial string.
        if not (self._config.trunk and is_number(number)):
            self._reports.never_dialled(line)
            return
        line.citizen, line.ring_s = True, _timeout(ring_ms)
        line.phones.add(line.name)
        endpoint, shown = f"PJSIP/{number}@{TRUNK_OUT}", caller_id if is_number(caller_id) else self._config.app
        self._link.ask(
            "POST",
            "channels",
            "create",
            query={"endpoint": endpoint, "app": self._config.app, "appArgs": CITIZEN, "channelId": line.name},
            body={"variables": {"CALLERID(num)": shown, "CONNECTEDLINE(num,i)": shown}},
            done=lambda reply: self._dialled(line, line.name, endpoint, reply),
        )
        self._begun(line, line.name)

    def made(self, line: AsteriskLeg) -> None:
        """A citizen's channel is in our application, for the first time: now it rings."""
        if not line.ring_s or line.last is not None or line.verdict is not None:
            return
        ring_s, line.ring_s = line.ring_s, 0
        self._bridging.alone(line)
        self._link.ask(
            "POST",
            "channels",
            line.channel,
            "dial",
            query={"timeout": ring_s},
            done=lambda reply: self._dialled(line, line.channel, "the citizen", reply),
        )

    def _originate(self, line: AsteriskLeg, channel: str, endpoint: str, ring_ms: int, caller_id: str) -> None:
        line.phones.add(channel)
        self._link.ask(
            "POST",
            "channels",
            query={"endpoint": endpoint, "context": f"{self._config.context}-seat", "extension": "s",
                   "priority": 1, "channelId": channel, "callerId": caller_id, "timeout": _timeout(ring_ms)},
            body={"variables": {"HOTLINE_LINE": line.name}},
            done=lambda reply: self._dialled(line, channel, endpoint, reply),
        )  # fmt: skip
        self._begun(line, channel)

    def _dialled(self, line: AsteriskLeg, channel: str, whom: str, reply: Reply) -> None:
        if not reply.ok and self._lines.live(line.name) is line:
            log.info("line %s: %s cannot be dialled: %s %s", line.name, whom, reply.code, reply.body)
            self.over(line, channel, causes.UNREACHABLE)

    # --- what becomes of it ----------------------------------------------------------------

    def lifted(self, line: AsteriskLeg, channel: str) -> None:
        """A phone was lifted: it is the line, unless another was before."""
        if line.up and channel != line.channel:
            self.end(channel, causes.ELSEWHERE)
            return
        line.channel = channel
        line.phones.discard(channel)
        for other in line.phones:
            self.end(other, causes.ELSEWHERE)
        self._reports.is_up(line)

    def over(self, line: AsteriskLeg, channel: str, cause: int = causes.NORMAL, sip_code: int = 0) -> None:
        """A channel is gone: the line with it, or one of the phones that rang."""
        if channel == line.channel and (line.up or not line.phones):
            self._reports.ended(line, cause, sip_code)
            return
        if channel not in line.phones:
            return
        line.phones.discard(channel)
        line.ends.append((cause, sip_code))
        if line.up or line.last is not None:
            return
        if sip_code in FOR_ALL and line.seat:
            for other in line.phones:
                self.end(other)
            self._reports.ended(line, cause, sip_code)
        elif not line.phones:
            self._reports.ended(line, *min(line.ends, key=self._telling))

    def missing(self, line: AsteriskLeg, channel: str) -> None:
        """A channel is out of sight. Its end, and why, is told a moment later, unless that was lost."""
        loop = asyncio.get_running_loop()
        line.timers.append(loop.call_later(_WHY_S, self.over, line, channel))

    def hang_up(self, line: AsteriskLeg, cause: str) -> None:
        """Every channel of a line that is to end."""
        channels = [line.channel] if line.up or not line.seat else sorted(line.phones)
        for channel in channels:
            self.end(channel, cause, functools.partial(self.over, line, channel))
        if not channels:  # which phones there are was still asked
            self._reports.ended(line)

    def end(self, channel: str, cause: str = "cancelled", gone: Callable[[], None] = lambda: None) -> None:
        """End a channel; ``gone``: it was not there any more."""

        def asked(reply: Reply) -> None:
            if reply.code == 404:
                gone()

        query = {"reason_code": causes.refusal(cause)}
        self._link.ask("DELETE", "channels", channel, query=query, done=asked)

    @staticmethod
    def _telling(end: tuple[int, int]) -> int:
        return most_telling(causes.fail_reason(*end, rang=False, rung_out=False))
