"""The rows the journal is folded into, in memory: what a fact may read and change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ivr.facts.base import Content, name_of

Row = dict[str, Any]
C = TypeVar("C", bound=Content, covariant=True)


@dataclass(frozen=True, slots=True)
class JournalRow(Generic[C]):
    """One journal row: of a call, of a case, or of both (the case was opened in that call).

    Of a fact of kind ``outage`` ``case_id`` names the outage notice.
    """

    id: str
    at: int  # UTC ms
    content: C
    reason: str = ""
    call_id: str | None = None
    case_id: str | None = None

    @property
    def name(self) -> str:
        """Its fact's name."""
        return name_of(self.content)


AnyRow = JournalRow[Any]


@dataclass(slots=True)
class Tables:
    """Derived rows by id. ``changed`` names (table, id) of what a fact touched.

    ``wanted``: recordings (token or id) the cases of a call ask for: they may arrive after the case.
    """

    calls: dict[str, Row] = field(default_factory=dict)
    legs: dict[str, Row] = field(default_factory=dict)
    cases: dict[str, Row] = field(default_factory=dict)
    case_steps: dict[str, Row] = field(default_factory=dict)
    case_dues: dict[str, Row] = field(default_factory=dict)
    callbacks: dict[str, Row] = field(default_factory=dict)
    callback_attempts: dict[str, Row] = field(default_factory=dict)
    recordings: dict[str, Row] = field(default_factory=dict)
    ratings: dict[str, Row] = field(default_factory=dict)
    outgoing_calls: dict[str, Row] = field(default_factory=dict)
    line_quality: dict[str, Row] = field(default_factory=dict)
    outages: dict[str, Row] = field(default_factory=dict)
    outage_customers: dict[str, Row] = field(default_factory=dict)
    wanted: dict[tuple[str, str], str] = field(default_factory=dict)  # (call, token) -> case
    changed: dict[tuple[str, str], None] = field(default_factory=dict)

    def call(self, fact: AnyRow) -> Row:
        """The call's row; the first fact of a call makes it."""
        call_id = fact.call_id or ""
        if call_id not in self.calls:
            self.calls[call_id] = new_call(call_id, fact.at)
        self.changed["calls", call_id] = None
        return self.calls[call_id]

    def put(self, name: str, row: Row) -> Row:
        """Add or replace a row of the derived table ``name``."""
        getattr(self, name)[row["id"]] = row
        self.changed[name, row["id"]] = None
        return row

    def leg(self, fact: AnyRow) -> Row:
        """The row of the operator's leg the fact names."""
        leg_id: str = fact.content.leg_id
        if leg_id not in self.legs:
            self.legs[leg_id] = new_leg(leg_id, fact)
        self.changed["legs", leg_id] = None
        return self.legs[leg_id]


def new_call(call_id: str, at: int) -> Row:
    """A call nothing is known of but that it arrived."""
    return {
        "id": call_id,
        "ref": "",
        "called": "",
        "party_id": None,
        "flow": "",
        "version": "",
        "profile": "",
        "test": False,
        "arrived": at,
        "answered": None,
        "human_requested": None,
        "agent_ring": None,
        "agent_answered": None,
        "agent_left": None,
        "ended": None,
        "network_wait": None,
        "human_wait": None,
        "agent_ring_wait": None,
        "window": "",
        "seat": "",
        "late_apology": False,
        "keys": "",
        "last_step": "",
        "cases": 0,
        "outcome": "live",
        "released_by": "",
        "cause": "",
    }


def new_leg(leg_id: str, fact: AnyRow) -> Row:
    """An operator's phone that is being rung."""
    return {
        "id": leg_id,
        "call_id": fact.call_id or "",
        "seat": fact.content.seat,
        "window": getattr(fact.content, "window", ""),  # only the first fact of a leg says these
        "level": getattr(fact.content, "level", ""),
        "dialed": fact.at,
        "ringing": None,
        "answered": None,
        "ended": None,
        "result": "",
        "reason": "",
    }
