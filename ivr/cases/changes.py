"""Apply an action to its case: the one definition, for rules and for the folding of the journal.

    changed(case, CaseAssigned(who="王芳", handler="李强", co_handlers=()), at)
    # the case with status "assigned" and handler "李强"

Pure. ``case`` is as it stood before; ``at``: when it was done (UTC ms).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ivr.cases.case import CaseRow
from ivr.cases.reminders import SUPERVISED
from ivr.facts import cases as f
from ivr.facts.base import Content
from ivr.rows import replace

DATED = (f.CaseClassified, f.CaseReopened, f.CaseExtended, f.CaseResumed, f.CaseRecomputed)


def changed(case: CaseRow, said: Content, at: int) -> CaseRow:
    """Return the case after an action; as it was, if the action changes nothing of it."""
    change = CHANGES.get(type(said))
    return case if change is None else change(case, said, at)


def new_due(said: Content) -> f.DueChange | None:
    """Return the due date an action sets; None: the date stands."""
    return said.due if isinstance(said, DATED) else None


def _due(case: CaseRow, due: f.DueChange | None) -> CaseRow:
    if due is None:
        return case
    return replace(
        case, due=due.due, due_ms=due.due_ms, unrolled=due.unrolled, unrolled_ms=due.unrolled_ms,
        provisional=due.provisional, explanation=due.explanation,
    )  # fmt: skip


def _classified(case: CaseRow, said: f.CaseClassified, at: int) -> CaseRow:
    status = "classified" if case.status == "received" else case.status
    case = replace(case, status=status, urgency=said.urgency, window=said.window, category=said.category)
    return case if said.due is None else _due(replace(case, warned=0), said.due)


def _assigned(case: CaseRow, said: f.CaseAssigned, at: int) -> CaseRow:
    return replace(case, status="assigned", handler=said.handler, co_handlers=said.co_handlers)


def _accepted(case: CaseRow, said: f.CaseAccepted, at: int) -> CaseRow:
    return replace(case, status="handling", owner=said.who, handler="")


def _returned(case: CaseRow, said: f.CaseReturned, at: int) -> CaseRow:
    return replace(case, status="classified", handler="")


def _replied(case: CaseRow, said: f.CaseReplied, at: int) -> CaseRow:
    case = replace(case, status="replied", replied=at)
    return case if said.bare else replace(case, owner=case.owner or said.who, handler="", asked_days=None)


def _closed(case: CaseRow, said: f.CaseClosed, at: int) -> CaseRow:
    return replace(case, status="follow_up" if said.followup else "archived", closed=at, supervised=None)


def _followed_up(case: CaseRow, said: f.CaseFollowedUp, at: int) -> CaseRow:
    return replace(case, status="followed_up")


def _archived(case: CaseRow, said: f.CaseArchived, at: int) -> CaseRow:
    return replace(case, status="archived", supervised=None)


def _reopened(case: CaseRow, said: f.CaseReopened, at: int) -> CaseRow:
    # A repair that did not hold is reached again.
    arrived = case.arrived if said.arrival_stands else None
    case = replace(
        case, status="handling", replied=None, closed=None, arrived=arrived, reopened=case.reopened + 1, span_from=at,
        warned=0, extended=False, asked_days=None, paused=None, paused_ms=0,
    )  # fmt: skip
    return _due(case, said.due)


def _supervised(case: CaseRow, said: f.CaseSupervised, at: int) -> CaseRow:
    return replace(case, supervised=said.until, supervised_warned=False)


def _supervision_answered(case: CaseRow, said: f.CaseSupervisionAnswered, at: int) -> CaseRow:
    return replace(case, supervised=None)


def _extension_asked(case: CaseRow, said: f.CaseExtensionAsked, at: int) -> CaseRow:
    return replace(case, asked_days=said.n, asked_by=said.who)


def _extended(case: CaseRow, said: f.CaseExtended, at: int) -> CaseRow:
    return _due(replace(case, extended=True, asked_days=None, warned=0), said.due)


def _extension_refused(case: CaseRow, said: f.CaseExtensionRefused, at: int) -> CaseRow:
    return replace(case, asked_days=None)


def _paused(case: CaseRow, said: f.CasePaused, at: int) -> CaseRow:
    return replace(case, paused=at)


def _resumed(case: CaseRow, said: f.CaseResumed, at: int) -> CaseRow:
    stood = said.stood_ms
    case = replace(case, paused=None, paused_ms=case.paused_ms + stood, span_from=case.span_from + stood)
    return _due(case, said.due)


def _flagged(case: CaseRow, said: f.CaseFlagged, at: int) -> CaseRow:
    return replace(case, flag="" if said.flag == "none" else said.flag)


def _judged(case: CaseRow, said: f.CaseJudged, at: int) -> CaseRow:
    return replace(case, verdict=said.verdict, concerned=said.concerned)


def _arrived(case: CaseRow, said: f.CaseArrived, at: int) -> CaseRow:
    return replace(case, arrived=at, status="handling", owner=case.owner or said.who, handler="")


def _consent(case: CaseRow, said: f.CaseConsent, at: int) -> CaseRow:
    return replace(case, consent=said.consent == "yes")


def _recomputed(case: CaseRow, said: f.CaseRecomputed, at: int) -> CaseRow:
    return _due(replace(case, warned=0), said.due)


def _warned(case: CaseRow, said: f.CaseWarned, at: int) -> CaseRow:
    return replace(case, supervised_warned=True) if said.level == SUPERVISED.id else replace(case, warned=said.percent)


CHANGES: Mapping[type[Content], Callable[[CaseRow, Any, int], CaseRow]] = {
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
