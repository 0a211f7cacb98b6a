"""The telephony port: what every engine (simulator, embedded, Asterisk) does and reports.

An engine does what it is told and reports what happened; it never knows what a complaint is.
Verbs never wait and never raise for what the far end does: they return at once, and the outcome
arrives as an event through the sink given to :meth:`Engine.start`. A verb on a line that is
already gone is ignored (its ``LineGone`` is on the way or was delivered).

A *line* is one telephone leg. Incoming lines are named by the engine (``Incoming.line``);
outgoing ones by the caller of :meth:`Engine.dial`. Every line gets exactly one ``LineGone`` or
(when it never came up) one ``LineFailed`` at its end, and nothing after that.

    engine.start(sink)          # sink(event) is called on the engine's own thread/loop
    engine.answer(line)         # -> LineUp
    engine.play(line, [clip], token="p1", )      # -> PlayDone(token="p1")
    engine.dial("call7/101", seat="101", ring_ms=12_000)  # -> LineRinging, LineUp | LineFailed
    engine.bridge(line, "call7/101")
    engine.dial_number("call8/citizen", "13800001111", ring_ms=45_000)  # over the trunk; as dial
    engine.hangup(line, "grace_timeout")         # -> LineGone(by="us")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

SAMPLE_RATE = 8000  # Hz, of Clip.pcm
FRAME_MS = 20  # one RTP packet

FailReason = Literal["busy", "no_answer", "declined", "unreachable", "cancelled", "refused", "error"]
RecordEnd = Literal["silence", "max", "stopped", "gone", "failed"]


@dataclass(frozen=True, slots=True)
class Clip:
    """One piece of audio, ready to be sent.

    ``id``: content hash, safe as a file name and as a cache key for encoded frames.
    ``pcm``: signed 16-bit little-endian mono at 8 kHz.
    ``path``: the same as an 8 kHz WAV where an engine plays from files (Asterisk), else None. ``wide``: as a 16 kHz
    WAV, when there is one.
    ``text``: what is said, for people and for tests.
    """

    id: str
    pcm: bytes
    text: str = ""
    path: Path | None = None
    wide: Path | None = None

    @property
    def ms(self) -> int:
        """Length in milliseconds."""
        return len(self.pcm) * 1000 // (2 * SAMPLE_RATE)


# --- what happened -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Incoming:
    """A call arrives (INVITE). ``at``: UTC ms. ``caller``: digits, or None when withheld.

    ``called``: user part of the request URI. ``also``: further numbers that may be the one that was dialled, as the
    settings have them looked for. ``ref``: the engine's own name of the call (SIP
    Call-ID), to be shown to a terminal phone. ``test``: a test call (kept out of public figures). ``seat``: the seat
    whose registered phone calls and proved it, "" for callers.
    """

    line: str
    at: int
    called: str
    caller: str | None
    ref: str = ""
    test: bool = False
    also: tuple[str, ...] = ()
    seat: str = ""


@dataclass(frozen=True, slots=True)
class LineRinging:
    """The dialled phone rings (180)."""

    line: str
    at: int


@dataclass(frozen=True, slots=True)
class LineSpeaks:
    """A dialled line can be heard before its answer (183 with sound): it can be bridged, and never played to."""

    line: str
    at: int


@dataclass(frozen=True, slots=True)
class LineUp:
    """The line is answered: by us (incoming) or by the far end (dialled)."""

    line: str
    at: int


@dataclass(frozen=True, slots=True)
class LineFailed:
    """A dialled line ended before it was answered.

    ``code``: SIP; ``q850``: the cause the far network gave (ITU-T Q.850, RFC 3326), 0 when it gave none.
    """

    line: str
    at: int
    reason: FailReason
    code: int = 0
    q850: int = 0


@dataclass(frozen=True, slots=True)
class LineGone:
    """The line ended. ``by``: ``far`` (they hung up or cancelled), ``us``, or ``failure``."""

    line: str
    at: int
    by: Literal["far", "us", "failure"]
    cause: str = ""


@dataclass(frozen=True, slots=True)
class DtmfKey:
    """A key was pressed: one of ``0-9*#A-D``, once per press.

    ``began``: when it went down, if it is told later; else 0.
    """

    line: str
    at: int
    key: str
    began: int = 0


@dataclass(frozen=True, slots=True)
class FaxDetected:
    """The far end of an incoming line is a fax machine that calls: its tone (CNG, ITU-T T.30) was heard twice."""

    line: str
    at: int


@dataclass(frozen=True, slots=True)
class PlaybackEnded:
    """A ``play`` ended; ``finished`` is False when it was stopped or replaced."""

    line: str
    at: int
    token: str
    finished: bool = True


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """A recording ended; the WAV at ``path`` is complete and on disk.

    ``ms``: its length, or 0 when nobody spoke in it.
    """

    line: str
    at: int
    token: str
    path: Path
    ms: int
    end: RecordEnd


@dataclass(frozen=True, slots=True)
class Held:
    """The far end put the line on hold (or took it back)."""

    line: str
    at: int
    held: bool


@dataclass(frozen=True, slots=True)
class TransferAsked:
    """A phone asked in its dialog that its party be handed over (REFER, RFC 3515): answered by ``transfer_told``.

    ``target``: user part of the Refer-To. ``replaces``: our line of another dialog of that phone, whose far end is to
    have the party (RFC 3891); "": a blind transfer.
    """

    line: str
    at: int
    token: str
    target: str
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class SeatReach:
    """An operator's phone became reachable (registered, or its URI is set) or unreachable."""

    seat: str
    at: int
    reachable: bool


