"""Facts of a call: that it came, what was said and pressed, who was rung, how it ended."""

from __future__ import annotations

from ivr.facts.base import Content, fact, left_out, without_version


@fact("event")
class OfferedFact(Content):
    """A call came in. ``called``: the number dialled; ``ref``: the SIP Call-ID; ``version``: of the flow;
    ``party_id``: who calls, None when no number came with the call.

    Example: {"called": "95598", "caller_known": true, "ref": "3c26@192.0.2.1", "flow": "power-95598",
    "version": "5f0c2ab19e7d", "profile": "sgcc_window", "party_id": "0198c2f1-7d1a-7b10-a4ab-0242ac120002",
    "test": false}
    """

    called: str = ""
    caller_known: bool = False
    ref: str = ""
    flow: str = ""
    version: str = ""
    profile: str = ""
    party_id: str | None = None
    test: bool = False


@fact("event")
class AnsweredFact(Content):
    """The system answered.

    Example: {}
    """


@fact("command", record_only=True)
class RingFact(Content):
    """Told to the engine: let the caller hear that it rings.

    Example: {}
    """


@fact("command", record_only=True)
class AnswerFact(Content):
    """Told to the engine: answer.

    Example: {}
    """


@fact("command")
class HumanRequested(Content):
    """A person was asked for, of this window.

    Example: {"window": "general"}
    """

    window: str = ""


@fact("command")
class LateApology(Content):
    """The apology came first (S4-29).

    Example: {}
    """


@fact("command")
class StepFact(Content):
    """The call entered this step of the flow.

    Example: {"step": "main"}
    """

    step: str = ""


@fact("event")
class DigitFact(Content):
    """A key was pressed; ``•`` while a number, a code or a rating is typed.

    Example: {"key": "3"}
    """

    key: str = ""


@fact("event", record_only=True)
class TimeUpFact(Content):
    """A wait was over. ``timer``: which.

    Example: {"timer": "silence"}
    """

    timer: str = ""


@fact("command", record_only=True)
class PlayFact(Content):
    """Phrases are played, by their keys.

    Example: {"token": "p1", "say": ["greeting", "menu.main"]}
    """

    token: str = ""
    say: tuple[str, ...] = ()


@fact("command", record_only=True)
class StopPlayFact(Content):
    """What is played is stopped (a key was pressed).

    Example: {}
    """


@fact("event", record_only=True)
class PlayDoneFact(Content):
    """What was played came to its end.

    Example: {"token": "p1"}
    """

    token: str = ""


@fact("command", record_only=True)
class RecordFact(Content):
    """The caller's words are recorded; limits in seconds.

    Example: {"token": "r1", "max_s": 120, "silence_s": 4}
    """

    token: str
    max_s: int
    silence_s: int


@fact("command", record_only=True)
class StopRecordFact(Content):
    """A recording was ended by a key or its limit.

    Example: {}
    """


@fact("event", record_only=True)
class RecordDoneFact(Content):
    """A recording ended: after ``ms``, by silence, max, stopped, gone or failed.

    Example: {"token": "r1", "ms": 21500, "end": "silence"}
    """

    token: str
    ms: int
    end: str


@fact("event")
class Recorded(Content):
    """A recording is in the vault. ``path``: inside it; ``ms``: how long it is.

    Example: {"ms": 21500, "path": "01/0198c2f1.hlv", "bytes": 344044, "sha256": "9f86d081", "recording_id": "0198c2f1",
    "token": "r1", "end": "silence"}
    """

    recording_id: str
    ms: int = 0
    path: str = ""
    bytes: int = 0
    sha256: str = ""
    token: str = ""
    end: str = left_out(default="")


@fact("system")
class RecordingPruned(Content):
    """A recording was deleted by the retention rule.

    Example: {"recording_id": "0198c2f1"}
    """

    recording_id: str


@fact("event", version=2, upcasters={1: without_version}, record_only=True)
class FaxHeardFact(Content):
    """What calls is a fax machine (its tone came twice); the call ends with cause ``fax``.

    Example: {}
    """


