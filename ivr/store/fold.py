"""What the journal means: facts folded into rows of ``calls``, ``legs``, ``cases``, ``recordings`` (pure).

The one definition of the derived tables, used as the facts arrive (``projection.apply``) and when they are
recomputed (``rebuild``). A fact changes rows by its name and nothing else, so the same facts in the same
order always give the same rows. Facts that are not in the table of :mod:`ivr.ledger` change nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
KEYS_MAX = 120  # calls.keys

# Ends that are nobody's loss: the farewell was said (S4-33), or the caller agreed to end (S2-5 四.2).
NORMAL_ENDS = frozenset({"grace_timeout", "consent", "farewell"})
FAREWELL_STEP = "@farewell"  # the built-in last step: the caller may hang up in it (S4-33)


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One journal row: of a call, of a case, or of both (the case was opened in that call)."""

    id: str
    at: int  # UTC ms
    kind: str
    name: str
    data: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    call_id: str | None = None
    case_id: str | None = None


@dataclass(slots=True)
class Tables:
    """Derived rows by id. ``changed`` names (table, id) of what a fact touched.

    ``wanted``: recordings (token or id) the cases of a call ask for: they may arrive after the case.
    """

    calls: dict[str, Row] = field(default_factory=dict)
    legs: dict[str, Row] = field(default_factory=dict)
    cases: dict[str, Row] = field(default_factory=dict)
    recordings: dict[str, Row] = field(default_factory=dict)
    wanted: dict[tuple[str, str], str] = field(default_factory=dict)  # (call, token) -> case
    changed: dict[tuple[str, str], None] = field(default_factory=dict)

    def call(self, fact: JournalRow) -> Row:
        """The call's row; the first fact of a call makes it."""
        call_id = fact.call_id or ""
        if call_id not in self.calls:
            self.calls[call_id] = new_call(call_id, fact.at)
        self.changed["calls", call_id] = None
        return self.calls[call_id]

    def leg(self, fact: JournalRow) -> Row:
        """The row of the operator's leg the fact names."""
        leg_id = str(fact.data["leg_id"])
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


def new_leg(leg_id: str, fact: JournalRow) -> Row:
    """An operator's phone that is being rung."""
    return {
        "id": leg_id,
        "call_id": fact.call_id or "",
        "seat": fact.data.get("seat", ""),
        "window": fact.data.get("window", ""),
        "level": fact.data.get("level", ""),
        "dialed": fact.at,
        "ringing": None,
        "answered": None,
        "ended": None,
        "result": "",
        "reason": "",
    }


def outcome(call: Row) -> str:
    """How a call ended (O = answered + abandoned + callback + failed of those who asked for a person, B9)."""
    if call["ended"] is None:
        return "live"
    if call["agent_answered"] is not None:
        return "answered"
    asked = call["human_requested"] is not None
    if call["cases"]:
        return "callback" if asked else "self"
    if asked:
        return "abandoned" if call["released_by"] == "caller" else "failed"
    if call["released_by"] == "failure":
        return "failed"
    return "self" if call["cause"] in NORMAL_ENDS or call["last_step"] == FAREWELL_STEP else "hung_up"


def fold(tables: Tables, fact: JournalRow) -> None:
    """Bring ``tables`` up to date with one fact."""
    change = FOLDS.get(fact.name)
    if change is not None:
        change(tables, fact)


def _offered(tables: Tables, fact: JournalRow) -> None:
    call = tables.call(fact)
    for name in ("called", "ref", "flow", "version", "profile"):
        call[name] = fact.data.get(name, "")
    call["party_id"] = fact.data.get("party_id")
    call["test"] = bool(fact.data.get("test", False))
    call["arrived"] = fact.at


def _answered(tables: Tables, fact: JournalRow) -> None:
    call = tables.call(fact)
    if call["answered"] is None:
        call["answered"] = fact.at
        call["network_wait"] = fact.at - call["arrived"]


def _human_requested(tables: Tables, fact: JournalRow) -> None:
    call = tables.call(fact)
    if call["human_requested"] is None:
        call["human_requested"] = fact.at
    if call["agent_answered"] is None:
        call["window"] = fact.data.get("window", "") or call["window"]


