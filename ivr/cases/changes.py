"""What an action means for the columns of its case: the one definition, for rules and for the folding of the journal.

    changed(case, CaseAssigned(who="王芳", handler="李强", co_handlers=()), at)
    # {"status": "assigned", "handler": "李强", "co_handlers": ()}

Pure. ``case`` is the row as it stood before; ``at``: when it was done (UTC ms).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ivr.cases.reminders import SUPERVISED
from ivr.facts import cases as f
from ivr.facts.base import Content

Case = Mapping[str, Any]
Columns = dict[str, Any]


def changed(case: Case, said: Content, at: int) -> Columns:
    """Return the columns an action sets, each with its new value; empty for an action that sets none."""
    change = CHANGES.get(type(said))
    return {} if change is None else change(case, said, at)


def due_columns(due: f.DueChange) -> Columns:
    """Return the columns of a due date."""
    return {
        "due": due.due,
        "due_ms": due.due_ms,
        "unrolled": due.unrolled,
        "unrolled_ms": due.unrolled_ms,
        "provisional": due.provisional,
        "explanation": due.explanation,
    }


def _classified(case: Case, said: f.CaseClassified, at: int) -> Columns:
    status = "classified" if case["status"] == "received" else case["status"]
    columns: Columns = {"status": status, "urgency": said.urgency, "window": said.window, "category": said.category}
    return columns if said.due is None else {**columns, **due_columns(said.due), "warned": 0}


def _assigned(case: Case, said: f.CaseAssigned, at: int) -> Columns:
    return {"status": "assigned", "handler": said.handler, "co_handlers": said.co_handlers}


def _accepted(case: Case, said: f.CaseAccepted, at: int) -> Columns:
    return {"status": "handling", "owner": said.who, "handler": ""}


def _returned(case: Case, said: f.CaseReturned, at: int) -> Columns:
    return {"status": "classified", "handler": ""}


def _replied(case: Case, said: f.CaseReplied, at: int) -> Columns:
    if said.bare:
        return {"status": "replied", "replied": at}
    owner = case["owner"] or said.who
    return {"status": "replied", "replied": at, "owner": owner, "handler": "", "asked_days": None}


def _closed(case: Case, said: f.CaseClosed, at: int) -> Columns:
    return {"status": "follow_up" if said.followup else "closed", "closed": at, "supervised": None}


def _followed_up(case: Case, said: f.CaseFollowedUp, at: int) -> Columns:
    return {"status": "followed_up"}


def _archived(case: Case, said: f.CaseArchived, at: int) -> Columns:
    return {"status": "closed", "supervised": None}


def _reopened(case: Case, said: f.CaseReopened, at: int) -> Columns:
    columns: Columns = {
        "status": "handling",
        "replied": None,
        "closed": None,
        "reopened": case["reopened"] + 1,
        "span_from": at,
        "warned": 0,
        "extended": False,
        "asked_days": None,
        "paused": None,
        "paused_ms": 0,
        **due_columns(said.due),
    }
    # A repair that did not hold is reached again.
    return columns if said.arrival_stands else {**columns, "arrived": None}


def _supervised(case: Case, said: f.CaseSupervised, at: int) -> Columns:
    return {"supervised": said.until, "supervised_warned": False}


def _supervision_answered(case: Case, said: f.CaseSupervisionAnswered, at: int) -> Columns:
    return {"supervised": None}


def _extension_asked(case: Case, said: f.CaseExtensionAsked, at: int) -> Columns:
    return {"asked_days": said.n, "asked_by": said.who}


def _extended(case: Case, said: f.CaseExtended, at: int) -> Columns:
    return {"extended": True, "asked_days": None, "warned": 0, **due_columns(said.due)}


def _extension_refused(case: Case, said: f.CaseExtensionRefused, at: int) -> Columns:
    return {"asked_days": None}


def _paused(case: Case, said: f.CasePaused, at: int) -> Columns:
    return {"paused": at}


def _resumed(case: Case, said: f.CaseResumed, at: int) -> Columns:
    stood = said.stood_ms
    columns = {"paused": None, "paused_ms": case["paused_ms"] + stood, "span_from": case["span_from"] + stood}
    return columns if said.due is None else {**columns, **due_columns(said.due)}


def _flagged(case: Case, said: f.CaseFlagged, at: int) -> Columns:
    return {"flag": "" if said.flag == "none" else said.flag}


def _judged(case: Case, said: f.CaseJudged, at: int) -> Columns:
    return {"verdict": said.verdict, "concerned": said.concerned}


def _arrived(case: Case, said: f.CaseArrived, at: int) -> Columns:
    return {"arrived": at, "status": "handling", "owner": case["owner"] or said.who, "handler": ""}


def _consent(case: Case, said: f.CaseConsent, at: int) -> Columns:
    return {"consent": said.consent == "yes"}


def _recomputed(case: Case, said: f.CaseRecomputed, at: int) -> Columns:
    return {**due_columns(said.due), "warned": 0}


def _warned(case: Case, said: f.CaseWarned, at: int) -> Columns:
    return {"supervised_warned": True} if said.level == SUPERVISED.id else {"warned": said.percent}


CHANGES: Mapping[type[Content], Callable[[Case, Any, int], Columns]] = {
    f.CaseClassified: _classified,
    f.CaseAssigned: _assigned,
    f.CaseAccepted: _accepted,
    f.CaseReturned: _returned,
    f.CaseReplied: _replied,
    f.CaseClosed: _closed,
    f.CaseFollowedUp: _followed_up,
    f.CaseArchived: _archived,
    f.CaseReopened: _reopened,
    f.CaseSupervised: _supervised,
    f.CaseSupervisionAnswered: _supervision_answered,
    f.CaseExtensionAsked: _extension_asked,
    f.CaseExtended: _extended,
    f.CaseExtensionRefused: _extension_refused,
    f.CasePaused: _paused,
    f.CaseResumed: _resumed,
    f.CaseFlagged: _flagged,
    f.CaseJudged: _judged,
    f.CaseArrived: _arrived,
    f.CaseConsent: _consent,
    f.CaseRecomputed: _recomputed,
    f.CaseWarned: _warned,
}
