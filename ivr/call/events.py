"""Events of a call: the inputs of the machine. ``at`` is always UTC milliseconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at ``at``."""

    at: int


@dataclass(frozen=True, slots=True)
class Offered(Event):
    """A caller rings. ``caller_known``: a number came with the call (the number itself stays outside).

    ``never_called``: why that number is never called back, in one word; "": it is.
    """

    called: str = ""
    caller_known: bool = False
    never_called: str = ""


@dataclass(frozen=True, slots=True)
class Answered(Event):
    """We are connected to the caller."""


@dataclass(frozen=True, slots=True)
class PlayDone(Event):
    """The prompt named ``token`` ended by itself."""

    token: str = ""


@dataclass(frozen=True, slots=True)
class Digit(Event):
    """One key press: ``0-9*#``. ``began``: when the key went down, UTC ms; 0: at ``at``."""

    key: str = ""
    began: int = 0


@dataclass(frozen=True, slots=True)
class FaxHeard(Event):
    """A fax machine calls, no person."""


@dataclass(frozen=True, slots=True)
class TimeUp(Event):
    """The timer ``timer`` of the present wait ran out (silence, ring limit, grace time ...)."""

    timer: str = ""


@dataclass(frozen=True, slots=True)
class RecordDone(Event):
    """A recording ended. ``end``: silence, max, stopped, gone or failed."""

    token: str = ""
    ms: int = 0
    end: str = "silence"


@dataclass(frozen=True, slots=True)
class CaseOpened(Event):
    """The case is durably stored. ``due``: ISO local date or date-time, as it is to be spoken.

    ``workdays``: how many working days were promised, where the rule counts these.
    """

    number: str = ""
    due: str = ""
    query_code: str = ""
    workdays: int = 0


@dataclass(frozen=True, slots=True)
class CaseFailed(Event):
    """The case could not be stored; nothing may be promised."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class RatingAsked(Event):
    """Whether the caller may be asked for a rating; when they may, the invitation is on record."""

    allowed: bool = False


@dataclass(frozen=True, slots=True)
class CaseFound(Event):
    """What the caller may hear of a case. ``result``: found, unknown, later (too much was guessed).

    ``state``: received, handling, answered. ``late``: it is overdue. ``verdict``: valid, invalid or none.
    """

    result: str = "unknown"
    state: str = ""
    due: str = ""
    late: bool = False
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class SeatsFound(Event):
    """Seats of the window that are free now, in the order they are to ring (A first)."""

    window: str = ""
    seats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NobodyFree(Event):
    """No seat of the window can be rung now; ``reason`` says why (not registered, in a call ...)."""

    window: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Queued(Event):
    """The caller has a place in the queue. ``ahead``: who is served before; ``expected_ms``: the wait to be told.

    ``crowded``: more wait than the profile's alarm; a call back is offered first.
    """

    ahead: int = 0
    expected_ms: int = 0
    crowded: bool = False


@dataclass(frozen=True, slots=True)
class SeatOffered(Event):
    """It is this caller's turn, and this seat is free."""

    seat: str = ""


@dataclass(frozen=True, slots=True)
class PlaceKept(Event):
    """The place is kept, durably. ``due``: local ISO date-time before which the caller is called; "": not kept."""

    due: str = ""


@dataclass(frozen=True, slots=True)
class SeatRinging(Event):
    """The operator's phone rings."""

    seat: str = ""


@dataclass(frozen=True, slots=True)
class SeatAnswered(Event):
    """The operator lifted the phone."""

    seat: str = ""


@dataclass(frozen=True, slots=True)
class SeatFailed(Event):
    """The operator's phone did not answer; ``reason``: busy, no_answer, declined, unreachable, ..."""

    seat: str = ""
    reason: str = "no_answer"


@dataclass(frozen=True, slots=True)
class SeatLeft(Event):
    """The operator hung up while joined to the caller."""

    seat: str = ""


@dataclass(frozen=True, slots=True)
class SeatHeld(Event):
    """The operator's phone put the caller on hold, or took them back."""

    seat: str = ""
    held: bool = False


@dataclass(frozen=True, slots=True)
class SeatAsked(Event):
    """An operator in the talk asks for something: by key code, by the phone's own transfer, by command or page.

    ``act``: hold, resume, mute, unmute, consult, join, leave, blind, conference, back, drop, key. ``target``: a seat,
    ``window:NAME``, an outside number; of ``key`` the key.
    """

    seat: str = ""
    act: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class SeatBrought(Event):
    """The phone of ``by`` brought ``seat``, with whom it talked, to take its caller over (REFER with Replaces)."""

    seat: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class CallerLeft(Event):
    """The caller hung up (``far``); any other cause says how the line to them was lost.

    ``since``: when it was lost, when that is only found out later (a process that died), UTC ms.
    """

    cause: str = "far"
    since: int = 0


@dataclass(frozen=True, slots=True)
class Resumed(Event):
    """A restarted process took the call over where it stood."""
