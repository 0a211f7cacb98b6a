"""What Asterisk's own lists say about our lines, compared with what we know (pure).

Nothing that happened while the connection was down is told again, so after every connect, and now and then, the
list of channels is compared with our lines.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as ARI describes it. ``args``: of ``Stasis()``, empty when it is not in our application."""

    id: str
    state: str
    caller: str
    ref: str  # SIP Call-ID
    args: tuple[str, ...]

    @property
    def up(self) -> bool:
        return self.state == "Up"


def channel_of(body: Mapping[str, Any], app: str) -> Channel:
    """From the JSON of a channel."""
    plan = body.get("dialplan") or {}
    data = str(plan.get("app_data") or "").split(",")
    ours = plan.get("app_name") == "Stasis" and data[0] == app
    number = str((body.get("caller") or {}).get("number") or "")
    return Channel(
        str(body["id"]), str(body["state"]), number, str(body.get("protocol_id") or ""), tuple(data[1:]) if ours else ()
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """``gone``: lines without a channel. ``known``: channels of lines. ``new``: in our application, without a line."""

    gone: tuple[str, ...]
    known: tuple[Channel, ...]
    new: tuple[Channel, ...]


def compare(channels: Iterable[Channel], lines: Collection[str]) -> Difference:
    """``lines``: those known *before* the list was asked for (a younger one may be missing in it)."""
    there = {channel.id: channel for channel in channels}
    return Difference(
        gone=tuple(name for name in lines if name not in there),
        known=tuple(there[name] for name in lines if name in there),
        new=tuple(channel for channel in there.values() if channel.args and channel.id not in lines),
    )
