"""Outgoing calls a dead process left behind: those Asterisk kept go on, all others are closed with what is known.

take_over(placing, engine, unfinished, now)    # as soon as the engine has started
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ivr.outgoing import call as m
from ivr.outgoing.placing import CITIZEN, SEAT, Placing
from ivr.projections.rows import OutgoingCallRow
from ivr.resuming import ResumableEngine
from ivr.telephony import Engine


@dataclass(frozen=True, slots=True)
class Left:
    """An order whose number is no longer needed: its citizen was dialled, or will not be."""

    id: str
    seat: str
    number: str = ""


@dataclass(frozen=True, slots=True)
class LeftCall:
    """A call without an end; ``held``: the operator's phone held, by the last that is journaled of it."""

    call: OutgoingCallRow
    held: bool


def state_of(call: OutgoingCallRow) -> m.OutgoingState:
    """Where the call stood."""
    if call.answered:
        return m.OutgoingState("talk", rang=True, result="reached")
    if call.dialled:
        return m.OutgoingState("citizen", rang=bool(call.ringing))
    return m.OutgoingState("cue" if call.seat_answered else "seat")


def take_over(placing: Placing, engine: Engine, calls: Sequence[LeftCall], now: int) -> None:
    """Bring the calls and the surviving lines together.

    A call goes on when the operator's line is there and the citizen had been dialled: lines that are missing
    are reported as gone, those answered meanwhile as up. A call that had not got so far is ended: the operator can
    click again.
    """
    survivors = engine.survivors() if isinstance(engine, ResumableEngine) else ()
    lines = {survivor.line: survivor for survivor in survivors}
    for one in calls:
        call = one.call
        order, state = Left(call.id, call.seat), state_of(call)
        seat, citizen = lines.get(f"{call.id}/{SEAT}"), lines.get(f"{call.id}/{CITIZEN}")
        if seat is None or not seat.up or not call.dialled:
            left = [line for line in (seat, citizen) if line is not None]
            placing.go_on(order, state, [line.line.rpartition("/")[2] for line in left], [m.ProcessEnded(now)])
            for line in left:
                assert isinstance(engine, ResumableEngine)
                engine.adopt(line.line, seat=call.seat)
                engine.hangup(line.line, "interrupted")
            continue
        assert isinstance(engine, ResumableEngine)
        engine.adopt(seat.line, seat=call.seat)
        there, told = [SEAT], list[m.Event]()
        if citizen is None:
            told.append(m.CitizenGone(now, "" if call.answered else "error"))
        else:
            engine.adopt(citizen.line, seat=CITIZEN)
            there.append(CITIZEN)
            if call.answered:
                engine.bridge(seat.line, citizen.line)  # unless that was done before
                told += [m.SeatHolds(now, True)] if one.held else []  # the music begins anew
            else:
                told.append(m.CitizenUp(now) if citizen.up else m.SoundEnded(now))  # not up: the ringback begins anew
        placing.go_on(order, state, there, told)
