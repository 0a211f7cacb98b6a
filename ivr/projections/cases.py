"""What the journal means for cases, their steps and due dates, and for callbacks (part of :mod:`ivr.projections.fold`).

Which columns an action changes says :mod:`ivr.cases.changes`; here it becomes rows, with the step, the due date and the
calls that follow from it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ivr.cases.case import CallbackRow, CaseRow
from ivr.cases.changes import changed, new_due
from ivr.cases.kinds import of
from ivr.cases.reminders import next_action
from ivr.facts import callbacks
from ivr.facts import cases as f
from ivr.facts.base import FACTS, Content, data_of
from ivr.facts.opened import CaseCodeRekeyed, CaseOpenedFact, CaseRenumbered
from ivr.projections import ratings
from ivr.projections.rows import (
    AnyRow,
    CallbackAttemptRow,
    CallRow,
    CaseDueRow,
    CaseStepRow,
    JournalRow,
    RatingRow,
    Tables,
)
from ivr.rows import replace

MISSED = frozenset({"abandoned", "unanswered", "failed"})  # outcomes of calls nobody answered


def opened(tables: Tables, fact: JournalRow[CaseOpenedFact]) -> None:
    """A new case, its first due date, and the call that will answer it."""
    said, call = fact.content, tables.calls.get(fact.call_id or "")
    case = CaseRow(
        id=fact.case_id or "",
        number=said.number,
        command_id=said.command_id,
        kind=said.kind,
        received=said.received,
        call_id=fact.call_id,
        party_id=said.party_id,
        channel=said.channel,
        category=said.category,
        anonymous=bool(said.anonymous),
        confirmed=bool(said.confirmed),
        complete=bool(said.complete),
        profile=said.profile,
        rule=said.rule,
        due=said.due,
        due_ms=said.due_ms,
        unrolled=said.unrolled,
        unrolled_ms=said.unrolled_ms,
        provisional=bool(said.provisional),
        explanation=said.explanation,
        query_hash=said.query_hash,
        owner=said.owner,
        consent=bool(said.consent),
        span_from=said.received,
        test=call is not None and call.test,
    )
    case = tables.put(replace(case, next_action_at=next_action(case)))
    _step(tables, fact, case, "")
    if case.due:
        _due(tables, fact, case, "", None)
    if not case.anonymous and case.party_id and of(case.kind).answered:
        call_back(tables, fact, "answer", case)


def _changed(tables: Tables, fact: JournalRow[f.CaseFact]) -> None:
    was, said = tables.cases.get(fact.case_id or ""), fact.content
    if was is None or (isinstance(said, f.CaseReplied) and was.replied is not None):
        return
    case = changed(was, said, fact.at)
    if new_due(said) is not None:
        _due(tables, fact, case, was.due, was.due_ms)
    case = tables.put(replace(case, version=was.version + 1, next_action_at=next_action(case)))
    if not isinstance(said, f.CaseWarned):  # no step of a person: the inbox shows it
        _step(tables, fact, case, was.status)
    _callbacks_of(tables, fact, case)


def _callbacks_of(tables: Tables, fact: AnyRow, case: CaseRow) -> None:
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
            if not case.anonymous and case.party_id:
                call_back(tables, fact, "answer", case)
        case f.CaseConsent() if not case.consent:
            _end(tables, fact, case, "no_consent", "followup")


def _renumbered(tables: Tables, fact: JournalRow[CaseRenumbered]) -> None:
    case = tables.cases.get(fact.case_id or "")
    if case is not None:
        tables.put(replace(case, number=fact.content.number))


def _code_rekeyed(tables: Tables, fact: JournalRow[CaseCodeRekeyed]) -> None:
    """The hash of its query code is by another look-up key; nobody did anything to the case."""
    case = tables.cases.get(fact.case_id or "")
    if case is not None:
        tables.put(replace(case, query_hash=fact.content.query_hash))


def call_ended(tables: Tables, fact: AnyRow, call: CallRow) -> None:
    """A caller nobody answered is to be called back (国办函〔2025〕66号: 漏接电话回拨)."""
    if call.outcome in MISSED and call.party_id:
        call_back(tables, fact, "missed", call)


def not_missed(tables: Tables, fact: AnyRow) -> None:
    """The caller left a message or a complaint after all: that case is what is owed."""
    for callback in list(tables.callbacks.values()):
        if callback.kind == "missed" and callback.call_id == fact.call_id and callback.state == "open":
            _close(tables, callback, fact.at, "case")


def nobody_to_call(tables: Tables, fact: AnyRow, party_id: str | None) -> None:
    """The person's number was destroyed: nobody can be called any more."""
    for callback in list(tables.callbacks.values()):
        if callback.party_id == party_id and callback.call_id == fact.call_id:
            callback = tables.put(replace(callback, party_id=None))
            if callback.state == "open":
                _close(tables, callback, fact.at, "sealed")


