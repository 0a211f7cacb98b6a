"""What the journal means for cases, their steps and due dates, and for callbacks (part of :mod:`ivr.projections.fold`).

Which columns an action changes says :mod:`ivr.cases.changes`; here it becomes rows, with the step, the due date and the
calls that follow from it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ivr.cases.changes import changed
from ivr.cases.kinds import of
from ivr.cases.reminders import next_action
from ivr.facts import callbacks
from ivr.facts import cases as f
from ivr.facts.base import FACTS, Content, data_of
from ivr.facts.opened import CaseCodeRekeyed, CaseOpenedFact, CaseRenumbered
from ivr.projections import ratings
from ivr.projections.rows import AnyRow, JournalRow, Row, Tables

MISSED = frozenset({"abandoned", "unanswered", "failed"})  # outcomes of calls nobody answered
AS_JSON = frozenset({"explanation", "co_handlers"})


def opened(tables: Tables, fact: JournalRow[CaseOpenedFact]) -> None:
    """A new case, its first due date, and the call that will answer it."""
    said, case_id = fact.content, fact.case_id or ""
    case: Row = {
        "id": case_id,
        "number": said.number,
        "command_id": said.command_id,
        "call_id": fact.call_id,
        "party_id": said.party_id,
        "kind": said.kind,
        "channel": said.channel,
        "category": said.category,
        "anonymous": bool(said.anonymous),
        "confirmed": bool(said.confirmed),
        "complete": bool(said.complete),
        "profile": said.profile,
        "rule": said.rule,
        "received": said.received,
        "due": said.due,
        "due_ms": said.due_ms,
        "unrolled": said.unrolled,
        "unrolled_ms": said.unrolled_ms,
        "provisional": bool(said.provisional),
        "explanation": json.dumps(said.explanation, ensure_ascii=False),
        "query_hash": said.query_hash,
        "status": "received",
        "replied": None,
        "urgency": "",
        "window": "",
        "owner": said.owner,
        "handler": "",
        "co_handlers": "[]",
        "flag": "",
        "verdict": "",
        "concerned": "",
        "consent": bool(said.consent),
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
        "span_from": said.received,
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


def _changed(tables: Tables, fact: JournalRow[f.CaseFact]) -> None:
    case, said = tables.cases.get(fact.case_id or ""), fact.content
    if case is None or (isinstance(said, f.CaseReplied) and case["replied"] is not None):
        return
    was, was_due, was_ms = case["status"], case["due"], case["due_ms"]
    columns = changed(case, said, fact.at)
    for column, value in columns.items():
        case[column] = json.dumps(value, ensure_ascii=False) if column in AS_JSON else value
    if "due_ms" in columns:
        _due(tables, fact, case, was_due, was_ms)
    case["version"] += 1
    case["next_action_at"] = next_action(case)
    tables.put("cases", case)
    if not isinstance(said, f.CaseWarned):  # no step of a person: the inbox shows it
        _step(tables, fact, case, was)
    _callbacks_of(tables, fact, case)


def _callbacks_of(tables: Tables, fact: AnyRow, case: Row) -> None:
    """What an action on a case means for the calls that are owed to it."""
    match fact.content:
        case f.CaseReplied():
            _end(tables, fact, case, "replied", "answer")
        case f.CaseClosed(followup=owed):
            _end(tables, fact, case, "replied", "answer")
            if owed:
                call_back(tables, fact, "followup", case)
        case f.CaseArchived():
            _end(tables, fact, case, "archived")
        case f.CaseReopened():
            _end(tables, fact, case, "reopened")
            if not case["anonymous"] and case["party_id"]:
                call_back(tables, fact, "answer", case)
        case f.CaseConsent() if not case["consent"]:
            _end(tables, fact, case, "no_consent", "followup")


def _renumbered(tables: Tables, fact: JournalRow[CaseRenumbered]) -> None:
    case = tables.cases.get(fact.case_id or "")
    if case is not None:
        case["number"] = fact.content.number
        tables.put("cases", case)


def _code_rekeyed(tables: Tables, fact: JournalRow[CaseCodeRekeyed]) -> None:
    """The hash of its query code is by another look-up key; nobody did anything to the case."""
    case = tables.cases.get(fact.case_id or "")
    if case is not None:
        case["query_hash"] = fact.content.query_hash
        tables.put("cases", case)


def call_ended(tables: Tables, fact: AnyRow, call: Row) -> None:
    """A caller nobody answered is to be called back (国办函〔2025〕66号: 漏接电话回拨)."""
    if call["outcome"] in MISSED and call["party_id"]:
        call_back(tables, fact, "missed", call, call_id=call["id"], case_id=None)


def not_missed(tables: Tables, fact: AnyRow) -> None:
    """The caller left a message or a complaint after all: that case is what is owed."""
    for callback in list(tables.callbacks.values()):
        if callback["kind"] == "missed" and callback["call_id"] == fact.call_id and callback["state"] == "open":
            _close(tables, callback, fact.at, "case")


def nobody_to_call(tables: Tables, fact: AnyRow, party_id: Any) -> None:
    """The person's number was destroyed: nobody can be called any more."""
    for callback in list(tables.callbacks.values()):
        if callback["party_id"] == party_id and callback["call_id"] == fact.call_id:
            callback["party_id"] = None
            tables.put("callbacks", callback)
            if callback["state"] == "open":
                _close(tables, callback, fact.at, "sealed")