def _late_apology(tables: Tables, fact: JournalRow) -> None:
    tables.call(fact)["late_apology"] = True


def _step(tables: Tables, fact: JournalRow) -> None:
    tables.call(fact)["last_step"] = fact.data.get("step", "")


def _digit(tables: Tables, fact: JournalRow) -> None:
    key = str(fact.data.get("key", ""))
    if len(key) == 1 and key in "0123456789*#":  # "•" stands for a key of somebody's number
        call = tables.call(fact)
        call["keys"] = (call["keys"] + key)[:KEYS_MAX]


def _dial_seat(tables: Tables, fact: JournalRow) -> None:
    tables.leg(fact)


def _seat_ringing(tables: Tables, fact: JournalRow) -> None:
    leg, call = tables.leg(fact), tables.call(fact)
    if leg["ringing"] is None:
        leg["ringing"] = fact.at
    if call["agent_ring"] is None:
        call["agent_ring"] = fact.at


def _seat_answered(tables: Tables, fact: JournalRow) -> None:
    leg, call = tables.leg(fact), tables.call(fact)
    if leg["ended"] is not None or leg["answered"] is not None:
        return  # lifted after we had stopped ringing: nobody was reached
    leg["answered"], leg["result"] = fact.at, "answered"
    if call["agent_answered"] is None and call["ended"] is None:
        # A phone that never said it rings: from the moment it was dialled, the stricter count.
        rang = leg["dialed"] if leg["ringing"] is None else leg["ringing"]
        call["agent_answered"], call["seat"] = fact.at, leg["seat"]
        call["agent_ring_wait"] = fact.at - rang
        if call["human_requested"] is not None:
            call["human_wait"] = fact.at - call["human_requested"]


def _seat_failed(tables: Tables, fact: JournalRow) -> None:
    code = fact.data.get("code")
    _end_leg(tables.leg(fact), fact, fact.data.get("reason", "error"), fact.reason or (str(code) if code else ""))


def _drop_seat(tables: Tables, fact: JournalRow) -> None:
    leg = tables.leg(fact)
    _left(tables, fact, leg)
    _end_leg(leg, fact, "cancelled", fact.reason)


def _seat_left(tables: Tables, fact: JournalRow) -> None:
    leg = tables.leg(fact)
    _left(tables, fact, leg)
    _end_leg(leg, fact, "answered", fact.reason)


def _bridge(tables: Tables, fact: JournalRow) -> None:
    call = tables.call(fact)
    call["seat"] = fact.data.get("seat", "") or call["seat"]
    call["window"] = call["window"] or fact.data.get("window", "")


def _recorded(tables: Tables, fact: JournalRow) -> None:
    data, call_id = fact.data, fact.call_id or ""
    recording_id, token = str(data["recording_id"]), str(data.get("token", ""))
    case_id = tables.wanted.get((call_id, recording_id)) or tables.wanted.get((call_id, token))
    tables.recordings[recording_id] = {
        "id": recording_id,
        "call_id": fact.call_id,
        "case_id": case_id,
        "token": token,
        "path": data.get("path", ""),
        "ms": data.get("ms", 0),
        "bytes": data.get("bytes", 0),
        "sha256": data.get("sha256", ""),
        "created": fact.at,
    }
    tables.changed["recordings", recording_id] = None


def _party_sealed(tables: Tables, fact: JournalRow) -> None:
    party_id, call = fact.data.get("party_id"), tables.call(fact)
    if call["party_id"] == party_id:
        call["party_id"] = None
    for case in tables.cases.values():
        if case["call_id"] == fact.call_id and case["party_id"] == party_id:
            case["party_id"] = None
            tables.changed["cases", case["id"]] = None


