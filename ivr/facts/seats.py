"""Facts of seats 座席 in a call: who was looked for, rung, lifted, talked, held."""

from __future__ import annotations

from ivr.facts.base import Content, fact, left_out, without_version


@fact("command", record_only=True)
class FindSeatsFact(Content):
    """Seats of a window are looked for. ``level``: window, group, general or everybody.

    Example: {"window": "general", "level": "window", "exclude": ["102"]}
    """

    window: str = ""
    level: str = ""
    exclude: tuple[str, ...] = ()


@fact("event", record_only=True)
class SeatsFoundFact(Content):
    """Seats that are free now, in the order they are to ring.

    Example: {"window": "general", "seats": ["101", "103"]}
    """

    window: str = ""
    seats: tuple[str, ...] = ()


@fact("event", record_only=True)
class NobodyFreeFact(Content):
    """No seat of the window can be rung now; why in the reason.

    Example: {"window": "general"}
    """

    window: str = ""


@fact("command")
class DialSeatFact(Content):
    """An operator's phone is rung, at most ``ring_ms``.

    Example: {"leg_id": "0198c2f1/1", "window": "general", "level": "window", "seat": "101", "ring_ms": 12000}
    """

    leg_id: str
    seat: str = ""
    window: str = ""
    level: str = ""
    ring_ms: int = 0


@fact("event")
class SeatRingingFact(Content):
    """The operator's phone rings.

    Example: {"leg_id": "0198c2f1/1", "seat": "101"}
    """

    leg_id: str
    seat: str = ""


@fact("event")
class SeatAnsweredFact(Content):
    """The operator lifted.

    Example: {"leg_id": "0198c2f1/1", "seat": "101"}
    """

    leg_id: str
    seat: str = ""


@fact("event")
class SeatFailedFact(Content):
    """The operator did not answer. ``reason``: busy, no_answer, declined, unreachable, cancelled, error; ``code``: of
    the far end, 0 when none was told.

    Example: {"leg_id": "0198c2f1/1", "code": 486, "seat": "101", "reason": "busy"}
    """

    leg_id: str
    seat: str = ""
    reason: str = "error"
    code: int | None = left_out(default=None)


@fact("command")
class DropSeatFact(Content):
    """A seat is rung no longer, or its leg is ended; why in the reason.

    Example: {"leg_id": "0198c2f1/1", "seat": "101"}
    """

    seat: str = ""
    leg_id: str = left_out(default="")


@fact("command")
class BridgeFact(Content):
    """The caller is joined with the seat that answered.

    Example: {"leg_id": "0198c2f1/1", "window": "general", "seat": "101"}
    """

    leg_id: str = ""
    window: str = ""
    seat: str = ""


@fact("event")
class SeatLeftFact(Content):
    """The operator hung up.

    Example: {"leg_id": "0198c2f1/1", "seat": "101"}
    """

    leg_id: str
    seat: str = ""


@fact("event", version=2, upcasters={1: without_version}, record_only=True)
class HeldFact(Content):
    """The caller's phone put the line on hold, or took it back.

    Example: {"held": true}
    """

    held: bool


@fact("event", version=2, upcasters={1: without_version}, record_only=True)
class SeatHeldFact(Content):
    """The operator's phone put the line on hold, or took it back.

    Example: {"seat": "101", "held": true}
    """

    seat: str
    held: bool


@fact("command", record_only=True)
class HoldFact(Content):
    """The caller hears a word and music in place of the talk, or the talk again.

    Example: {"held": true}
    """

    held: bool


@fact("command", record_only=True)
class EnqueueFact(Content):
    """The caller takes a place in the queue of a window. ``reason``: of the bonus 绿色通道 (STF-8), when there is one;
    ``since``: has waited from then on (UTC ms), when that is not now: was handed over to operators who all talk.

    Example: {"window": "repair", "reason": "elderly"}
    """

    window: str
    reason: str = left_out(default="")
    since: int = left_out(default=0)


@fact("event", record_only=True)
class QueuedFact(Content):
    """The caller's place: how many are before, the wait expected (ms), and whether more wait than the alarm allows.

    Example: {"ahead": 2, "expected_ms": 180000, "crowded": false}
    """

    ahead: int
    expected_ms: int
    crowded: bool = False


@fact("command", record_only=True)
class QueueTold(Content):
    """The place and the wait were told.

    Example: {"ahead": 2, "expected_ms": 180000}
    """

    ahead: int
    expected_ms: int


@fact("command", record_only=True)
class LookQueueFact(Content):
    """The place is looked up again, to be told.

    Example: {}
    """


@fact("event", record_only=True)
class SeatOfferedFact(Content):
    """It was this caller's turn, and a seat was free.

    Example: {"seat": "101"}
    """

    seat: str


@fact("command", record_only=True)
class LeaveQueueFact(Content):
    """The place was given up. ``how``: answered, given_up, left, danger, closed. ``told_ms``: the wait told first.

    Example: {"how": "answered", "waited_ms": 95000, "told_ms": 120000}
    """

    how: str
    waited_ms: int
    told_ms: int = -1


@fact("command")
class KeepPlaceFact(Content):
    """The caller chose to be called back in this place. ``party_id``: of the number, when another was typed.

    Example: {"callback_id": "0198c2f1", "due": "2026-11-26T10:30:00"}
    """

    callback_id: str
    due: str
    party_id: str | None = left_out(default=None)


@fact("event", record_only=True)
class PlaceKeptFact(Content):
    """The place is kept for a call back before ``due`` (local); "": it could not be.

    Example: {"due": "2026-11-26T10:30:00"}
    """

    due: str
