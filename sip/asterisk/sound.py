"""What a line hears and what is recorded of it: the requests behind ``play`` and ``record``."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from pathlib import Path

from ivr.telephony import Clip
from sip.asterisk.legs import AsteriskLeg, RunningRecording
from sip.asterisk.line_events import LineEvents
from sip.asterisk.link import Link
from sip.asterisk.media import MediaFolder
from sip.asterisk.rest import Reply

log = logging.getLogger(__name__)


def playback_of(line: str, token: str) -> str:
    """A playback's name in Asterisk: a process started anew finds it by the same token."""
    return f"{line}#{token}"


class AsteriskSound:
    """One playback and one recording on a line at a time. A prompt is one request, however many files it has."""

    def __init__(self, link: Link, media: MediaFolder, reports: LineEvents) -> None:
        self._link, self._media, self._reports = link, media, reports

    def play(self, line: AsteriskLeg, clips: Sequence[Clip], token: str) -> None:
        self.stop_play(line)
        playback = playback_of(line.name, token)
        try:
            media = self._media.uris(clips, playback) if line.up else []
        except OSError as error:
            log.error("line %s: a prompt cannot be played: %s", line.name, error)
            media = []
        if not media:
            self._reports.not_played(line, token, line.up)
            return
        line.playing = (token, playback)

        def asked(reply: Reply) -> None:
            if not reply.ok and line.playing == (token, playback):
                self._reports.trouble(line, "prompt refused: %s %s", reply.code, reply.body)
                self._reports.played(line, True)  # the caller hears nothing, but the call goes on

        body = {"media": media, "playbackId": playback}
        self._link.ask("POST", "channels", line.channel, "play", body=body, done=asked)

    def stop_play(self, line: AsteriskLeg) -> None:
        if line.playing:
            self._link.ask("DELETE", "playbacks", line.playing[1])
            self._reports.played(line, False)

    def record(self, line: AsteriskLeg, token: str, path: Path, max_ms: int, silence_ms: int) -> None:
        if not line.up or line.recording is not None:
            return
        recording = line.recording = RunningRecording(path.stem, token, path, max_ms)

        def asked(reply: Reply) -> None:
            if not reply.ok and line.recording is recording:
                self._reports.trouble(line, "cannot record: %s %s", reply.code, reply.body)
                self._reports.recorded(line)

        query = {
            "name": recording.name,
            "format": "wav",
            "maxDurationSeconds": math.ceil(max_ms / 1000),
            "maxSilenceSeconds": math.ceil(silence_ms / 1000),
            "ifExists": "overwrite",
        }
        self._link.ask("POST", "channels", line.channel, "record", query=query, done=asked)

    def stop_record(self, line: AsteriskLeg) -> None:
        if line.recording and not line.recording.stopped:
            line.recording.stopped = True
            self._link.ask("POST", "recordings", "live", line.recording.name, "stop")
