"""One recording of what a far end says: from packets to a WAV, and when it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ivr.telephony import RecordEnd
from sip.embedded.jitter import DEPTH, JitterBuffer
from sip.embedded.rtp import FRAME, RATE
from sip.embedded.speech import SpeechDetector
from sip.embedded.wavfile import WavFile

Ended = Callable[[int, RecordEnd], None]
_PIECE = 2 * RATE  # bytes written at a time: one second
_LAG = 2 * DEPTH  # how far the file may lie behind the clock before silence is put in


class Recorder:
    """Feeds the packets of one direction into a WAV file.

    The length follows the clock even if no packet comes at all. ``on_end(ms, end)`` is called in the
    writer thread, once, after the file is on disk; ``ms`` is 0 when nobody spoke.
    """

    def __init__(self, wav: WavFile, max_ms: int, silence_ms: int, now: float, on_end: Ended) -> None:
        self._wav = wav
        self._max = max(FRAME, max_ms * RATE // 1000)  # samples
        self._silence_ms = silence_ms  # 0: silence does not end it
        self._started = now
        self._on_end = on_end
        self._line = JitterBuffer()
        self._speech = SpeechDetector()
        self._samples = 0
        self._piece = bytearray()
        self.ended = False

    @property
    def path(self) -> Path:
        """The file."""
        return self._wav.path

    def packet(self, ssrc: int, ts: int, pcm: bytes) -> None:
        """Audio came from the far end."""
        self._add(self._line.push(ssrc, ts, pcm))

    def tick(self, now: float) -> None:
        """Time goes by: call it every 20 ms."""
        if self._wav.error is not None:
            self.end("failed")
            return
        behind = int((now - self._started) * RATE) - self._samples - _LAG
        if behind >= FRAME:
            self._add(self._line.fill(behind - behind % FRAME))

    def stalled(self, frames: int) -> None:
        """We were held up: what came meanwhile still waits in the socket and is not missing."""
        self._started += frames * FRAME / RATE

    def end(self, why: RecordEnd) -> None:
        """Finish the file; nothing happens when that was done before."""
        if self.ended:
            return
        self.ended = True
        if why != "failed":
            self._keep(self._line.flush())
        self._speech.finish()
        self._wav.write(bytes(self._piece))
        self._piece.clear()

        def done(samples: int, error: OSError | None) -> None:
            spoken = samples * 1000 // RATE if self._speech.heard else 0
            self._on_end(spoken, "failed" if error is not None else why)

        self._wav.close(done)

    def _add(self, pcm: bytes) -> None:
        if self.ended or not pcm:
            return
        self._keep(pcm)
        if self._samples >= self._max:
            self.end("max")
        elif 0 < self._silence_ms <= self._speech.quiet_ms:
            self.end("silence")

    def _keep(self, pcm: bytes) -> None:
        pcm = pcm[: 2 * (self._max - self._samples)]
        self._samples += len(pcm) // 2
        self._speech.feed(pcm)
        self._piece += pcm
        if len(self._piece) >= _PIECE:
            self._wav.write(bytes(self._piece))
            self._piece.clear()
