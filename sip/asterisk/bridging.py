"""Bridges of Asterisk decide who hears whom: mostly two lines in each, or a conference.

A citizen who is still being called has one of his own.
"""

from __future__ import annotations

from collections.abc import Sequence

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

    def are_two(self, one: AsteriskLeg, other: AsteriskLeg) -> bool:
        """Whether these hear each other, and nobody else."""
        return one.bridge is not None and self._inside(one.bridge) in ([one, other], [other, one])

    def join(self, one: AsteriskLeg, other: AsteriskLeg) -> None:
        """Let two lines hear each other; one that has a bridge of its own stays in it.

        What the network says before a citizen's answer would be lost while his channel is moved.
        """
        host = next((line for line in (one, other) if line.bridge and self._inside(line.bridge) == [line]), None)
        for line in (one, other):
            if line is not host:
                self.part(line)
        bridge = (host.bridge if host is not None else None) or self._new(one, other)
        self._add(bridge, [line for line in (one, other) if line is not host])

    def confer(self, lines: Sequence[AsteriskLeg]) -> None:
        """Let these hear each other, and nobody else; who talks already is not moved."""
        if len(lines) < 2:
            for line in lines:
                self.part(line)
            return
        bridge = next((line.bridge for line in lines if line.bridge), None) or self._new(*lines[:2])
        for line in self._inside(bridge):
            if line not in lines:
                self._leave(line)
        for other in {line.bridge for line in lines if line.bridge and line.bridge != bridge}:
            self._end(other)
        self._add(bridge, [line for line in lines if line.bridge != bridge])

    def part(self, line: AsteriskLeg) -> None:
        """Take a line out of its bridge; two others talk on, and one alone hears nobody. All stay up."""
        if line.bridge is None:
            return
        if len(self._inside(line.bridge)) > 2:
            self._leave(line)
        else:
            self._end(line.bridge)

    def hold(self, line: AsteriskLeg, held: bool) -> None:
        """Take a line out of its bridge for a while, or put it back."""
        line.held = held
        if line.bridge is None:
            return
        verb = "removeChannel" if held else "addChannel"
        self._link.ask("POST", "bridges", line.bridge, verb, query={"channel": line.channel})
        if held:  # Asterisk's own music began when the other side's phone held; what we play would be mixed with it
            self._link.ask("DELETE", "channels", line.channel, "moh")

    def _inside(self, bridge: str) -> list[AsteriskLeg]:
        return [line for line in self._lines if line.bridge == bridge]

    def _new(self, one: AsteriskLeg, other: AsteriskLeg) -> str:
        bridge = f"{self._app}:{one.name}+{other.name}"
        self._link.ask("POST", "bridges", bridge, query={"type": "mixing"})
        return bridge

    def _add(self, bridge: str, lines: Sequence[AsteriskLeg]) -> None:
        for line in lines:
            line.bridge = bridge
        here = [line.channel for line in lines if not line.held]
        if here:
            self._link.ask("POST", "bridges", bridge, "addChannel", query={"channel": ",".join(here)})

    def _leave(self, line: AsteriskLeg) -> None:
        assert line.bridge is not None
        self._link.ask("POST", "bridges", line.bridge, "removeChannel", query={"channel": line.channel})
        line.bridge = None

    def _end(self, bridge: str) -> None:
        self._link.ask("DELETE", "bridges", bridge)
        for line in self._inside(bridge):
            line.bridge = None
