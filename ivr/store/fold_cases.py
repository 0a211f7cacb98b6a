"""What the journal means for cases, their steps and due dates, and for callbacks (pure; see ``fold``).

Every action on a case is one fact named ``case_…`` whose data say who did it (``who``), what changed
(``set``: column and value), and what else was given. ``case_replied`` without ``set`` is a bare reply.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ivr.cases.kinds import of
from ivr.cases.watch import next_action
from ivr.store import fold_ratings
from ivr.store.rows import JournalRow, Row, Tables

MISSED = frozenset({"abandoned", "unanswered", "failed"})  # outcomes of calls nobody answered
DUE = ("due", "due_ms", "unrolled", "unrolled_ms", "provisional", "explanation")
SETTABLE = frozenset(
    {
        "status", "replied", "urgency", "window", "category", "owner", "handler", "co_handlers", "flag", "verdict",
        "concerned", "consent", "extended", "asked_days", "asked_by", "paused", "paused_ms", "supervised",
        "supervised_warned", "arrived", "closed", "reopened", "span_from", "warned", *DUE,
    }
)  # fmt: skip
AS_JSON = frozenset({"explanation", "co_handlers"})

# What a fact about a case does, besides what it sets and the step it leaves.
ACTIONS = (
    "case_classified", "case_assigned", "case_accepted", "case_returned", "case_replied", "case_followed_up",
    "case_closed", "case_archived", "case_reopened", "case_supervised", "case_supervision_answered",
    "case_extension_asked", "case_extended", "case_extension_refused", "case_paused", "case_resumed",
    "case_flagged", "case_judged", "case_pleaded", "case_noted", "case_linked", "case_arrived", "case_consent",
    "case_recomputed", "case_warned", "case_appended",
)  # fmt: skip
SILENT = frozenset({"case_warned"})  # no step of a person: the inbox shows it


def opened(tables: Tables, fact: JournalRow) -> None:
    """A new case, its first due date, and the call that will answer it."""
    data, case_id = fact.data, fact.case_id or ""
    case: Row = {
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
        "urgency": "",
        "window": "",
        "owner": data.get("owner", ""),
        "handler": "",
        "co_handlers": "[]",
        "flag": "",
        "verdict": "",
        "concerned": "",
        "consent": bool(data.get("consent", True)),
        "extended": False,
        "asked_days": None,
        "asked_by": "",
        "paused": None,
        "paused_ms": 0,
        "supervised": None,
        "supervised_warned": False,
        "arrived": None,
        "closed": None,
        "reopened": 0,
        "span_from": data["received"],
        "warned": 0,
        "next_action_at": None,
        "version": 1,
        "test": _is_test(tables, fact),
    }
    case["next_action_at"] = next_action(case)
    tables.put("cases", case)
    _step(tables, fact, case, "")
    if case["due"]:
        _due(tables, fact, case, "", None)
    if not case["anonymous"] and case["party_id"] and of(case["kind"]).answered:
        call_back(tables, fact, "answer", case)


def _changed(tables: Tables, fact: JournalRow) -> None:
    case = tables.cases.get(fact.case_id or "")
    if case is None:
        return
    changes = fact.data.get("set")
    if changes is None:
        changes = {"replied": fact.at, "status": "replied"} if fact.name == "case_replied" else {}
    if fact.name == "case_replied" and case["replied"] is not None:
        return
    was, was_due, was_ms = case["status"], case["due"], case["due_ms"]
    for column, value in changes.items():
        if column in SETTABLE:
            case[column] = json.dumps(value, ensure_ascii=False) if column in AS_JSON else value
    if "due_ms" in changes:
        _due(tables, fact, case, was_due, was_ms)
    case["version"] += 1
    case["next_action_at"] = next_action(case)
    tables.put("cases", case)
    if fact.name not in SILENT:
        _step(tables, fact, case, was)
    _callbacks_of(tables, fact, case)


def _callbacks_of(tables: Tables, fact: JournalRow, case: Row) -> None:
    """What an action on a case means for the calls that are owed to it."""
    match fact.name:
        case "case_replied":
            _end(tables, fact, case, "replied", "answer")
        case "case_closed":
            _end(tables, fact, case, "replied", "answer")
            if fact.data.get("followup"):
                call_back(tables, fact, "followup", case)
        case "case_archived":
            _end(tables, fact, case, "archived")
        case "case_reopened":
            _end(tables, fact, case, "reopened")
            if not case["anonymous"] and case["party_id"]:
                call_back(tables, fact, "answer", case)
        case "case_consent" if not case["consent"]:
            _end(tables, fact, case, "no_consent", "followup")


def _renumbered(tables: Tables, fact: JournalRow) -> None:
    case = tables.cases.get(fact.case_id or "")
    if case is not None:
        case["number"] = fact.data["number"]
        tables.put("cases", case)


def _code_rekeyed(tables: Tables, fact: JournalRow) -> None:
    """The hash of its query code is by another look-up key; nobody did anything to the case."""
    case = tables.cases.get(fact.case_id or "")
    if case is not None:
        case["query_hash"] = fact.data["query_hash"]
        tables.put("cases", case)


def call_ended(tables: Tables, fact: JournalRow, call: Row) -> None:
    """A caller nobody answered is to be called back (国办函〔2025〕66号: 漏接电话回拨)."""
    if call["outcome"] in MISSED and call["party_id"]:
        call_back(tables, fact, "missed", call, call_id=call["id"], case_id=None)


def not_missed(tables: Tables, fact: JournalRow) -> None:
    """The caller left a message or a complaint after all: that case is what is owed."""
    for callback in list(tables.callbacks.values()):
        if callback["kind"] == "missed" and callback["call_id"] == fact.call_id and callback["state"] == "open":
            _close(tables, callback, fact.at, "case")


def nobody_to_call(tables: Tables, fact: JournalRow, party_id: Any) -> None:
    """The person's number was destroyed: nobody can be called any more."""
    for callback in list(tables.callbacks.values()):
        if callback["party_id"] == party_id and callback["call_id"] == fact.call_id:
            callback["party_id"] = None
            tables.put("callbacks", callback)
            if callback["state"] == "open":
                _close(tables, callback, fact.at, "sealed")


