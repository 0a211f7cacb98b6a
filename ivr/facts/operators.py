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
