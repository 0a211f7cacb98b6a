"""Agreement between our lines and Asterisk's channels, looked for after every connect and now and then.

Nothing that happened while the connection was down is told again. So the lists of channels and bridges are
compared with the lines: what ended meanwhile is reported, what arrived is taken in, what nobody
uses is removed. At the first connect the channels of a process before ours are kept as *survivors*
until it is known whether their calls go on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sip.asterisk.dialling import AsteriskDialling, look_prefix
from sip.asterisk.legs import AsteriskLeg, AsteriskLegs, line_of
from sip.asterisk.line_events import LineEvents
from sip.asterisk.link import Link
from sip.asterisk.rest import Reply
from sip.asterisk.snapshot import AriBridge, Channel, channel_of, our_bridges


class Reconciliation:
    """``entered`` is told of every channel that is in our application and has no line."""

    def __init__(
        self,
        link: Link,
        app: str,
        lines: AsteriskLegs,
        reports: LineEvents,
        dialling: AsteriskDialling,
        entered: Callable[[Channel], None],
    ) -> None:
        self._link, self._app, self._lines, self._reports, self._entered = link, app, lines, reports, entered
        self._dialling = dialling
        self._survivors: dict[str, Channel] | None = None  # None: not connected yet
        self._bridges: list[AriBridge] = []

    def seek(self, done: Callable[[], None] = lambda: None) -> None:
        """Ask for the lists and act on them, then ``done()``."""
        # A line made after this moment may be missing in the list.
        known = [line for line in self._lines]

        def channels(reply: Reply) -> None:
            if reply.ok:
                self._compare({body["id"]: channel_of(body, self._app) for body in reply.body}, known)

        def bridges(reply: Reply) -> None:
            self._bridges = our_bridges(reply.body, self._app) if reply.ok else []
            if self._survivors:
                done()  # who is in them is decided with the survivors
                return
            self._sweep()
            done()

        self._link.ask("GET", "channels", done=channels)
        self._link.ask("GET", "bridges", done=bridges)

    # --- survivors --------------------------------------------------------------------------

    def survivors(self) -> Mapping[str, Sequence[Channel]]:
        """Channels there were before this process, by line; until :meth:`dismiss`."""
        found: dict[str, list[Channel]] = {}
        for id, channel in (self._survivors or {}).items():
            found.setdefault(line_of(id), []).append(channel)
        return found

    def survives(self, channel: Channel) -> bool:
        """Return whether the channel was there before this process; if so its present state is noted."""
        if self._survivors is None or channel.id not in self._survivors:
            return False
        self._survivors[channel.id] = channel
        return True

    def adopt(self, line: AsteriskLeg) -> None:
        """A survivor is a line of ours again."""
        assert self._survivors is not None
        for id in {line.channel, *line.phones}:
            self._survivors.pop(id, None)
        self._lines.add(line)
        for bridge in self._bridges:
            if line.channel in bridge.channels:
                line.bridge = bridge.id

    def dismiss(self) -> None:
        """The survivors nobody adopted: callers begin anew, operators' phones are let go."""
        left, self._survivors = self._survivors or {}, {}
        self._sweep()
        for channel in left.values():
            if channel.args:
                self._entered(channel)

    # --- inside -----------------------------------------------------------------------------

    def _compare(self, channels: dict[str, Channel], known: list[AsteriskLeg]) -> None:
        for line in known:
            rings = line.seat and not line.up  # on no channel yet, while it is asked which phones there are
            for id in list(line.phones) if rings else [line.channel]:
                channel = channels.get(id)
                if channel is None:
                    self._dialling.missing(line, id)
                else:
                    self.look_again(line, channel)
                    if channel.args and not channel.up:
                        self._dialling.made(line)
        strangers = [channel for channel in channels.values() if self._lines.of(channel.id) is None]
        if self._survivors is None:
            self._survivors = {channel.id: channel for channel in strangers}
            for id in [id for id in self._survivors if id.startswith(look_prefix(self._app))]:
                del self._survivors[id]
                self._dialling.end(id)  # nobody waits for that answer any more
            return
        for channel in strangers:
            if channel.args:
                self._entered(channel)

    def look_again(self, line: AsteriskLeg, channel: Channel) -> None:
        """What may have happened to a line while nobody told us."""
        if line.last is not None or self._lines.of(channel.id) is not line:
            return
        if line.up and not channel.args and channel.id == line.channel:  # somebody took it out of our application
            self._reports.ended(line)
            return
        if channel.up and (channel.args or not line.seat) and line.verdict is None:
            self._dialling.lifted(line, channel.id)
        elif line.seat and channel.state == "Ringing":
            self._reports.rings(line)
        self.ask_for_media(line)

    def ask_for_media(self, line: AsteriskLeg) -> None:
        """Does what plays and records on the line still do so?"""
        if line.playing:
            playing = line.playing

            def played(reply: Reply) -> None:
                if reply.code == 404 and line.playing == playing:
                    self._reports.played(line, True)

            self._link.ask("GET", "playbacks", playing[1], done=played)
        if line.recording:
            recording = line.recording

            def recorded(reply: Reply) -> None:
                if reply.code == 404 and line.recording is recording:
                    self._reports.recorded(line)

            self._link.ask("GET", "recordings", "live", recording.name, done=recorded)

    def _sweep(self) -> None:
        """Remove bridges of ours that no line is in."""
        used = {line.bridge for line in self._lines}
        for bridge in self._bridges:
            if bridge.id not in used:
                self._link.ask("DELETE", "bridges", bridge.id)
        self._bridges = []
