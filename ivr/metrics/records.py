"""What figures are made of: one small record per request for a person, and per case with a due date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# B9: offered O = answered A + abandoned X + overflowed to a callback K + failed F.
# waiting: still in the queue, so of no class yet.
RequestOutcome = Literal["answered", "abandoned", "callback", "failed", "waiting"]


@dataclass(frozen=True, slots=True)
class Request:
    """One request for a person. ``wait``: ms from the request to the answer, or to the end without one.

    ``ring``: ms the answering operator's phone rang; ``network``: ms until the system answered.
    """

    outcome: RequestOutcome
    wait: int
    ring: int | None = None
    network: int | None = None
    test: bool = False


@dataclass(frozen=True, slots=True)
class DueCase:
    """A case and the end of the time promised for it (UTC ms); ``replied`` None: not yet."""

    kind: str
    due: int
    replied: int | None = None
    test: bool = False


@dataclass(frozen=True, slots=True)
class Period:
    """``[from_ms, to_ms)`` in UTC ms, seen at ``now_ms``."""

    from_ms: int
    to_ms: int
    now_ms: int


@dataclass(frozen=True, slots=True)
class Limits:
    """The profile's numbers the figures need (ms); ``levels``: the N of K2."""

    profile: str
    clock: Literal["network_answer", "human_wait", "agent_ring"]
    limit: int
    short: int = 5000
    levels: tuple[int, ...] = (15_000, 20_000)

    @property
    def all_levels(self) -> tuple[int, ...]:
        """The N of K2 with the profile's own limit, in order."""
        return tuple(sorted({*self.levels, self.limit}))


@dataclass(frozen=True, slots=True)
class Figure:
    """One published number with everything needed to judge it (B9: id, profile, period, n, exclusions).

    ``unit``: ``ratio`` (value 0..1) or ``s``. ``value`` None: nothing to divide by. ``numerator`` None: an
    order statistic (median ...) of ``denominator`` waits. ``exclusions``: what was left out, and how many.
    """

    id: str
    name_zh: str
    name_en: str
    profile: str
    period: tuple[int, int]
    numerator: int | float | None
    denominator: int
    value: float | None
    unit: Literal["ratio", "s"]
    exclusions: tuple[tuple[str, int], ...] = ()
    note: str = ""

    @property
    def show_percent(self) -> bool:
        """A percentage of fewer than 30 says less than the counts do: those are shown instead (B9)."""
        return self.unit == "ratio" and self.denominator >= MIN_FOR_PERCENT


MIN_FOR_PERCENT = 30
