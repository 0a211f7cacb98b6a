"""The waits of a step, as the checker sees them: one record for each phase, defined in the step's own file.

    PHASES = register({"rate": Phase(asks=True, outside=True), "rate.may": Phase(world=_may)})

The machine goes by the step's own code, the checker (``ivr/flow/checker.py``) by these records; it reports a phase that
none of them names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ivr.call import events as e
from ivr.call.state import CallState

Happening = tuple[e.Event, bool]  # an event, and whether it is a failure


def nothing(state: CallState) -> Iterable[Happening]:
    """Nothing but keys, time-outs and what is true of every wait."""
    return ()


def stored(state: CallState) -> Iterable[Happening]:
    """A case is stored, or it cannot be."""
    return (e.CaseOpened(0, "26112100018", "2026-11-26", "1357924"), False), (e.CaseFailed(0, "store"), True)


@dataclass(frozen=True, slots=True)
class Phase:
    """A wait. ``world``: what the store, the desk or the engine may answer here."""

    world: Callable[[CallState], Iterable[Happening]] = nothing
    asks: bool = False  # a prompt waits for a key, so key 0 must ask for a person
    keys: str = ""  # the keys to be tried, when not all of them mean something: of a number 0 is a digit
    typed: bool = False  # what was typed is kept: how many digits makes a difference
    doubles: bool = False  # the same key twice at once is two digits, no bounce
    once: bool = False  # how often something was tried makes no difference
    paged: bool = False  # which page of the complaint kinds is spoken makes one
    outside: bool = False  # what a case was told makes none here, but its words and its number
    rings: bool = False  # which phones ring makes a difference
    talk: bool = False  # people talk: it has no end of its own
    talks: bool = False  # who is in the talk makes a difference
    hold: bool = False  # how long it lasts is for people to say, so its time-out is no failure


PHASES: dict[str, Phase] = {}


def register(phases: Mapping[str, Phase]) -> Mapping[str, Phase]:
    """Make phases known; raises :class:`ValueError` when one of them is known as something else."""
    for name, phase in phases.items():
        if PHASES.setdefault(name, phase) != phase:
            raise ValueError(f"there are two phases called {name!r}")
    return phases


def phase_of(state: CallState) -> Phase:
    """Return the record of the wait a call is in; a wait nobody told of is nothing special."""
    return PHASES.get(state.phase, _PLAIN)


_PLAIN = Phase()