@dataclass(frozen=True, slots=True)
class LineQuality:
    """How a line sounded, told once at its end (or a moment after). Packets, and times in microseconds.

    ``received``/``lost``/``jitter_us``: from the far end to us. ``sent``, ``far_*``, ``rtt_us``: what the far end said
    of the way to it by RTCP (RFC 3550 §6.4); -1 when it never said anything.
    """

    line: str
    at: int
    received: int
    lost: int
    jitter_us: int
    sent: int
    far_lost: int = -1
    far_jitter_us: int = -1
    rtt_us: int = -1


@dataclass(frozen=True, slots=True)
class TrunkChanged:
    """The registration at the provider changed: ``registered``, ``rejected``, ``unregistered`` …"""

    at: int
    state: str


@dataclass(frozen=True, slots=True)
class AccessDenied:
    """Somebody was refused by the telephone system, ``count`` times: wrong password, forbidden address …

    ``kind``: in Asterisk's words, ``FailedACL`` for a call from where none is taken. ``account``: of ours, or empty.
    ``network``: the network it came from, without the part that tells one machine (``198.51.100.0/24``).
    """

    at: int
    kind: str
    service: str
    account: str
    network: str
    count: int = 1


# Kinds of ``AccessDenied`` that say: no room. All lines are taken, the loop or the ledger is behind, the process ends.
TURNED_AWAY = ("CallLimit", "LoopLate", "LedgerLate", "Ending")
STRANGERS = ("FailedACL", "InvalidAccountID")  # and those that say: from where no calls are taken


@dataclass(frozen=True, slots=True)
class AccessSet:
    """Whose calls are taken, by the settings the calls process started with; told when that changed.

    ``trunk``: only the provider's, operators', this machine's, and those from ``accept`` networks; else everybody's.
    ``per_number``: calls at once of one number, 0 for no bound.
    """

    at: int
    trunk: bool
    accept: tuple[str, ...]
    per_number: int


EngineEvent = (
    Incoming
    | LineRinging
    | LineSpeaks
    | LineUp
    | LineFailed
    | LineGone
    | DtmfKey
    | FaxDetected
    | PlaybackEnded
    | RecordingEnded
    | Held
    | TransferAsked
    | SeatReach
    | LineQuality
    | TrunkChanged
    | AccessDenied
)
Sink = Callable[[EngineEvent], None]


