"""Port of an engine whose calls outlive our process, and of the legs it finds again (``ivr/takeover.py``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class SurvivingLeg:
    """A leg that lived on in the engine while our process was started anew.

    ``ref`` and ``caller``: as in :class:`ivr.telephony.Incoming`.
    """

    line: str
    ref: str
    up: bool
    caller: str | None = None


@runtime_checkable
class ResumableEngine(Protocol):
    """Optional protocol of engines whose calls survive a restart of this process.

    Between the return of :meth:`ivr.telephony.Engine.start` and the next turn of the loop, ``survivors`` are there to
    be adopted; afterwards callers nobody adopted are reported as ``Incoming``, and operators' phones are let go.
    ``leave_calls``: :meth:`ivr.telephony.Engine.stop` leaves the calls up for the next process.
    """

    leave_calls: bool

    def survivors(self) -> Sequence[SurvivingLeg]:
        """The legs found at the start."""

    def adopt(self, line: str, *, seat: str = "", playing: str = "", recording: tuple[str, Path] | None = None) -> None:
        """The line goes on: its events are reported as ever. ``seat``: it was dialled, to ring that phone.

        ``playing``: the token of what plays on it, ``recording``: token and path of what records it; their ends, past
        or to come, are reported. A line that ended meanwhile gets its ``LineGone`` or ``LineFailed``.
        """

    def rescue(self, path: Path) -> None:
        """Bring the recording that was to be written to ``path`` there, if its line ended while no process was."""
