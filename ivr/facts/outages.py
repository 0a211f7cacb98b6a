"""Facts of outage notices 停电公告 (PWR-2). The notice's id stands in the journal's ``case_id``."""

from __future__ import annotations

from ivr.facts.base import Content, fact


@fact("outage")
class OutageAnnounced(Content):
    """A notice was written; why there is an outage in the reason. ``days``: the lead that was required; ``confirmed``:
    why a short one may be.

    Example: {"who": "王芳", "line": "10kV 一线", "area": "东街", "kind": "planned", "starts": 1796004000000,
    "ends": 1796090400000, "announced": 1795226400000, "days": 7, "short": false, "confirmed": ""}
    """

    who: str
    line: str
    area: str
    kind: str
    starts: int
    ends: int
    announced: int
    days: int
    short: bool
    confirmed: str


@fact("outage")
class OutageCustomerNamed(Content):
    """A key customer 重要客户 (an organisation) is to be told; the ``n``-th of the notice.

    Example: {"who": "王芳", "n": 1, "name": "第一医院"}
    """

    who: str
    n: int
    name: str


@fact("outage")
class OutageCustomerTold(Content):
    """What came of telling it. ``told``: when, UTC ms.

    Example: {"who": "王芳", "n": 1, "how": "phone", "result": "told", "told": 1795226400000}
    """

    who: str
    n: int
    how: str
    result: str
    told: int


@fact("outage")
class OutageRestored(Content):
    """Power is back, since ``restored`` (UTC ms).

    Example: {"who": "陈总", "restored": 1796000400000}
    """

    who: str
    restored: int


@fact("outage")
class OutageWithdrawn(Content):
    """The notice was taken back; why in the reason.

    Example: {"who": "陈总"}
    """

    who: str
