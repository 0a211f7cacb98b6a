"""Free ports on loopback, chosen by the system."""

from __future__ import annotations

import random

from hotline.config.values import Address, PortRange
from hotline.ports import any_free


def free_address() -> Address:
    """An address nobody listens on now (UDP and TCP)."""
    return any_free()


def rtp_range(size: int = 400) -> PortRange:
    """A range for sound: engines skip ports in it that are taken, so chance is good enough."""
    first = random.randrange(20_000, 60_000 - size, 2)
    return PortRange(first, first + size - 1)
