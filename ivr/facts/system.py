"""Facts of the telephone system, which belong to no call."""

from __future__ import annotations

from ivr.facts.base import Content, fact, without_version


@fact("system", record_only=True)
class TrunkStateFact(Content):
    """The registration at the provider changed.

    Example: {"state": "registered"}
    """

    state: str


@fact("system", record_only=True)
class RefusedFact(Content):
    """What was turned away, ``count`` times: a wrong password, a forbidden address, a call for lack of room.

    Example: {"kind": "FailedACL", "service": "SIP", "account": "", "network": "198.51.100.0/24", "count": 3}
    """

    kind: str
    service: str = ""
    account: str = ""
    network: str = ""
    count: int = 1


@fact("system", version=2, upcasters={1: without_version}, record_only=True)
class DoorSetFact(Content):
    """Whose calls are taken since then. ``trunk``: only the provider's and whom the settings name; ``per_number``:
    calls at once of one number, 0 for no bound.

    Example: {"trunk": true, "accept": ["192.0.2.0/24"], "per_number": 4}
    """

    trunk: bool
    accept: tuple[str, ...]
    per_number: int