def _attempted(tables: Tables, fact: JournalRow[callbacks.CallbackAttempted]) -> None:
    said = fact.content
    callback = tables.callbacks.get(said.callback_id)
    if callback is None:
        return
    callback = tables.put(
        replace(
            callback, last_at=fact.at, last_result=said.result, tries=callback.tries + 1,
            reached=callback.reached or said.result == "reached", agreed=said.agreed, solved=said.solved,
            rating=said.rating,
        )
    )  # fmt: skip
    tables.put(
        CallbackAttemptRow(
            fact.id, callback.id, callback.call_id, callback.case_id, fact.at, said.who, said.result, fact.reason
        )
    )
    if said.outcome == "reached" and callback.kind == "followup":
        if ratings.followed_up(tables, fact, callback):
            call_back(tables, fact, "followup", callback, because=ratings.BECAUSE)
    if said.outcome:
        _close(tables, callback, fact.at, said.outcome)
    else:
        tables.put(replace(callback, next_at=fact.at if said.next_at is None else said.next_at))


def _ended(tables: Tables, fact: JournalRow[callbacks.CallbackEnded]) -> None:
    said = fact.content
    callback = tables.callbacks.get(said.callback_id)
    if callback is not None and callback.state == "open":
        _close(tables, callback, fact.at if said.reached is None else said.reached, said.outcome)


def call_back(
    tables: Tables, fact: AnyRow, kind: str, of: CaseRow | CallRow | RatingRow | CallbackRow, because: str = ""
) -> None:
    """Somebody is to be called about ``of``."""
    call_id, case_id = (of.id, None) if isinstance(of, CallRow) else (of.call_id, _case_of(of))
    tables.put(
        CallbackRow(
            fact.id, kind, fact.at, fact.at, call_id, case_id, of.party_id, bool(of.test), because=because
        )
    )  # fmt: skip


def _case_of(row: CaseRow | RatingRow | CallbackRow) -> str | None:
    return row.id if isinstance(row, CaseRow) else row.case_id


def _end(tables: Tables, fact: AnyRow, case: CaseRow, outcome: str, kind: str = "") -> None:
    for callback in list(tables.callbacks.values()):
        if callback.because and outcome != "no_consent":
            continue  # a bad rating is answered for whatever becomes of the case (K17)
        if callback.case_id == case.id and callback.state == "open" and kind in ("", callback.kind):
            _close(tables, callback, fact.at, outcome)


def _close(tables: Tables, callback: CallbackRow, at: int, outcome: str) -> None:
    tables.put(replace(callback, state="done", outcome=outcome, closed=at))


def _step(tables: Tables, fact: JournalRow[f.CaseFact | CaseOpenedFact], case: CaseRow, was: str) -> None:
    said, who, note, more = fact.content, "", None, {}
    if isinstance(said, CaseOpenedFact):
        who = said.owner
    else:
        who, note = said.who, said.note
        if said.STEP:
            stored = data_of(said)
            more = {name: stored[name] for name in said.STEP if name in stored}
    data = json.dumps(more, ensure_ascii=False)
    tables.put(CaseStepRow(fact.id, case.id, fact.at, who, fact.name, was, case.status, note, fact.reason, data))


def _due(tables: Tables, fact: AnyRow, case: CaseRow, was: str, was_ms: int | None) -> None:
    who = getattr(fact.content, "who", "")
    tables.put(
        CaseDueRow(
            fact.id, case.id, fact.at, who, fact.name, was, was_ms, case.due, case.due_ms, fact.reason,
            case.explanation,
        )
    )  # fmt: skip


FOLDS: Mapping[type[Content], Callable[[Tables, Any], None]] = {
    **dict.fromkeys((kind for kind in FACTS.values() if issubclass(kind, f.CaseFact)), _changed),
    f.CaseWarned: _changed,
    CaseRenumbered: _renumbered,
    CaseCodeRekeyed: _code_rekeyed,
    callbacks.CallbackAttempted: _attempted,
    callbacks.CallbackEnded: _ended,
}
