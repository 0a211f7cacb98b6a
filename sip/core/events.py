"""Events a core gives to its driver, in the order they happened.

A leg and a registration are known again by being the same object: events know nothing of either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sip.core.sip_messages import Addr
from sip.core.transactions import ServerTransaction

By = Literal["far", "us", "failure"]


@dataclass(frozen=True, slots=True)
class LookUp:
    """The IP addresses of a name are wanted: ask for them, then ``UserAgent.found(number, …)``.

    ``port`` None: none was named, so the name may be a domain with SRV records (RFC 3263 §4.2). Over TCP and TLS
    ``host`` may be an IP address: a connection is wanted.
    """

    number: int
    host: str
    port: int | None
    transport: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a :class:`LookUp` led to, the server to be tried first at the front. ``why`` there is none."""

    addresses: tuple[Addr, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody calls: make a leg of it, or refuse it."""

    transaction: ServerTransaction


@dataclass(frozen=True, slots=True)
class Ringing:
    """A phone we call rings."""

    leg: object


@dataclass(frozen=True, slots=True)
class Up:
    """The leg is answered and agreed."""

    leg: object


@dataclass(frozen=True, slots=True)
class Speaks:
    """Sound comes from the network before the answer (183, RFC 3960)."""

    leg: object


@dataclass(frozen=True, slots=True)
class HeldChanged:
    """The far end holds the leg, or takes it back."""

    leg: object
    held: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """The leg is over; comes exactly once, and nothing after it. ``code``: of the SIP answer, 0 without one."""

    leg: object
    by: By
    cause: str
    code: int


@dataclass(frozen=True, slots=True)
class Reached:
    """A seat's phone can be rung, or no longer."""

    seat: str
    reachable: bool


@dataclass(frozen=True, slots=True)
class Unproven:
    """Somebody at ``source`` tried to register and did not know the secret. ``seat``: empty when there is no such."""

    seat: str
    source: str


@dataclass(frozen=True, slots=True)
class Registered:
    """The state of a registration of ours changed."""

    registration: object
    state: str


@dataclass(frozen=True, slots=True)
class Referred:
    """The phone of a seat asks to hand its party over (REFER). ``replaced``: the leg it is to take the place of."""

    leg: object
    token: str
    number: str
    replaced: object | None


Event = LookUp | Invited | Ringing | Speaks | Up | HeldChanged | Ended | Reached | Unproven | Registered | Referred
Tell = Callable[[Event], None]
