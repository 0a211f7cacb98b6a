"""Turn what Asterisk reports of lines into the port's events: each once, in order, none after a line's end."""

from __future__ import annotations

import asyncio
import logging
import time
import wave
from collections.abc import Callable
from pathlib import Path

from ivr.telephony import (
    DtmfKey,
    EngineEvent,
    FaxDetected,
    Held,
    Incoming,
    LineFailed,
    LineGone,
    LineRinging,
    LineSpeaks,
    LineUp,
    PlaybackEnded,
    RecordEnd,
    RecordingEnded,
)
from sip.asterisk import causes
from sip.asterisk.legs import AsteriskLeg, AsteriskLegs
from sip.asterisk.media import take

log = logging.getLogger(__name__)

_LAST_FILE_S = 5.0  # how long a line's end waits for its recording
_LEAVING_S = 2.0  # how long the news that a caller has left may take after the failure of what he was to hear
_NEARLY_MS = 500  # a recording this close to its limit ended by it: the limit is in whole seconds


def now_ms() -> int:
    """UTC milliseconds."""
    return time.time_ns() // 1_000_000


class LineEvents:
    """Changes lines by what Asterisk told, and says so.

    ``parted``: a line left whatever bridge it was in. ``silent``: a playback ended, its files may go.
    """

    def __init__(
        self,
        lines: AsteriskLegs,
        spool: Path,
        emit: Callable[[EngineEvent], None],
        parted: Callable[[AsteriskLeg], None],
        silent: Callable[[str], None],
    ) -> None:
        self._lines, self._spool, self._emit, self._parted, self._silent = lines, spool, emit, parted, silent

    def arrived(self, line: AsteriskLeg, called: tuple[str, ...], caller: str | None, ref: str, test: bool) -> None:
        first, *also = called
        self._emit(Incoming(line.name, now_ms(), first, caller, ref, test, tuple(also), line.calls_as))
        if line.up:
            self._emit(LineUp(line.name, now_ms()))

    def is_up(self, line: AsteriskLeg) -> None:
        if not line.up and line.last is None:
            line.up, line.up_at = True, asyncio.get_running_loop().time()
            self._emit(LineUp(line.name, now_ms()))

    def rings(self, line: AsteriskLeg) -> None:
        if not line.rang and not line.up and line.last is None:
            line.rang = True
            self._emit(LineRinging(line.name, now_ms()))

    def speaks(self, line: AsteriskLeg) -> None:
        if line.citizen and not line.speaks and not line.up and line.last is None:
            line.speaks = True
            self._emit(LineSpeaks(line.name, now_ms()))

    def keyed(self, line: AsteriskLeg, key: str, held_ms: int = 0) -> None:
        """Tell of a press at its end; ``held_ms``: how long the key was down."""
        line.heard = True
        if line.last is None:
            now = now_ms()
            self._emit(DtmfKey(line.name, now, key, now - held_ms if held_ms else 0))

    def fax(self, line: AsteriskLeg) -> None:
        if line.last is None:
            self._emit(FaxDetected(line.name, now_ms()))

    def held(self, line: AsteriskLeg, held: bool) -> None:
        if line.last is None:
            self._emit(Held(line.name, now_ms(), held))

    def not_played(self, line: AsteriskLeg, token: str, finished: bool) -> None:
        """A prompt that never began; ``finished`` False: nobody was there to hear it."""
        self._emit(PlaybackEnded(line.name, now_ms(), token, finished))

    def played(self, line: AsteriskLeg, finished: bool) -> None:
        """What plays on the line ended."""
        if line.playing:
            (token, playback), line.playing = line.playing, None
            self._silent(playback)
            self._emit(PlaybackEnded(line.name, now_ms(), token, finished))

    def trouble(self, line: AsteriskLeg, text: str, *values: object) -> None:
        """Something failed on a line: an error, unless its caller was leaving, which is told a moment later."""

        def judge() -> None:
            if not line.leaving and line.last is None:
                log.error("line %s: " + text, line.name, *values)

        if not line.leaving:
            line.timers.append(asyncio.get_running_loop().call_later(_LEAVING_S, judge))

    def recorded(self, line: AsteriskLeg) -> None:
        """What is recorded of the line ended: the file is ours now."""
        recording, line.recording = line.recording, None
        if recording is None:
            return
        end: RecordEnd = "stopped" if recording.stopped else "gone" if line.last or line.leaving else "silence"
        ms = 0
        try:
            taken = take(self._spool / f"{recording.name}.wav", recording.path)
            ms = taken.spoken_ms
            if end == "silence" and recording.max_ms and taken.ms >= recording.max_ms - _NEARLY_MS:
                end = "max"
        except (OSError, EOFError, wave.Error) as error:
            self.trouble(line, "recording %s is not there: %s", recording.name, error)
            end = "failed"
        self._emit(RecordingEnded(line.name, now_ms(), recording.token, recording.path, ms, end))
        if line.last:
            self.finish(line)

    def ended(self, line: AsteriskLeg, cause: int = causes.NORMAL, sip_code: int = 0) -> None:
        """The channel is gone; the line's last word waits for its recording."""
        if self._lines.get(line.name) is not line or line.last is not None:
            return
        self.played(line, False)
        self._parted(line)
        line.last = (cause, sip_code)
        if line.recording:
            line.timers.append(asyncio.get_running_loop().call_later(_LAST_FILE_S, self.recorded, line))
        else:
            self.finish(line)

    def never_dialled(self, line: AsteriskLeg) -> None:
        """The phone could not even be called."""
        self._lines.remove(line)
        self._emit(LineFailed(line.name, now_ms(), "unreachable"))

    def finish(self, line: AsteriskLeg) -> None:
        """The line's last word."""
        cause, sip_code = line.last or (causes.NORMAL, 0)
        self._lines.remove(line)
        if line.up or not line.seat:
            by, why = line.verdict or (causes.by_whom(cause), f"q850_{cause}")
            self._emit(LineGone(line.name, now_ms(), by, why))
        elif line.verdict and not line.rung_out:
            self._emit(LineFailed(line.name, now_ms(), "cancelled"))
        else:
            there = line.rang or line.speaks
            reason = causes.fail_reason(cause, sip_code, there, line.rung_out)
            told = (0, 0) if line.rung_out else (sip_code, causes.of_the_far_network(cause, sip_code))
            self._emit(LineFailed(line.name, now_ms(), reason, *told))
