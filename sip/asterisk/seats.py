"""Which operators' phones can be rung, and whether the provider answers, as Asterisk's device states tell it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sip.asterisk.config import TRUNK_OUT
from sip.asterisk.link import Link
from sip.asterisk.rest import Reply

AWAY = frozenset({"UNAVAILABLE", "INVALID", "UNKNOWN"})  # not registered, no such phone, not known yet


class Seats:
    """Follows ``PJSIP/<seat>``; ``changed(seat, reachable)`` is told every change. ``trunk``: its endpoint, if any."""

    def __init__(
        self, link: Link, app: str, seats: Sequence[str], trunk: str, changed: Callable[[str, bool], None]
    ) -> None:
        self._link, self._app, self._trunk, self._changed = link, app, trunk, changed
        self._here = dict.fromkeys(seats, False)
        self.trunk_state = "not known" if trunk else "off"

    def reachable(self) -> Mapping[str, bool]:
        return dict(self._here)

    def follow(self) -> None:
        """Subscribe and ask how each phone stands now; after every connect.

        Also to what becomes of every channel to a phone or a citizen: one that is refused at once is gone before it
        could be followed by its name, and its reason with it.
        """
        for seat in (*self._here, *filter(None, (self._trunk,))):
            device = f"PJSIP/{seat}"
            self._subscribe(f"deviceState:{device}")
            self._link.ask("GET", "deviceStates", device, done=self._told)
        for endpoint in (*self._here, *([TRUNK_OUT] if self._trunk else [])):
            self._subscribe(f"endpoint:PJSIP/{endpoint}")

    def _subscribe(self, source: str) -> None:
        self._link.ask("POST", "applications", self._app, "subscription", query={"eventSource": source})

    def lost(self) -> None:
        """Asterisk is not there: no phone can be rung."""
        for seat, here in self._here.items():
            if here:
                self._here[seat] = False
                self._changed(seat, False)

    def heard(self, event: Mapping[str, Any]) -> None:
        """A ``DeviceStateChanged`` event."""
        self._take(event["device_state"])

    def _told(self, reply: Reply) -> None:
        if reply.ok:
            self._take(reply.body)

    def _take(self, device: Mapping[str, Any]) -> None:
        seat = str(device["name"]).removeprefix("PJSIP/")
        here = device["state"] not in AWAY
        if self._trunk and seat == self._trunk:
            self.trunk_state = "reachable" if here else "failed: the provider does not answer"
        elif seat in self._here and self._here[seat] != here:
            self._here[seat] = here
            self._changed(seat, here)