# --- what can be asked ---------------------------------------------------------------------


class Engine(Protocol):
    """One telephony engine. See the module's docstring for the rules every engine keeps."""

    name: str

    @property
    def trunk_state(self) -> str:
        """The line to the provider: ``off``, ``registering``, ``registered``, ``reachable`` or ``failed: <why>``."""

    async def start(self, sink: Sink) -> None:
        """Bind, register, begin to report. Raises ``OSError`` with a clear text when it cannot."""

    async def stop(self, drain_s: float = 0.0) -> None:
        """Take no new calls (503), wait up to ``drain_s`` for the present ones, end the rest."""

    def ring(self, line: str) -> None:
        """Send ringback (180) to an incoming line that is not answered yet."""

    def answer(self, line: str) -> None:
        """Answer an incoming line -> ``LineUp``."""

    def play(self, line: str, clips: Sequence[Clip], token: str) -> None:
        """Play clips back to back -> ``PlaybackEnded(token)``. Replaces what is playing."""

    def stop_play(self, line: str) -> None:
        """Stop playing -> ``PlaybackEnded(finished=False)``; nothing happens when nothing plays."""

    def record(self, line: str, token: str, path: Path, max_ms: int, silence_ms: int) -> None:
        """Record what the far end says into a WAV (8 kHz, mono, 16 bit) -> ``RecordingEnded(token)``.

        Ends after ``max_ms``, after ``silence_ms`` without speech, or by ``stop_record``.
        """

    def stop_record(self, line: str) -> None:
        """End the recording -> ``RecordingEnded(end="stopped")``."""

    def dial(self, line: str, seat: str, ring_ms: int, display: str = "", beside: str = "") -> None:
        """Ring the phone of ``seat`` for at most ``ring_ms`` -> ``LineRinging``, ``LineUp`` or ``LineFailed``.

        ``display``: what the operator's phone shows (window and masked number). ``beside``: the line it will be joined
        with: what that speaks is offered first, so that nothing has to be translated between the two.
        """

    def dial_number(self, line: str, number: str, ring_ms: int, caller_id: str = "") -> None:
        """Ring ``number`` (digits only) over the trunk -> ``LineRinging``, ``LineUp`` or ``LineFailed``.

        Whether it may be called was decided before (``ivr/outgoing/allow.py``). ``caller_id``: what the
        citizen's phone shows; empty: the trunk's account. Without a trunk the line fails: ``unreachable``.
        """

    def bridge(self, a: str, b: str) -> None:
        """Join two lines that are answered (or speak, see :class:`LineSpeaks`): each hears the other."""

    def unbridge(self, a: str, b: str) -> None:
        """Part two bridged lines; both stay up."""

    def conference(self, lines: Sequence[str]) -> None:
        """Let these answered lines hear each other; asked again with others, that is the conference from then on.

        Who is left out is alone: hears nothing but what is played. Two lines: as :meth:`bridge`. What is played on a
        joined line is heard by that line only, in place of the talk.
        """

    def mute(self, line: str, muted: bool) -> None:
        """Let what this line says be heard by nobody, or again."""

    def transfer_told(self, line: str, token: str, code: int) -> None:
        """Tell the phone how its transfer goes (NOTIFY, RFC 3420): 1xx it goes on, from 200 the end of it.

        One that is not ended when our process ends is ended with 503.
        """

    def hold(self, line: str, held: bool) -> None:
        """Put a line on hold (of a bridge nothing is heard either way, what is played is), or take it back."""

    def hangup(self, line: str, cause: str) -> None:
        """End a line: BYE, CANCEL or a final failure -> ``LineGone(by="us")`` or ``LineFailed``."""

    def reachable(self) -> Mapping[str, bool]:
        """Every configured seat and whether its phone can be rung now."""
