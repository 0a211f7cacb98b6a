"""Upcasters of version 1 of actions on cases, which told the columns of a table that changed.

    {"who": "王芳", "set": {"status": "assigned", "handler": "李强", "co_handlers": []}, "handler": "李强"}

Only forms that were ever written are read; any other is :class:`~ivr.facts.base.Unfit`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ivr.facts.base import Data, Unfit

Columns = Mapping[str, Any]
DUE = ("due", "due_ms", "unrolled", "unrolled_ms", "provisional", "explanation")


def _columns(data: Data, *always: str, sometimes: tuple[str, ...] = ()) -> Columns:
    """What was set: all of ``always``, and all or none of ``sometimes``."""
    columns: Columns = data["set"]
    if columns.keys() not in ({*always}, {*always, *sometimes}):
        raise Unfit(f"it sets {', '.join(columns)}")
    return columns


def _rest(data: Data, **more: Any) -> dict[str, Any]:
    """Return what else was told, and ``more``."""
    return {name: value for name, value in data.items() if name != "set"} | more


def _only(*always: str) -> Callable[[Data], Data]:
    """Return the upcaster of an action whose columns follow from what else was told."""

    def upcast(data: Data) -> Data:
        _columns(data, *always)
        return _rest(data)

    return upcast


def _due(columns: Columns) -> dict[str, Any]:
    return {"due": {name: columns[name] for name in DUE}} if "due_ms" in columns else {}


returned = _only("status", "handler")
accepted = _only("status", "owner", "handler")
closed = _only("status", "closed", "supervised")
followed_up = _only("status")
archived = _only("status", "supervised")
supervised = _only("supervised", "supervised_warned")
supervision_answered = _only("supervised")
extension_asked = _only("asked_days", "asked_by")
extension_refused = _only("asked_days")
paused = _only("paused")
flagged = _only("flag")
nothing_set = _only()
arrived = _only("arrived", "status", "owner", "handler")
consent_given = _only("consent")


def classified(data: Data) -> Data:
    """The area of a repair may have had another due date."""
    columns = _columns(data, "status", "urgency", "window", "category", sometimes=(*DUE, "warned"))
    return _rest(data, **{name: columns[name] for name in ("urgency", "window", "category")}, **_due(columns))


def assigned(data: Data) -> Data:
    """The helpers were told as a column alone."""
    return _rest(data, co_handlers=_columns(data, "status", "handler", "co_handlers")["co_handlers"])


def replied(data: Data) -> Data:
    """Without ``set`` it is a bare reply: nothing is known but when."""
    if "set" not in data:
        return {"who": "", "bare": True, **data}
    _columns(data, "status", "replied", "owner", "handler", "asked_days")
    return _rest(data)


def reopened(data: Data) -> Data:
    """At first the arrival on site stood."""
    always = ("status", "replied", "closed", "reopened", "span_from", "warned", "extended", "asked_days", "paused")
    columns = _columns(data, *always, "paused_ms", *DUE, sometimes=("arrived",))
    return _rest(data, **_due(columns), **({} if "arrived" in columns else {"arrival_stands": True}))


def extension_approved(data: Data) -> Data:
    """The new due date was told as columns."""
    return _rest(data, **_due(_columns(data, "extended", "asked_days", "warned", *DUE)))


def resumed(data: Data) -> Data:
    """The due date stood when nothing of it was set."""
    return _rest(data, **_due(_columns(data, "paused", "paused_ms", "span_from", sometimes=DUE)))


def judged(data: Data) -> Data:
    """Whom it concerns was told as a column alone."""
    return _rest(data, concerned=_columns(data, "verdict", "concerned")["concerned"])


def recomputed(data: Data) -> Data:
    """The new due date was told as columns."""
    return _rest(data, **_due(_columns(data, *DUE, "warned")))


def warned(data: Data) -> Data:
    """Either the due date's percent was set, or that a supervision ran out."""
    columns: Columns = data["set"]
    if columns.keys() not in ({"warned"}, {"supervised_warned"}):
        raise Unfit(f"it sets {', '.join(columns)}")
    return _rest(data, percent=columns.get("warned", 0))
