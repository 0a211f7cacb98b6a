"""What is heard on Asterisk's lines: the verbs of sound and of bridges."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ivr.telephony import Clip
from sip.asterisk.bridging import Bridging
from sip.asterisk.legs import AsteriskLegs
from sip.asterisk.link import Link
from sip.asterisk.sound import AsteriskSound


class AsteriskHearing:
    """See ``ivr.telephony.Engine`` for what each verb does."""

    _link: Link
    _lines: AsteriskLegs
    _sound: AsteriskSound
    _bridging: Bridging

    def play(self, line: str, clips: Sequence[Clip], token: str) -> None:
        if found := self._lines.live(line):
            self._sound.play(found, clips, token)

    def stop_play(self, line: str) -> None:
        if found := self._lines.live(line):
            self._sound.stop_play(found)

    def record(self, line: str, token: str, path: Path, max_ms: int, silence_ms: int) -> None:
        if found := self._lines.live(line):
            self._sound.record(found, token, path, max_ms, silence_ms)

    def stop_record(self, line: str) -> None:
        if found := self._lines.live(line):
            self._sound.stop_record(found)

    def bridge(self, a: str, b: str) -> None:
        one, other = self._lines.live(a), self._lines.live(b)
        if (
            one is None
            or other is None
            or one is other
            or not (one.there and other.there)
            or self._bridging.are_two(one, other)
        ):
            return
        self._sound.stop_play(one)
        self._sound.stop_play(other)
        self._bridging.join(one, other)

    def unbridge(self, a: str, b: str) -> None:
        for name in (a, b):
            if line := self._lines.live(name):
                self._bridging.part(line)

    def hold(self, line: str, held: bool) -> None:
        found = self._lines.live(line)
        if found is not None and found.held != held:
            self._bridging.hold(found, held)

    def conference(self, lines: Sequence[str]) -> None:
        found = (self._lines.live(name) for name in dict.fromkeys(lines))
        self._bridging.confer([line for line in found if line is not None and line.there])

    def mute(self, line: str, muted: bool) -> None:
        if found := self._lines.live(line):
            verb = "POST" if muted else "DELETE"
            self._link.ask(verb, "channels", found.channel, "mute", query={"direction": "in"})
