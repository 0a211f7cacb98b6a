"""Fax machines that call, heard by the dialplan (``TONE_DETECT``), which sends such a call to ``Stasis(app,fax)``."""

from __future__ import annotations

import asyncio

from sip.asterisk.legs import AsteriskLeg, AsteriskLegs
from sip.asterisk.line_events import LineEvents
from sip.asterisk.link import Link
from sip.asterisk.snapshot import Channel

ARGUMENT = "fax"  # of Stasis
LISTENS_S = 60.0  # a machine gives up within 40 s (ITU-T T.30, T1); later a tone is no fax


class FaxWatch:
    """Tells of faxes, and ends the listening."""

    def __init__(self, link: Link, lines: AsteriskLegs, reports: LineEvents) -> None:
        self._link, self._lines, self._reports = link, lines, reports

    def follow(self, line: AsteriskLeg) -> None:
        """A call has come; its dialplan listens."""
        line.timers.append(asyncio.get_running_loop().call_later(LISTENS_S, self._enough, line))

    def heard(self, channel: Channel) -> None:
        """The tone has come twice."""
        line = self._lines.live(channel.id)
        if line is None:  # nobody knows this call any more
            self._link.ask("DELETE", "channels", channel.id)
        else:
            self._reports.fax(line)

    def _enough(self, line: AsteriskLeg) -> None:
        if self._lines.live(line.name) is line:
            self._link.ask("POST", "channels", line.name, "variable", query={"variable": "TONE_DETECT(0,,x)"})
