"""Channels and bridges as Asterisk lists them (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sip.access import plain

_SHOWN = ("allowed", "allowed_not_screened", "allowed_passed_screen", "allowed_failed_screen")


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel. ``args``: those of ``Stasis()``, empty when it is not in our application. ``ref``: SIP Call-ID."""

    id: str
    name: str
    state: str
    caller: str
    ref: str
    args: tuple[str, ...]

    @property
    def up(self) -> bool:
        return self.state == "Up"

    @property
    def called(self) -> str:
        """The number a call from outside asks for."""
        return (*self.args, "", "")[1]

    def called_in(self, places: Sequence[str]) -> tuple[str, ...]:
        """The called numbers in ``places``, in order; the others than ``request`` are told as ``to=NUMBER``."""
        told = dict(part.split("=", 1) for part in self.args[4:] if "=" in part) | {"request": self.called}
        return tuple(dict.fromkeys(number for place in places if (number := told.get(place)))) or (self.called,)

    @property
    def seat(self) -> str:
        """The seat whose phone calls and proved it; empty for callers."""
        return next((part.removeprefix("seat=") for part in self.args[4:] if part.startswith("seat=")), "")

    @property
    def shown(self) -> bool:
        """Is its number shown to the called?"""
        return self.args[:1] == ("call",) and (*self.args, "", "")[2] in _SHOWN

    @property
    def source(self) -> str:
        """The address a call from outside comes from."""
        return plain((*self.args, "", "", "", "")[3].rpartition(":")[0])

    @property
    def endpoint(self) -> str:
        """The PJSIP endpoint, from a name like ``PJSIP/101-0000002a``."""
        return self.name.removeprefix("PJSIP/").rpartition("-")[0]


def channel_of(body: Mapping[str, Any], app: str) -> Channel:
    """From the JSON of a channel."""
    plan = body.get("dialplan") or {}
    called, *args = str(plan.get("app_data") or "").split(",")
    ours = plan.get("app_name") == "Stasis" and called == app
    return Channel(
        id=str(body["id"]),
        name=str(body.get("name") or ""),
        state=str(body["state"]),
        caller=str((body.get("caller") or {}).get("number") or ""),
        ref=str(body.get("protocol_id") or ""),
        args=tuple(args) if ours else (),
    )


@dataclass(frozen=True, slots=True)
class AriBridge:
    """A bridge and the channels in it."""

    id: str
    channels: frozenset[str]


def our_bridges(bodies: Iterable[Mapping[str, Any]], app: str) -> list[AriBridge]:
    """Those of this application."""
    bridges = (AriBridge(str(body["id"]), frozenset(body.get("channels") or ())) for body in bodies)
    return [bridge for bridge in bridges if bridge.id.startswith(f"{app}:")]
