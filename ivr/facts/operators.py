"""Facts of operators 话务员 at their seats, which belong to no call: what each is doing, since when and why."""

from __future__ import annotations

from ivr.facts.base import Content, fact, left_out


@fact("seat", kw_only=True, record_only=True)
class OperatorStateFact(Content):
    """A seat's state changed. ``state``: out, ready, ringing, talking, wrapup, paused, or empty where nobody signed in;
    ``was``, ``was_operator``, ``since`` (UTC ms): the state before, whose it was, when it began; ``reason``,
    ``where_to``: of a pause; ``by``: the account that did it, when it was no call.

    Example: {"seat": "101", "operator": "li.na", "state": "paused", "was": "wrapup", "since": 1795227000000,
    "was_operator": "li.na", "reason": "meal", "by": "li.na"}
    """

    seat: str
    operator: str = left_out(default="")
    state: str
    was: str = ""
    since: int = 0
    was_operator: str = left_out(default="")
    reason: str = left_out(default="")
    where_to: str = left_out(default="")
    by: str = left_out(default="")


@fact("seat", kw_only=True, record_only=True)
class ShiftTestedFact(Content):
    """The self test before a shift that begins at ``begins`` (UTC ms): seats that were ready, whose phone was not
    registered or did not answer, where nobody was signed in; ``disk_mb``: free for recordings.

    Example: {"begins": 1795307400000, "ready": ["101"], "unregistered": ["102"], "signed_out": [], "disk_mb": 81920}
    """

    begins: int
    ready: tuple[str, ...] = ()
    unregistered: tuple[str, ...] = ()
    signed_out: tuple[str, ...] = ()
    disk_mb: int = 0


@fact("seat", kw_only=True, record_only=True)
class SeatLateFact(Content):
    """A seat that the self test found not ready became so after the shift had begun, ``ms`` late.

    Example: {"seat": "102", "begins": 1795307400000, "ms": 312000, "operator": "wang.wei"}
    """

    seat: str
    begins: int
    ms: int
    operator: str = left_out(default="")
