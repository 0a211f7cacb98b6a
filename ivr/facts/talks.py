"""Facts of a talk with more than one operator (FST-1, FST-2): what they asked for, who was brought in, who took over.

Of an outside number only the last digits are written: ``number:••••1234``.
"""

from __future__ import annotations

from ivr.facts.base import Content, fact


@fact("event", record_only=True)
class SeatAskedFact(Content):
    """An operator in a talk asked for something: hold, resume, mute, unmute, consult, join, leave, blind, conference,
    back, drop; or a key of the phone was pressed.

    Example: {"seat": "101", "act": "consult"}
    """

    seat: str = ""
    act: str = ""


@fact("event", record_only=True)
class SeatBroughtFact(Content):
    """The phone of ``by`` joins its caller with the seat it talks with.

    Example: {"seat": "102", "by": "101"}
    """

    seat: str = ""
    by: str = ""


@fact("command", record_only=True)
class PartFact(Content):
    """The caller and this operator do not hear each other for a while.

    Example: {"seat": "101"}
    """

    seat: str = ""


@fact("command", record_only=True)
class JoinFact(Content):
    """These talk from now on, with the caller or without.

    Example: {"seats": ["101", "102"], "caller": true}
    """

    seats: tuple[str, ...] = ()
    caller: bool = True


@fact("command", record_only=True)
class MuteFact(Content):
    """What this operator says is heard by nobody, or again.

    Example: {"seat": "101", "muted": true}
    """

    seat: str = ""
    muted: bool = False


@fact("command", record_only=True)
class PlaySeatFact(Content):
    """The operator hears something in place of the talk.

    Example: {"seat": "101", "say": ["transfer.busy"]}
    """

    seat: str = ""
    say: tuple[str, ...] = ()


@fact("command", record_only=True)
class TransferBegunFact(Content):
    """Somebody is asked to take part or to take over. ``how``: consult, conference, blind, attended.

    Example: {"how": "blind", "seat": "101", "target": "102"}
    """

    how: str = ""
    seat: str = ""
    target: str = ""


@fact("command", record_only=True)
class TransferEndedFact(Content):
    """How that went: accepted, busy, no_answer, declined, unreachable, not_allowed, caller_left, dropped_after_answer,
    taken_back.

    Example: {"how": "blind", "seat": "101", "target": "102", "outcome": "accepted"}
    """

    how: str = ""
    seat: str = ""
    target: str = ""
    outcome: str = ""


@fact("command")
class HandedOverFact(Content):
    """The caller is with somebody else from now on, for the ``count``-th time in this call (K23).

    Example: {"seat": "101", "target": "102", "count": 1}
    """

    seat: str = ""
    target: str = ""
    count: int = 1
