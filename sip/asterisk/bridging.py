"""Bridges of Asterisk, two lines in each: they decide who hears whom.

A citizen who is still being called has one of his own.
"""

from __future__ import annotations

from sip.asterisk.legs import AsteriskLeg, AsteriskLegs
from sip.asterisk.link import Link


class Bridging:
    """Bridges are named ``<app>:<line>`` or ``<app>:<line>+<line>``, so that those nobody is in can be found."""

    def __init__(self, link: Link, lines: AsteriskLegs, app: str) -> None:
        self._link, self._lines, self._app = link, lines, app

    def alone(self, line: AsteriskLeg) -> None:
        """Put a line into a bridge of its own."""
        line.bridge = f"{self._app}:{line.name}"
        self._link.ask("POST", "bridges", line.bridge, query={"type": "mixing"})
        self._link.ask("POST", "bridges", line.bridge, "addChannel", query={"channel": line.channel})

    def join(self, one: AsteriskLeg, other: AsteriskLeg) -> None:
        """Let two lines hear each other; one that has a bridge of its own stays in it.

        What the network says before a citizen's answer would be lost while his channel is moved.
        """
        host = next((line for line in (one, other) if line.bridge and line.peer is None), None)
        for line in (one, other):
            if line is not host:
                self.part(line)
        bridge = (host.bridge if host is not None else None) or f"{self._app}:{one.name}+{other.name}"
        if host is None:
            self._link.ask("POST", "bridges", bridge, query={"type": "mixing"})
        joining = [line.channel for line in (one, other) if line is not host]
        self._link.ask("POST", "bridges", bridge, "addChannel", query={"channel": ",".join(joining)})
        one.bridge = other.bridge = bridge
        one.peer, other.peer = other.name, one.name

    def part(self, line: AsteriskLeg) -> None:
        """Take a line and its peer out of their bridge; both stay up."""
        if line.bridge is None:
            return
        self._link.ask("DELETE", "bridges", line.bridge)
        peer = self._lines.get(line.peer or "")
        for each in filter(None, (line, peer)):
            each.bridge = each.peer = None

    def hold(self, line: AsteriskLeg, held: bool) -> None:
        """Take a line out of its bridge for a while, or put it back."""
        line.held = held
        if line.bridge is None:
            return
        verb = "removeChannel" if held else "addChannel"
        self._link.ask("POST", "bridges", line.bridge, verb, query={"channel": line.channel})
        if held:  # Asterisk's own music began when the other side's phone held; what we play would be mixed with it
            self._link.ask("DELETE", "channels", line.channel, "moh")