def _attempted(tables: Tables, fact: JournalRow[callbacks.CallbackAttempted]) -> None:
    said = fact.content
    callback = tables.callbacks.get(said.callback_id)
    if callback is None:
        return
    callback["last_at"], callback["last_result"] = fact.at, said.result
    callback["tries"] += 1
    callback["reached"] = callback["reached"] or said.result == "reached"
    callback["agreed"] = said.agreed
    callback["solved"], callback["rating"] = said.solved, said.rating
    tables.put("callbacks", callback)
    tables.put(
        "callback_attempts",
        {
            "id": fact.id,
            "callback_id": callback["id"],
            "call_id": callback["call_id"],
            "case_id": callback["case_id"],
            "at": fact.at,
            "who": said.who,
            "result": said.result,
            "reason": fact.reason,
        },
    )
    if said.outcome == "reached" and callback["kind"] == "followup":
        if ratings.followed_up(tables, fact, callback):
            again = {"id": callback["case_id"], "call_id": callback["call_id"], "party_id": callback["party_id"]}
            call_back(tables, fact, "followup", again, because=ratings.BECAUSE, test=callback["test"])
    if said.outcome:
        _close(tables, callback, fact.at, said.outcome)
    else:
        callback["next_at"] = fact.at if said.next_at is None else said.next_at


def _ended(tables: Tables, fact: JournalRow[callbacks.CallbackEnded]) -> None:
    said = fact.content
    callback = tables.callbacks.get(said.callback_id)
    if callback is not None and callback["state"] == "open":
        _close(tables, callback, fact.at if said.reached is None else said.reached, said.outcome)


def call_back(tables: Tables, fact: AnyRow, kind: str, of: Row, **where: Any) -> None:
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


def _is_test(tables: Tables, fact: AnyRow) -> bool:
    call = tables.calls.get(fact.call_id or "")
    return bool(call and call["test"])


def _end(tables: Tables, fact: AnyRow, case: Row, outcome: str, kind: str = "") -> None:
    for callback in list(tables.callbacks.values()):
        if callback["because"] and outcome != "no_consent":
            continue  # a bad rating is answered for whatever becomes of the case (K17)
        if callback["case_id"] == case["id"] and callback["state"] == "open" and kind in ("", callback["kind"]):
            _close(tables, callback, fact.at, outcome)


def _close(tables: Tables, callback: Row, at: int, outcome: str) -> None:
    callback["state"], callback["outcome"], callback["closed"] = "done", outcome, at
    tables.put("callbacks", callback)


def _step(tables: Tables, fact: JournalRow[f.CaseFact | CaseOpenedFact], case: Row, was: str) -> None:
    said, who, note, more = fact.content, "", None, {}
    if isinstance(said, CaseOpenedFact):
        who = said.owner
    else:
        who, note = said.who, said.note
        if said.STEP:
            stored = data_of(said)
            more = {name: stored[name] for name in said.STEP if name in stored}
    tables.put(
        "case_steps",
        {
            "id": fact.id,
            "case_id": case["id"],
            "at": fact.at,
            "who": who,
            "action": fact.name,
            "was": was,
            "status": case["status"],
            "note": note,
            "reason": fact.reason,
            "data": json.dumps(more, ensure_ascii=False),
        },
    )


def _due(tables: Tables, fact: AnyRow, case: Row, was: str, was_ms: int | None) -> None:
    tables.put(
        "case_dues",
        {
            "id": fact.id,
            "case_id": case["id"],
            "at": fact.at,
            "who": getattr(fact.content, "who", ""),
            "cause": fact.name,
            "was": was,
            "was_ms": was_ms,
            "due": case["due"],
            "due_ms": case["due_ms"],
            "reason": fact.reason,
            "explanation": case["explanation"],
        },
    )


FOLDS: Mapping[type[Content], Callable[[Tables, Any], None]] = {
    **dict.fromkeys((kind for kind in FACTS.values() if issubclass(kind, f.CaseFact)), _changed),
    f.CaseWarned: _changed,
    CaseRenumbered: _renumbered,
    CaseCodeRekeyed: _code_rekeyed,
    callbacks.CallbackAttempted: _attempted,
    callbacks.CallbackEnded: _ended,
}
