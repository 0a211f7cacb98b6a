"""What figures are made of: a small record per call, promise, follow-up and missed caller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# B9: offered O = answered A + abandoned X + overflowed to a callback K + failed F.
# waiting: still in the queue, so of no class yet.
RequestOutcome = Literal["answered", "abandoned", "callback", "failed", "waiting"]
Clock = Literal["network_answer", "human_wait", "agent_ring"]

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class AgentRequest:
    """One call, a request for a person if it ``asked``. ``wait``: ms from the request to the answer or the end.

    ``ring``: ms the answering operator's phone rang; ``network``: ms until the system answered; ``lead``: ms from
    arrival to the request; ``talk``: ms with the operator, None while it lasts; ``cut``: we ended it without grace or
    consent (ANS-6); ``arrived``: UTC ms; ``apology``: the system answered late, and apologised first; ``handed``: how
    often it was handed over.
    """

    outcome: RequestOutcome
    wait: int
    ring: int | None = None
    network: int | None = None
    test: bool = False
    lead: int = 0
    talk: int | None = None
    cut: bool = False
    arrived: int = 0
    asked: bool = True
    apology: bool = False
    handed: int = 0


@dataclass(frozen=True, slots=True)
class DueCase:
    """A case and the end of the time promised for it (UTC ms); ``replied`` None: not yet.

    ``unrolled``: the end before it moved to a working day (None: the same); ``arrived``: on site (repairs);
    ``paused``: its clock stands, so nothing is due now.
    """

    kind: str
    due: int
    replied: int | None = None
    test: bool = False
    unrolled: int | None = None
    received: int = 0
    arrived: int | None = None
    closed: int | None = None
    paused: bool = False
    id: str = ""  # of the case

    @property
    def strict(self) -> int:
        """The stricter end."""
        return self.due if self.unrolled is None else self.unrolled

    @property
    def kept(self) -> int | None:
        """When the promise was fulfilled: by reply, by arrival on site, or by closing."""
        return min((at for at in (self.replied, self.arrived, self.closed) if at is not None), default=None)


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A closed case whose citizen is to be asked (回访). ``left_out``: why not (``anonymous``, ``no_consent`` …)."""

    reached: bool = False
    rating: int | None = None  # 1 very satisfied ... 5 very dissatisfied
    left_out: str = ""
    test: bool = False
    id: str = ""  # of the case
    closed: int = 0  # UTC ms


@dataclass(frozen=True, slots=True)
class Dispatched:
    """A closed case that was dispatched. ``returned``: somebody sent it back, because it was not theirs."""

    returned: bool
    test: bool = False
    id: str = ""  # of the case
    closed: int = 0  # UTC ms


@dataclass(frozen=True, slots=True)
class Announced:
    """A planned outage and its notice: was it announced early enough, was it taken back?"""

    in_time: bool
    withdrawn: bool = False
    id: str = ""  # of the notice
    starts: int = 0  # UTC ms


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """``n`` calls that got 503 for lack of room; ``why``: one of ``ivr.telephony.TURNED_AWAY``."""

    why: str
    n: int = 1
    at: int = 0  # when it was told (UTC ms): the first at once, more by the minute


@dataclass(frozen=True, slots=True)
class StateSpan:
    """What an operator did from ``begin`` to ``end`` (UTC ms); ``ended``: at ``end`` it was really over."""

    operator: str
    state: str
    begin: int
    end: int
    ended: bool = True


@dataclass(frozen=True, slots=True)
class StateTime:
    """``n`` seconds in which operators were in a state."""

    state: str
    n: int


@dataclass(frozen=True, slots=True)
class HandledTime:
    """Talks and after-call work of ``n`` talks, ``ms`` together."""

    ms: int
    n: int


@dataclass(frozen=True, slots=True)
class RatingCount:
    """``n`` invitations to rate that went alike. ``source``: ``call`` (keys after the talk) or ``followup``.

    ``rating`` None: invited, not rated. ``handled``: a bad one whose follow-up reached the person.
    """

    source: str
    rating: int | None = None
    handled: bool = False
    left_out: str = ""  # no_number: nobody can be called about it
    test: bool = False
    n: int = 1


@dataclass(frozen=True, slots=True)
class MissedCaller:
    """A number whose call nobody answered: when first, and when we reached each other (UTC ms)."""

    missed: int
    reached: int | None = None
    left_out: str = ""
    test: bool = False
    id: str = ""  # of the first call that was missed


@dataclass(frozen=True, slots=True)
class Period:
    """``[from_ms, to_ms)`` in UTC ms, seen at ``now_ms``."""

    from_ms: int
    to_ms: int
    now_ms: int


@dataclass(frozen=True, slots=True)
class Target:
    """At least this share is promised of a figure. ``days``: only of periods of so many days (from, to)."""

    figure: str
    share: float
    days: tuple[int, int] | None = None

    def is_of(self, figure: Figure) -> bool:
        """Tell whether it is this figure's target."""
        from_ms, to_ms = figure.period
        first, last = self.days or (0, to_ms)
        return figure.id == self.figure and first <= round((to_ms - from_ms) / DAY_MS) <= last


@dataclass(frozen=True, slots=True)
class KpiLimits:
    """The profile's numbers the figures need (ms); ``levels``: the N of K2, ``level``: the one that is meant now."""

    profile: str
    clock: Clock
    limit: int
    short: int = 5000
    levels: tuple[int, ...] = (15_000, 20_000)
    apology: int = 15_000
    missed: int = 24 * HOUR_MS
    targets: tuple[Target, ...] = ()
    level: int = 0

    @property
    def all_levels(self) -> tuple[int, ...]:
        """The N of K2 with the profile's own limit, in order."""
        return tuple(sorted({*self.levels, self.limit}))


@dataclass(frozen=True, slots=True)
class Figure:
    """One published number with everything needed to judge it (B9: id, profile, period, n, exclusions).

    ``unit``: ``ratio`` (value 0..1) or ``s``. ``value`` None: nothing to divide by. ``numerator`` None: an
    order statistic (median ...) of ``denominator`` waits. ``exclusions``: what was left out, and how many.
    ``target``: the least share the profile promises, if it does.
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
    target: float | None = None

    @property
    def show_percent(self) -> bool:
        """A percentage of fewer than 30 says less than the counts do: those are shown instead (B9)."""
        return self.unit == "ratio" and self.denominator >= MIN_FOR_PERCENT


MIN_FOR_PERCENT = 30
