"""Facts of a case 工单 before anybody acts on it: it was stored, its number and query code, and who asked about it."""

from __future__ import annotations

from typing import Any

from ivr.facts.base import Content, fact, without_version


@fact("case", kw_only=True)
class CaseOpenedFact(Content):
    """A case was stored, as it was promised. ``query_hash``: of an anonymous reporter's query code; ``recordings``:
    tokens or ids; ``owner``: the first asked 首问责任人; ``consent``: may be called for the follow-up 回访.

    Example: {"command_id": "0198c2f1/case1", "kind": "complaint", "received": 1795227000000, "channel": "phone",
    "category": "attitude", "anonymous": false, "party_id": "0198c2f2", "due": "2026-11-26", "due_ms": 1795708800000,
    "unrolled": "", "unrolled_ms": null, "provisional": false, "rule": "5 natural_day", "workdays": 0,
    "explanation": ["第 1 天不计"], "recordings": ["r1"], "confirmed": true, "complete": true, "profile": "sgcc_window",
    "owner": "", "consent": true, "number": "2611210015", "query_hash": null}
    """

    command_id: str
    kind: str
    received: int
    channel: str = "phone"
    category: str = ""
    anonymous: bool = False
    party_id: str | None = None
    due: str = ""
    due_ms: int | None = None
    unrolled: str = ""
    unrolled_ms: int | None = None
    provisional: bool = False
    rule: str = ""
    workdays: int = 0
    explanation: tuple[Any, ...] = ()
    recordings: tuple[str, ...] = ()
    confirmed: bool = False
    complete: bool = True
    profile: str = ""
    owner: str = ""
    consent: bool = True
    number: str
    query_hash: str | None = None


@fact("case")
class CaseRenumbered(Content):
    """The number that was spoken counts: it was given while the database was away, ``was`` was taken meanwhile.

    Example: {"number": "2611219001", "was": "2611210015"}
    """

    number: str
    was: str = ""


@fact("case", version=2, upcasters={1: without_version})
class CaseCodeRekeyed(Content):
    """The look-up key was changed; the query code is the same, its hash is another one.

    Example: {"query_hash": "h1$5d0c$9b1f"}
    """

    query_hash: str


@fact("case", record_only=True)
class CaseAskedAbout(Content):
    """A caller or an account asked how it stands: by code or by number.

    Example: {"by": "number"}
    """

    by: str
