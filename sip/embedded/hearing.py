"""What is heard on the embedded engine's lines: the verbs that need no word to the far end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ivr.telephony import Clip, EngineEvent, PlaybackEnded, RecordEnd, RecordingEnded
from sip.embedded.legs import EmbeddedLegs, now_ms
from sip.embedded.media import Media, Stream


class EmbeddedHearing:
    """See ``ivr.telephony.Engine`` for what each verb does."""

    def __init__(self, media: Media, emit: Callable[[EngineEvent], None]) -> None:
        self._media, self._emit = media, emit
        self._lines = EmbeddedLegs(emit)

    def play(self, line: str, clips: Sequence[Clip], token: str) -> None:
        found = self._lines.get(line)
        stream = self._stream(line)
        if found is None:
            return
        if stream is None:  # not answered yet: nobody to hear it
            self._emit(PlaybackEnded(line, now_ms(), token, False))
            return
        stream.play(clips, lambda ok: self._lines.tell(found, PlaybackEnded(line, now_ms(), token, ok)))

    def stop_play(self, line: str) -> None:
        stream = self._stream(line)
        if stream is not None:
            stream.stop_play()

    def record(self, line: str, token: str, path: Path, max_ms: int, silence_ms: int) -> None:
        found = self._lines.get(line)
        stream = self._stream(line)
        if found is None or stream is None:
            return

        def done(where: Path, ms: int, end: RecordEnd) -> None:
            self._lines.recorded(found, RecordingEnded(line, now_ms(), token, where, ms, end))

        found.recordings += 1
        stream.record(path, max_ms, silence_ms, done)

    def stop_record(self, line: str) -> None:
        stream = self._stream(line)
        if stream is not None:
            stream.stop_record()

    def bridge(self, a: str, b: str) -> None:
        one, other = self._stream(a), self._stream(b)
        if one is not None and other is not None and a != b:
            one.bridge(other)

    def unbridge(self, a: str, b: str) -> None:
        stream = self._stream(a) or self._stream(b)
        if stream is not None:
            stream.unbridge()

    def hold(self, line: str, held: bool) -> None:
        stream = self._stream(line)
        if stream is not None:
            stream.hold(held)

    def mute(self, line: str, muted: bool) -> None:
        stream = self._stream(line)
        if stream is not None:
            stream.mute(muted)

    def conference(self, lines: Sequence[str]) -> None:
        streams = (self._stream(line) for line in dict.fromkeys(lines))
        self._media.confer([stream for stream in streams if stream is not None])

    def _stream(self, line: str) -> Stream | None:
        """The audio of a line that is up."""
        return found.stream if (found := self._lines.get(line)) is not None else None