def _attempted(tables: Tables, fact: JournalRow) -> None:
    callback = tables.callbacks.get(str(fact.data.get("callback_id")))
    if callback is None:
        return
    data = fact.data
    callback["last_at"], callback["last_result"] = fact.at, data["result"]
    callback["tries"] += 1
    callback["reached"] = callback["reached"] or data["result"] == "reached"
    callback["agreed"] = bool(data.get("agreed", False))
    callback["solved"], callback["rating"] = data.get("solved"), data.get("rating")
    tables.put("callbacks", callback)
    tables.put(
        "callback_attempts",
        {
            "id": fact.id,
            "callback_id": callback["id"],
            "call_id": callback["call_id"],
            "case_id": callback["case_id"],
            "at": fact.at,
            "who": data.get("who", ""),
            "result": data["result"],
            "reason": fact.reason,
        },
    )
    if data.get("outcome") == "reached" and callback["kind"] == "followup":
        if fold_ratings.followed_up(tables, fact, callback):
            again = {"id": callback["case_id"], "call_id": callback["call_id"], "party_id": callback["party_id"]}
            call_back(tables, fact, "followup", again, because=fold_ratings.BECAUSE, test=callback["test"])
    if data.get("outcome"):
        _close(tables, callback, fact.at, data["outcome"])
    else:
        callback["next_at"] = data.get("next_at", fact.at)


def _ended(tables: Tables, fact: JournalRow) -> None:
    callback = tables.callbacks.get(str(fact.data.get("callback_id")))
    if callback is not None and callback["state"] == "open":
        _close(tables, callback, fact.data.get("reached", fact.at), fact.data.get("outcome", ""))


def call_back(tables: Tables, fact: JournalRow, kind: str, of: Row, **where: Any) -> None:
    """Somebody is to be called about ``of`` (a case, a call or a rating)."""
    tables.put(
        "callbacks",
        {
            "id": fact.id,
            "kind": kind,
            "call_id": of.get("call_id"),
            "case_id": of["id"],
            "party_id": of["party_id"],
            "created": fact.at,
            "test": bool(of.get("test", False)),
            "state": "open",
            "outcome": "",
            "tries": 0,
            "next_at": fact.at,
            "agreed": False,
            "last_at": None,
            "last_result": "",
            "closed": None,
            "solved": None,
            "reached": False,
            "rating": None,
            "because": "",
            **where,
        },
    )


def _is_test(tables: Tables, fact: JournalRow) -> bool:
    call = tables.calls.get(fact.call_id or "")
    return bool(call and call["test"])


def _end(tables: Tables, fact: JournalRow, case: Row, outcome: str, kind: str = "") -> None:
    for callback in list(tables.callbacks.values()):
        if callback["because"] and outcome != "no_consent":
            continue  # a bad rating is answered for whatever becomes of the case (K17)
        if callback["case_id"] == case["id"] and callback["state"] == "open" and kind in ("", callback["kind"]):
            _close(tables, callback, fact.at, outcome)


def _close(tables: Tables, callback: Row, at: int, outcome: str) -> None:
    callback["state"], callback["outcome"], callback["closed"] = "done", outcome, at
    tables.put("callbacks", callback)


def _step(tables: Tables, fact: JournalRow, case: Row, was: str) -> None:
    known = ("who", "note", "set")
    more = {key: value for key, value in fact.data.items() if key not in known} if fact.name in FOLDS else {}
    tables.put(
        "case_steps",
        {
            "id": fact.id,
            "case_id": case["id"],
            "at": fact.at,
            "who": fact.data.get("who") or fact.data.get("owner", ""),
            "action": fact.name,
            "was": was,
            "status": case["status"],
            "note": fact.data.get("note"),
            "reason": fact.reason,
            "data": json.dumps(more, ensure_ascii=False),
        },
    )


def _due(tables: Tables, fact: JournalRow, case: Row, was: str, was_ms: int | None) -> None:
    tables.put(
        "case_dues",
        {
            "id": fact.id,
            "case_id": case["id"],
            "at": fact.at,
            "who": fact.data.get("who", ""),
            "cause": fact.name,
            "was": was,
            "was_ms": was_ms,
            "due": case["due"],
            "due_ms": case["due_ms"],
            "reason": fact.reason,
            "explanation": case["explanation"],
        },
    )


FOLDS: Mapping[str, Callable[[Tables, JournalRow], None]] = {
    **dict.fromkeys(ACTIONS, _changed),
    "case_renumbered": _renumbered,
    "case_code_rekeyed": _code_rekeyed,
    "callback_attempted": _attempted,
    "callback_ended": _ended,
}