@fact("command", record_only=True)
class OpenCaseFact(Content):
    """A case is to be stored. ``callback``: caller (their own number), typed or none; ``party_id``: who is called back.

    Example: {"command_id": "0198c2f1/case1", "party_id": "0198c2f2", "kind": "complaint", "anonymous": false,
    "callback": "caller", "complete": true}
    """

    command_id: str
    kind: str
    party_id: str | None = None
    anonymous: bool = False
    callback: str = "none"
    complete: bool = True


@fact("event", record_only=True)
class CaseStored(Content):
    """The case is durable, as the call was told. ``number``: that is spoken.

    Example: {"number": "2611210015"}
    """

    number: str = ""


@fact("event", record_only=True)
class CaseFailedFact(Content):
    """The case could not be stored, as the call was told; why in the reason.

    Example: {}
    """


@fact("command", record_only=True)
class AskRatingFact(Content):
    """May the caller be asked for a rating? The answer follows.

    Example: {}
    """


@fact("event", record_only=True)
class RatingAskedFact(Content):
    """The answer: ``allowed``.

    Example: {"allowed": true}
    """

    allowed: bool = False


@fact("event")
class RatingInvited(Content):
    """The caller is being asked for a rating; without a ``rated`` it is 未评价.

    Example: {}
    """


@fact("command")
class RatedFact(Content):
    """The key of the rating: 1 very satisfied … 5 very dissatisfied.

    Example: {"rating": "2"}
    """

    rating: str


@fact("command", record_only=True)
class FindCaseFact(Content):
    """The case of a query code or number is looked for; what was typed is not told.

    Example: {}
    """


@fact("event", record_only=True)
class CaseFoundFact(Content):
    """What the call was told of it: found, unknown or later (too much was guessed).

    Example: {"result": "found"}
    """

    result: str = ""


@fact("event", record_only=True)
class CaseQueried(Content):
    """What the store found of what was typed: found, unknown or later.

    Example: {"result": "found"}
    """

    result: str = ""


@fact("command", record_only=True)
class QueryCodeNoted(Content):
    """The reporter said that the code is written down.

    Example: {}
    """


@fact("event", record_only=True)
class CallerLeftFact(Content):
    """The caller hung up (``far``), or the line to them was lost.

    Example: {"cause": "far"}
    """

    cause: str = "far"


@fact("event", record_only=True)
class ResumedFact(Content):
    """A restarted process took the call over.

    Example: {}
    """


@fact("command", record_only=True)
class HangupFact(Content):
    """Told to the engine: end the call; the cause in the reason.

    Example: {}
    """


@fact("event")
class LineQualityFact(Content):
    """How a line sounded (``leg_id`` empty: the caller's): packets, and times in µs; -1: the far end never said.

    Example: {"leg_id": "", "received": 500, "lost": 2, "jitter_us": 300, "sent": 510, "far_lost": 1,
    "far_jitter_us": -1, "rtt_us": -1}
    """

    leg_id: str = ""
    received: int = -1
    lost: int = -1
    jitter_us: int = -1
    sent: int = -1
    far_lost: int = -1
    far_jitter_us: int = -1
    rtt_us: int = -1


@fact("command")
class PartySealed(Content):
    """The number was destroyed (anonymous report); the call keeps none.

    Example: {"party_id": "0198c2f1-7d1a-7b10-a4ab-0242ac120002"}
    """

    party_id: str | None = None


@fact("event")
class CallEnded(Content):
    """The call is over. ``released_by``: caller, us or failure; ``nobody``: every operator was tried in vain;
    ``closed``: outside opening hours; ``place_kept``: the caller chose to be called back in his place.

    Example: {"released_by": "caller", "cause": "caller_left", "nobody": true}
    """

    released_by: str = ""
    cause: str = ""
    nobody: bool = left_out(default=False)
    closed: bool = left_out(default=False)
    place_kept: bool = left_out(default=False)
