"""Many calls at once, with sound both ways and keys: memory, pacing, and how long after a key the prompt begins."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from support.callers import Call, Callers
from support.measures import Pacing, pacing, together, waits_of
from support.prompts import KEY, Prompts
from support.systems import System

RAMP_PER_S = 20
FIRST_KEY_S, KEY_EVERY_S = 1.0, 2.5
LAST_S = 10.0  # to hang up


@dataclass(frozen=True)
class Held:
    """What one system did with them. ``memory_kb``: for each call, by part. ``cpu``: of one core, by part."""

    calls: int
    failed: int
    keys: int
    waits: list[float]
    pacing: Pacing
    memory_kb: dict[str, float]
    cpu: dict[str, float]
    late_ticks: float  # of the callers themselves: the machine was busy with other work


def hold(system: System, prompts: Prompts, calls: int, seconds: float) -> Held:
    """Place ``calls`` calls and keep them up for ``seconds``, each pressing a key now and then."""
    callers, chance = Callers(system.address, system.called, prompts.frames()), random.Random(8)
    try:
        before = system.memory()
        for n in range(calls):
            callers.at(n / RAMP_PER_S, callers.dial)
        callers.run(calls / RAMP_PER_S + 5, until=lambda: callers.up == calls)
        callers.run(0.5)
        up = [call for call in callers.calls if call.answered]
        presses = max(1, int((seconds - FIRST_KEY_S) / KEY_EVERY_S))
        for call in up:
            for n in range(presses):
                callers.at(FIRST_KEY_S * chance.random() + KEY_EVERY_S * n, _press(callers, call))
        begin, used = time.time_ns(), system.cpu()
        callers.run(seconds)
        end, used = time.time_ns(), {part: (now - used[part]) / seconds for part, now in system.cpu().items()}
        memory = {part: (now - before[part]) / calls for part, now in system.memory().items()}
        for call in up:
            callers.hang_up(call)
        callers.run(LAST_S, until=lambda: not callers.open)
        return Held(
            calls,
            calls - sum(bool(call.answered and call.ended and not call.failed) for call in callers.calls),
            presses * calls,
            [wait for call in up for wait in waits_of(call)],
            together([pacing(call.arrivals, call.stamps, begin, end) for call in up]),
            memory,
            used,
            callers.late_ticks / callers.ticks,
        )
    finally:
        callers.close()


def _press(callers: Callers, call: Call) -> Callable[[], None]:
    return lambda: callers.press(call, KEY)
