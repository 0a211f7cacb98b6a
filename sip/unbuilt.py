"""What an engine has not learnt yet: it says so by an error of its own, and never does as if."""

from __future__ import annotations

from collections.abc import Sequence

from ivr.telephony import VerbMissing


class NoConference:
    """The verbs of consultation, conference and transfer of an engine that has none of them."""

    def conference(self, lines: Sequence[str]) -> None:
        raise VerbMissing("this engine joins no more than two lines")

    def mute(self, line: str, muted: bool) -> None:
        raise VerbMissing("this engine mutes no line")

    def transfer_told(self, line: str, token: str, code: int) -> None:
        raise VerbMissing("this engine takes no transfers")