def _call_ended(tables: Tables, fact: JournalRow) -> None:
    call = tables.call(fact)
    if call["ended"] is not None:
        return
    call["ended"] = fact.at
    call["released_by"], call["cause"] = fact.data.get("released_by", ""), fact.data.get("cause", "")
    if call["agent_answered"] is not None and call["agent_left"] is None:
        call["agent_left"] = fact.at
    if call["human_requested"] is not None and call["agent_answered"] is None:
        call["human_wait"] = fact.at - call["human_requested"]
    for leg in tables.legs.values():
        if leg["call_id"] == call["id"] and leg["ended"] is None:
            _end_leg(leg, fact, "cancelled", "call ended")
            tables.changed["legs", leg["id"]] = None
    call["outcome"] = outcome(call)


def _case_opened(tables: Tables, fact: JournalRow) -> None:
    data, case_id = fact.data, fact.case_id or ""
    if case_id in tables.cases:
        return
    tables.cases[case_id] = {
        "id": case_id,
        "number": data["number"],
        "command_id": data["command_id"],
        "call_id": fact.call_id,
        "party_id": data.get("party_id"),
        "kind": data["kind"],
        "channel": data.get("channel", "phone"),
        "category": data.get("category", ""),
        "anonymous": bool(data.get("anonymous", False)),
        "confirmed": bool(data.get("confirmed", False)),
        "complete": bool(data.get("complete", True)),
        "profile": data.get("profile", ""),
        "rule": data.get("rule", ""),
        "received": data["received"],
        "due": data.get("due", ""),
        "due_ms": data.get("due_ms"),
        "unrolled": data.get("unrolled", ""),
        "unrolled_ms": data.get("unrolled_ms"),
        "provisional": bool(data.get("provisional", False)),
        "explanation": json.dumps(data.get("explanation", []), ensure_ascii=False),
        "query_hash": data.get("query_hash"),
        "status": "received",
        "replied": None,
    }
    tables.changed["cases", case_id] = None
    if fact.call_id is None:
        return
    call = tables.call(fact)
    call["cases"] += 1
    call["outcome"] = outcome(call)
    asked = set(data.get("recordings", ()))
    tables.wanted.update({(fact.call_id, token): case_id for token in asked})
    for recording in tables.recordings.values():
        if recording["call_id"] == fact.call_id and asked & {recording["id"], recording["token"]}:
            recording["case_id"] = case_id
            tables.changed["recordings", recording["id"]] = None


def _case_replied(tables: Tables, fact: JournalRow) -> None:
    case = tables.cases.get(fact.case_id or "")
    if case is not None and case["replied"] is None:
        case["replied"], case["status"] = fact.at, "replied"
        tables.changed["cases", case["id"]] = None


def _case_renumbered(tables: Tables, fact: JournalRow) -> None:
    case = tables.cases.get(fact.case_id or "")
    if case is not None:
        case["number"] = fact.data["number"]
        tables.changed["cases", case["id"]] = None


def _left(tables: Tables, fact: JournalRow, leg: Row) -> None:
    if leg["answered"] is not None and leg["ended"] is None and fact.call_id in tables.calls:
        call = tables.call(fact)
        if call["ended"] is None and call["agent_answered"] is not None:
            call["agent_left"] = fact.at


def _end_leg(leg: Row, fact: JournalRow, result: str, reason: str) -> None:
    if leg["ended"] is None:
        leg["ended"], leg["reason"] = fact.at, reason
        leg["result"] = leg["result"] or result


FOLDS: Mapping[str, Callable[[Tables, JournalRow], None]] = {
    "offered": _offered,
    "answered": _answered,
    "human_requested": _human_requested,
    "late_apology": _late_apology,
    "step": _step,
    "digit": _digit,
    "dial_seat": _dial_seat,
    "seat_ringing": _seat_ringing,
    "seat_answered": _seat_answered,
    "seat_failed": _seat_failed,
    "drop_seat": _drop_seat,
    "bridge": _bridge,
    "seat_left": _seat_left,
    "recorded": _recorded,
    "party_sealed": _party_sealed,
    "call_ended": _call_ended,
    "case_opened": _case_opened,
    "case_replied": _case_replied,
    "case_renumbered": _case_renumbered,
}
LEG_FACTS = frozenset(
    {"dial_seat", "seat_ringing", "seat_answered", "seat_failed", "drop_seat", "seat_left", "call_ended"}
)
