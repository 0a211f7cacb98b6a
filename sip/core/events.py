"""What a core tells whoever drives it, in the order it happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from sip.core.leg import Leg
    from sip.core.registration import Registration
    from sip.core.transactions import ServerTransaction

By = Literal["far", "us", "failure"]


@dataclass(frozen=True, slots=True)
class LookUp:
    """The IP address of a name is wanted: ask for it, then ``UserAgent.found(number, …)``."""

    number: int
    host: str
    port: int
    transport: str


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody calls: make a leg of it, or refuse it."""

    transaction: ServerTransaction


@dataclass(frozen=True, slots=True)
class Ringing:
    """A phone we call rings."""

    leg: Leg


@dataclass(frozen=True, slots=True)
class Up:
    """The leg is answered and agreed."""

    leg: Leg


@dataclass(frozen=True, slots=True)
class Speaks:
    """Sound comes from the network before the answer (183, RFC 3960)."""

    leg: Leg


@dataclass(frozen=True, slots=True)
class HeldChanged:
    """The far end holds the leg, or takes it back."""

    leg: Leg
    held: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """The leg is over; comes exactly once, and nothing after it. ``code``: of the SIP answer, 0 without one."""

    leg: Leg
    by: By
    cause: str
    code: int


@dataclass(frozen=True, slots=True)
class Reached:
    """A seat's phone can be rung, or no longer."""

    seat: str
    reachable: bool


@dataclass(frozen=True, slots=True)
class Registered:
    """The state of a registration of ours changed."""

    registration: Registration
    state: str


Event = LookUp | Invited | Ringing | Speaks | Up | HeldChanged | Ended | Reached | Registered
Tell = Callable[[Event], None]
