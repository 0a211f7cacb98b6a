"""Transfers that the phones of seats ask for (REFER), as Asterisk hands them to us and takes how they go.

Only endpoints of seats may ask at all (``sip/asterisk/files.py``). Asterisk takes four words for how it goes, and
makes the phone's NOTIFY of them.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from ivr.telephony import EngineEvent, TransferAsked
from sip.asterisk.legs import AsteriskLeg, AsteriskLegs
from sip.asterisk.line_events import now_ms
from sip.asterisk.link import Link

log = logging.getLogger(__name__)

_NUMBER = re.compile(r"[A-Za-z0-9_.+*#-]{1,64}")


def word(code: int) -> str:
    """How a transfer goes, in Asterisk's words."""
    if code < 200:
        return "channel_progress"
    if code < 300:
        return "channel_answered"
    return "channel_declined" if code == 603 else "channel_unavailable"


class Transfers:
    """One on a line at a time; the phone of a second one hears how the first goes."""

    def __init__(self, link: Link, lines: AsteriskLegs, emit: Callable[[EngineEvent], None]) -> None:
        self._link, self._lines, self._emit = link, lines, emit

    def heard(self, event: Mapping[str, Any]) -> None:
        """A ``ChannelTransfer`` event; one with a state only repeats what we said."""
        channel = str(event["referred_by"]["source_channel"]["id"])
        line = self._lines.of(channel)
        if event.get("state") or (line is not None and (line.transfer or line.transfer_at == event["timestamp"])):
            return  # we are told once for the channel and once for its endpoint
        wanted = event["refer_to"]["requested_destination"]
        other = self._lines.of(str((event["refer_to"].get("destination_channel") or {}).get("id", "")))
        number = str(wanted.get("destination") or "")
        ours = line is not None and line.last is None and (line.seat or line.calls_as) and not line.citizen
        if not ours or line is None or not self._may(line, other, wanted, number):
            log.info("a transfer is refused on channel %s", channel)
            self._say(channel, "channel_declined")
            return
        line.transfer, line.transfer_at = uuid.uuid4().hex, str(event["timestamp"])
        self._emit(TransferAsked(line.name, now_ms(), line.transfer, number, other.name if other else ""))

    def told(self, line: AsteriskLeg, token: str, code: int) -> None:
        """How it goes; ignored when nobody waits for it."""
        if not token or token != line.transfer:
            return
        if code >= 200:
            line.transfer = ""
        self._say(line.channel, word(code))

    @staticmethod
    def _may(line: AsteriskLeg, other: AsteriskLeg | None, wanted: Mapping[str, Any], number: str) -> bool:
        """Whether it names a number, or another call of the same seat."""
        if wanted.get("protocol_id"):
            return (
                other is not None
                and other is not line
                and (other.seat or other.calls_as) == (line.seat or line.calls_as)
            )
        return _NUMBER.fullmatch(number) is not None

    def _say(self, channel: str, state: str) -> None:
        self._link.ask("POST", "channels", channel, "transfer_progress", query={"states": state})
